package audit

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"todomanager/internal/auth"
)

// ErrBadEvent is returned for an event that breaks a rule of the record. It means a
// defect in this program, never bad input.
var ErrBadEvent = errors.New("audit: event breaks a rule of the record")

// Call identifies one tools/call: who makes it, and what ties it to the access log.
type Call struct {
	Principal auth.Principal
	RequestID string    // as in the access log
	Started   time.Time // when the call arrived; the row's duration counts from here
}

// Event is what one call did, as the code that decided it says.
type Event struct {
	Call       Call
	Tool       string // one of the server's tools, or [UnknownTool]
	Decision   Decision
	Reason     Reason
	Basis      Basis
	ScopesUsed auth.Scopes // those the decision relied on; none where ownership decided

	TargetID      string // the todo acted on; empty if there is none or the id is not of our form
	TargetSubject string // the target's owner, where that is not the caller
	ResultCount   *int   // todos returned by a listing; nil for other tools
}

// UnknownTool stands in the tool column for any name that the server does not have:
// the caller's own text never enters the log.
const UnknownTool = "unknown"

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

// Reason explains a decision, from a closed list that operators can filter by.
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
	switch {
	case e.Tool == "":
		return fmt.Errorf("%w: no tool", ErrBadEvent)
	case e.Decision != Allow && e.Decision != Deny:
		return fmt.Errorf("%w: decision %q", ErrBadEvent, e.Decision)
	case !slices.Contains(Reasons(), e.Reason):
		return fmt.Errorf("%w: reason %q", ErrBadEvent, e.Reason)
	case (e.Decision == Allow) != (e.Reason == ReasonOK):
		return fmt.Errorf("%w: decision %q with reason %q", ErrBadEvent, e.Decision, e.Reason)
	case e.Decision == Allow && e.Basis == BasisNone:
		return fmt.Errorf("%w: allowed without a basis", ErrBadEvent)
	case e.Decision == Deny && (e.Basis != BasisNone || len(e.ScopesUsed) > 0):
		return fmt.Errorf("%w: denied, yet on a basis", ErrBadEvent)
	case e.Basis == BasisOwner && len(e.ScopesUsed) > 0:
		return fmt.Errorf("%w: ownership decided, yet scopes were used", ErrBadEvent)
	case e.Call.Principal.Issuer == "" || e.Call.Principal.Subject == "":
		return fmt.Errorf("%w: no caller", ErrBadEvent)
	}
	return nil
}
