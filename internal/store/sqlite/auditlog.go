package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
)

// auditPage is how many rows are held at a time.
const auditPage = 500

// AuditLog reads the audit log of a database, which another process may be serving. It
// changes no data; beside a stopped database SQLite leaves an empty -wal and a -shm.
type AuditLog struct {
	path    string
	db      *sql.DB
	queries *sqlitedb.Queries
}

// OpenAuditLog opens the database at path read-only.
func OpenAuditLog(path string) (*AuditLog, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open the database: %w; name the file that the server uses (--db)", err)
	}
	db, err := Options{Path: path}.pool(forLooking, 1)
	if err != nil {
		return nil, err
	}
	return &AuditLog{path, db, sqlitedb.New(db)}, nil
}

// Close closes the database.
func (l *AuditLog) Close() error { return l.db.Close() }

// Each calls yield for every row that f selects, oldest first, and stops at its first
// error. However long the log is, it holds one page of it.
func (l *AuditLog) Each(ctx context.Context, f audit.Filter, yield func(audit.Row) error) error {
	// The log may grow meanwhile: what is listed ends where it ended at the start.
	head, err := l.queries.AuditHead(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	var after int64
	if err == nil {
		after, err = l.start(ctx, f, head.Seq)
	}
	if err != nil {
		return l.unreadable(err)
	}
	for {
		rows, err := l.queries.ListAudit(ctx, sqlitedb.ListAuditParams{
			AfterSeq: after, LastSeq: head.Seq, Issuer: f.Issuer, Subject: f.Subject, Tool: f.Tool, Decision: string(f.Decision), MaxRows: auditPage,
		})
		if err != nil {
			return l.unreadable(err)
		}
		for _, r := range rows {
			if err := yield(rowOf(r)); err != nil {
				return err
			}
		}
		if len(rows) < auditPage {
			return nil
		}
		after = rows[len(rows)-1].Seq
	}
}

func (l *AuditLog) unreadable(err error) error {
	return fmt.Errorf("read the audit log in %s: %w; %s", l.path, err, mendLooking(err))
}

// start finds the seq after which the selected rows begin.
func (l *AuditLog) start(ctx context.Context, f audit.Filter, last int64) (after int64, err error) {
	if !f.Since.IsZero() {
		after, err = l.queries.AuditSeqBefore(ctx, ceilMilli(f.Since))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return 0, err
		}
	}
	if f.Limit <= 0 {
		return after, nil
	}
	first, err := l.queries.AuditSeqFromEnd(ctx, sqlitedb.AuditSeqFromEndParams{
		AfterSeq: after, LastSeq: last, Issuer: f.Issuer, Subject: f.Subject, Tool: f.Tool, Decision: string(f.Decision), Newer: f.Limit - 1,
	})
	if errors.Is(err, sql.ErrNoRows) {
		return after, nil // fewer rows than the limit
	}
	return first - 1, err
}

func ceilMilli(t time.Time) int64 {
	return t.Add(time.Millisecond - time.Nanosecond).UnixMilli()
}

func rowOf(r sqlitedb.AuditLog) audit.Row {
	return audit.Row{
		Seq:           r.Seq,
		OccurredAt:    time.UnixMilli(r.OccurredAt).UTC(),
		Event:         r.Event,
		Tool:          r.Tool,
		Decision:      audit.Decision(r.Decision),
		Reason:        audit.Reason(r.Reason),
		Basis:         audit.Basis(r.Basis),
		ScopesGranted: r.ScopesGranted,
		ScopesUsed:    r.ScopesUsed,
		TargetID:      pointer(r.TargetID),
		TargetSubject: pointer(r.TargetSubject),
		ResultCount:   pointerTo(r.ResultCount.Int64, r.ResultCount.Valid),
		Issuer:        r.Issuer,
		Tenant:        r.Tenant,
		Subject:       pointer(r.Subject),
		ClientID:      pointer(r.ClientID),
		TokenSHA256:   hex.EncodeToString(r.TokenSHA256),
		TokenID:       r.TokenID,
		RequestID:     r.RequestID,
		DurationUS:    r.DurationUs,
	}
}

func pointer(s sql.NullString) *string { return pointerTo(s.String, s.Valid) }

func pointerTo[T any](v T, valid bool) *T {
	if !valid {
		return nil
	}
	return &v
}
