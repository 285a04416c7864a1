package audit

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"todomanager/internal/auth"
)

// ErrBadEvent is returned for an event that breaks a rule of the record. It means a
// defect in this program, never bad input.
var ErrBadEvent = errors.New("audit: event breaks a rule of the record")

// Call identifies one tools/call or prompts/get: who makes it, and what ties it to the access log.
type Call struct {
	Kind      Kind // [ToolCall], which is the zero value too, or [PromptGet]
	Principal auth.Principal
	RequestID string    // as in the access log
	TraceID   string    // of the client's W3C trace context: 32 hexadecimal digits, or empty
	Started   time.Time // when the call arrived; the row's duration counts from here
}

// Event is what happened, as the code that decided it says. If Kind is empty, that of the
// Call counts.
type Event struct {
	Kind       Kind
	Call       Call   // of an administrative act: the issuer and tenant that it concerns, if it does
	Tool       string // one of the server's tools or prompts, or [UnknownTool]; empty unless a call
	Decision   Decision
	Reason     Reason
	Basis      Basis
	ScopesUsed auth.Scopes // those the decision relied on; none where ownership decided

	TargetID      string // the todo acted on; empty if there is none or the id is not of our form
	TargetSubject string // whom the event concerns, where that is not the caller
	ResultCount   *int   // rows returned by a listing; nil for other tools
	Details       any    // what only this kind has, to be stored as a JSON object; nil for a call
}

// UnknownTool stands in the tool column for any name that the server does not have:
// the caller's own text never enters the log.
const UnknownTool = "unknown"

// Kind is the kind of an event.
type Kind string

// The kinds. The first two are calls: of a tool, and of a prompt that shows data. The next
// three are counts of what was refused before it became one ([Counts]), the rest are acts
// of an operator.
const (
	ToolCall  Kind = "tool.call"
	PromptGet Kind = "prompt.get"

	TokenRejected  Kind = "token.rejected"
	RequestRefused Kind = "request.refused"
	RateLimited    Kind = "rate.limited"

	UserBlock   Kind = "user.block"
	UserUnblock Kind = "user.unblock"
	UserExport  Kind = "user.export"
	UserErase   Kind = "user.erase"
	AuditExport Kind = "audit.export"
	AuditPrune  Kind = "audit.prune"
	Backup      Kind = "backup"

	ChainRestored Kind = "chain.restored"
	ConfigReload  Kind = "config.reload"
	TenantMove    Kind = "tenant.move"
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{
		ToolCall, PromptGet, TokenRejected, RequestRefused, RateLimited,
		UserBlock, UserUnblock, UserExport, UserErase, AuditExport, AuditPrune, Backup, ChainRestored, ConfigReload, TenantMove,
	}
}

// IsCall reports whether events of the kind are calls by a verified caller, each with a
// row of its own.
func (k Kind) IsCall() bool { return k == ToolCall || k == PromptGet }

func (k Kind) counted() bool { return k == TokenRejected || k == RequestRefused || k == RateLimited }

// Decision is the outcome of a call.
type Decision string

// The two decisions. What failed is a denial: nothing was changed or shown.
const (
	Allow Decision = "allow"
	Deny  Decision = "deny"
)

// Basis says what a decision to allow rested on; empty for denials.
type Basis string

// The two bases. Ownership is looked at first: acting on one's own todo has the basis
// owner even for a holder of every scope.
const (
	BasisNone  Basis = ""
	BasisScope Basis = "scope"
	BasisOwner Basis = "owner"
)

// Reason explains a decision, from a closed list that operators can filter by. The
// counted kinds have further reasons, those of the refusal.
type Reason string

// The closed list of reasons. [ReasonOK] goes with [Allow] and all others with [Deny].
const (
	ReasonOK               Reason = "ok"
	ReasonMissingScope     Reason = "missing_scope"
	ReasonNotOwner         Reason = "not_owner"
	ReasonNotFound         Reason = "not_found"
	ReasonBlockedUser      Reason = "blocked_user"
	ReasonQuotaExceeded    Reason = "quota_exceeded"
	ReasonInvalidArguments Reason = "invalid_arguments"
	ReasonUnknownTool      Reason = "unknown_tool"
	ReasonStorageLow       Reason = "storage_low"
	ReasonInternalError    Reason = "internal_error"
)

// Reasons returns the closed list.
func Reasons() []Reason {
	return []Reason{
		ReasonOK, ReasonMissingScope, ReasonNotOwner, ReasonNotFound, ReasonBlockedUser, ReasonQuotaExceeded,
		ReasonInvalidArguments, ReasonUnknownTool, ReasonStorageLow, ReasonInternalError,
	}
}

// Check reports whether e may enter the log. A store calls it before it writes, so
// that a defect elsewhere stops the change rather than blurring the record.
func (e Event) Check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrBadEvent, fmt.Sprintf(format, args...))
	}
	isCall := e.kind().IsCall()
	switch {
	case !slices.Contains(Kinds(), e.kind()):
		return bad("kind %q", e.kind())
	case isCall == (e.Tool == ""):
		return bad("%s of tool %q", e.kind(), e.Tool)
	case isCall == (e.Details != nil):
		return bad("%s with details %v", e.kind(), e.Details)
	case e.Decision != Allow && e.Decision != Deny:
		return bad("decision %q", e.Decision)
	case !e.kind().counted() && !slices.Contains(Reasons(), e.Reason), e.Reason == "":
		return bad("reason %q", e.Reason)
	case (e.Decision == Allow) != (e.Reason == ReasonOK):
		return bad("decision %q with reason %q", e.Decision, e.Reason)
	case isCall && e.Decision == Allow && e.Basis == BasisNone:
		return bad("allowed without a basis")
	case (!isCall || e.Decision == Deny) && (e.Basis != BasisNone || len(e.ScopesUsed) > 0):
		return bad("%s %s, yet on a basis", e.kind(), e.Decision)
	case e.Basis == BasisOwner && len(e.ScopesUsed) > 0:
		return bad("ownership decided, yet scopes were used")
	case isCall && (e.Call.Principal.Issuer == "" || e.Call.Principal.Subject == ""):
		return bad("no caller")
	}
	return nil
}

func (e Event) kind() Kind {
	return cmp.Or(e.Kind, e.Call.Kind, ToolCall)
}

// details returns the details as JSON, nil if there are none.
func (e Event) details() (*string, error) {
	if e.Details == nil {
		return nil, nil
	}
	text, err := json.Marshal(e.Details)
	if err != nil {
		return nil, fmt.Errorf("%w: details: %w", ErrBadEvent, err)
	}
	s := string(text)
	return &s, nil
}
