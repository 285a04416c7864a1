package todos

import (
	"errors"
	"fmt"
)

// What a call can come to, besides success. A door maps these to its protocol,
// once.
var (
	// ErrNotDeleted is the one answer for a todo that is not there, not the caller's, of
	// another tenant, or named by something that is no id: ids cannot be probed.
	ErrNotDeleted = errors.New("failed to delete todo")

	// ErrAuditUnavailable: the record of the call could not be written, so nothing was
	// changed and nothing is shown. The call may be tried again.
	ErrAuditUnavailable = errors.New("audit log unavailable: nothing was changed")

	// ErrOutcomeUnknown: the transaction was handed to the disk and its fate is not known.
	// The caller must look before trying again.
	ErrOutcomeUnknown = errors.New("outcome unknown: the commit was not confirmed")

	// ErrBlocked: an operator has withdrawn the caller's access.
	ErrBlocked = errors.New("blocked: nothing was changed")

	// ErrStorageLow: the disk has too little space left for changes. The call may be tried
	// again when an operator has made room.
	ErrStorageLow = errors.New("storage low: nothing was changed")

	// ErrQuotaExceeded: the caller has as many todos as one person may have.
	ErrQuotaExceeded = errors.New("quota exceeded: nothing was changed")

	// ErrOverloaded: too many calls wait for the disk; this one was not begun.
	ErrOverloaded = errors.New("overloaded: nothing was changed")

	// ErrInternal: a defect of this program stopped the call. Nothing was changed.
	ErrInternal = errors.New("internal error: nothing was changed")
)

// MissingScopeError denies a call for want of a scope.
type MissingScopeError struct {
	Scope string // what the call needs
}

func (e *MissingScopeError) Error() string { return "missing scope " + e.Scope }

// InvalidError refuses an argument. Problem is constant text that is safe to show.
type InvalidError struct {
	Argument string
	Problem  string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s %s", e.Argument, e.Problem) }
