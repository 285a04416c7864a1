package mcp

import (
	"encoding/json"
	"errors"
	"net/http"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// problem is the text of a failed call. It is in the text block only: structured
// content would have to match the tool's output schema.
type problem struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Retryable   bool   `json:"retryable,omitempty"`
}

// failure maps the service's errors to what a client of a tool sees, whichever way its call came;
// promptFailure does so for prompts.
func (d *door) failure(call audit.Call, err error) result {
	var missing *todos.MissingScopeError
	var invalid *todos.InvalidError
	switch {
	case errors.As(err, &missing):
		return result{instead: func(w http.ResponseWriter) { d.InsufficientScope(w, call.Principal, missing.Scope) }}
	case errors.Is(err, todos.ErrOverloaded):
		return result{instead: auth.WriteOverloaded}
	case errors.As(err, &invalid):
		return failed(problem{Error: "invalid_arguments", Description: invalid.Error()})
	case errors.Is(err, todos.ErrNotDeleted):
		return failed(problem{Error: "Failed to delete todo"})
	case errors.Is(err, todos.ErrBlocked):
		return failed(problem{"blocked", "Your access to this server has been withdrawn. Contact its operator.", false})
	case errors.Is(err, todos.ErrStorageLow):
		return failed(problem{"storage_low", "The server is short of disk space, so nothing was changed. Try again later.", true})
	case errors.Is(err, todos.ErrQuotaExceeded):
		return failed(problem{"quota_exceeded", "You have reached the maximum number of todos, so nothing was changed. Delete some finished ones, then try again.", false})
	case errors.Is(err, todos.ErrAuditUnavailable):
		return failed(problem{"audit_unavailable", "The call could not be recorded, so nothing was changed. Try again later.", true})
	case errors.Is(err, todos.ErrOutcomeUnknown):
		return failed(problem{"outcome_unknown", "The disk did not confirm the change. Check the list before you try again.", false})
	default:
		return failed(problem{"internal_error", "The call failed and nothing was changed.", false})
	}
}

func failed(p problem) result {
	text, _ := json.Marshal(p) // of constant texts
	return result{text: text, failed: true}
}
