package todos

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"todomanager/internal/audit"
)

// Limits of a page of the audit log, in rows.
const (
	DefaultLogPage = 50
	MaxLogPage     = 200
)

// logScan bounds how many rows are looked through for a page, since a filter may select
// none of millions.
const logScan = 50_000

// LogInput is what get-audit-log takes. What is empty selects everything.
type LogInput struct {
	Limit  int    // 1 to MaxLogPage
	Cursor string // from the LogPage before; empty for the newest rows

	Since, Until time.Time
	Subject      string
	ClientID     string
	TokenSHA256  string // 64 hexadecimal digits
	Tool         string
	TargetID     string
	Decision     audit.Decision
	Reason       audit.Reason
	RequestID    string
}

// LogPage is part of the log, newest first.
type LogPage struct {
	Rows       []audit.Row
	NextCursor string    // empty if there are no older rows
	ScannedTo  time.Time // if not zero, all rows since then were looked at, and older ones may match
}

// ReadLog shows the audit log of the caller's tenant to holders of [ScopeAudit]. The rows
// are read first and discarded if the row of this call cannot be written after it.
func (s *Service) ReadLog(ctx context.Context, call audit.Call, in LogInput) (_ LogPage, err error) {
	defer s.rescue(ctx, call, ToolAudit, &err)
	filter, err := in.filter(call)
	if err != nil {
		return LogPage{}, s.deny(ctx, call, ToolAudit, audit.ReasonInvalidArguments, err)
	}
	d := mayReadLog(call.Principal)
	if !d.allowed {
		return LogPage{}, s.deny(ctx, call, ToolAudit, d.reason, &MissingScopeError{ScopeAudit})
	}
	readCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readDeadline)
	defer cancel()
	found, err := s.store.ReadLog(readCtx, filter, logScan)
	if err != nil {
		s.logger.ErrorContext(ctx, "the audit log could not be read", "err", err)
		return LogPage{}, s.deny(ctx, call, ToolAudit, audit.ReasonInternalError, ErrInternal)
	}
	found.cut()
	count := len(found.Rows)
	err = s.run(ctx, call, ToolAudit, outcome{}, func(Tx) (outcome, error) {
		return outcome{decision: d, event: audit.Event{ResultCount: &count}}, nil
	})
	if err != nil {
		return LogPage{}, err
	}
	return LogPage{found.Rows, logCursor(found.From), found.Scanned}, nil
}

// cut ends a page early when its rows are long, as pages of todos do, but after at least
// one row.
func (l *LogRows) cut() {
	size := 0
	for n := range l.Rows {
		if size += sizeOf(&l.Rows[n]); size > pageBytes && n > 0 {
			l.From, l.Scanned, l.Rows = l.Rows[n-1].Seq, time.Time{}, l.Rows[:n]
			return
		}
	}
}

// sizeOf is about what a row takes in an answer, in bytes.
func sizeOf(r *audit.Row) int {
	const names = 450 // and values of fixed length
	size := names + len(r.ScopesGranted) + len(r.ScopesUsed) + len(r.RequestID)
	for _, text := range []*string{r.Subject, r.ClientID, r.TokenID, r.TargetSubject, r.Details} {
		if text != nil {
			size += len(*text)
		}
	}
	return size
}

// filter validates the input. Whatever it says, the filter selects the caller's tenant.
func (in LogInput) filter(call audit.Call) (f audit.Filter, err error) {
	tenant := call.Principal.Tenant
	f = audit.Filter{
		Issuer: call.Principal.Issuer, Tenant: &tenant, Since: in.Since, Until: in.Until, Subject: in.Subject, ClientID: in.ClientID,
		Tool: in.Tool, TargetID: in.TargetID, Decision: in.Decision, Reason: in.Reason, RequestID: in.RequestID, Limit: int64(in.Limit),
	}
	switch {
	case in.Limit < 1 || in.Limit > MaxLogPage:
		err = &InvalidError{"limit", "must be a whole number from 1 to " + strconv.Itoa(MaxLogPage)}
	case !in.Since.IsZero() && !in.Until.IsZero() && !in.Since.Before(in.Until):
		err = &InvalidError{"until", "must be later than since"}
	case in.Tool != "" && !slices.Contains(Names(), in.Tool):
		err = &InvalidError{"tool", "must be one of " + strings.Join(Names(), ", ")}
	case in.Decision != "" && in.Decision != audit.Allow && in.Decision != audit.Deny:
		err = &InvalidError{"decision", "must be allow or deny"}
	case in.Reason != "" && !slices.Contains(audit.Reasons(), in.Reason) && !slices.Contains(audit.CountedReasons(), in.Reason):
		err = &InvalidError{"reason", "must be a reason such as ok, missing_scope, not_owner, not_found, invalid_arguments"}
	case in.TargetID != "" && !IsID(in.TargetID):
		err = &InvalidError{"targetId", "must be the id of a todo"}
	}
	if in.TokenSHA256 != "" && err == nil {
		f.Tokens = make([]audit.Hash, 1)
		if f.Tokens[0].UnmarshalText([]byte(in.TokenSHA256)) != nil {
			err = &InvalidError{"tokenSha256", "must have 64 hexadecimal digits"}
		}
	}
	if err == nil {
		f.BeforeSeq, err = parseLogCursor(in.Cursor)
	}
	return f, err
}

// A cursor of the log is the seq where the page before ended. Like that of a list it
// carries no right.
const logCursorVersion = "l1"

func logCursor(from int64) string {
	if from <= 1 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(logCursorVersion + ":" + strconv.FormatInt(from, 10)))
}

func parseLogCursor(cursor string) (before int64, err error) {
	if cursor == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil {
		version, seq, _ := strings.Cut(string(raw), ":")
		if before, err = strconv.ParseInt(seq, 10, 64); err == nil && version == logCursorVersion && before > 1 {
			return before, nil
		}
	}
	return 0, &InvalidError{"cursor", "was not issued by this server; leave it out to start from the newest row"}
}
