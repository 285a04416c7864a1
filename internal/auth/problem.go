package auth

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// ErrorBody is the JSON body of every refusal at the HTTP edge. All members are
// constant texts or names from this server's configuration.
type ErrorBody struct {
	// Error is the OAuth error code (RFC 6750 section 3.1), or a plain word
	// where OAuth has none.
	Error string `json:"error"`
	// Description is for a developer to read.
	Description string `json:"error_description,omitempty"`
	// Reason is finer than Error and from a closed list.
	Reason string `json:"reason,omitempty"`
	// Scope is what to ask the authorization server for, space separated.
	Scope string `json:"scope,omitempty"`
	// MissingScopes are those that the token lacks, by this server's own names.
	MissingScopes []string `json:"missing_scopes,omitempty"`
}

// WriteError writes e as a complete answer that nobody caches or sniffs.
// Headers already set, such as Retry-After, are kept.
func WriteError(w http.ResponseWriter, status int, e ErrorBody) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(e) // nobody is left to tell
}

// WriteTooMany writes the answer to a request that may be repeated after a time.
func WriteTooMany(w http.ResponseWriter, wait time.Duration, reason, description string) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	WriteError(w, http.StatusTooManyRequests, ErrorBody{Error: "too_many_requests", Description: description, Reason: reason})
}

// WriteOverloaded writes the answer to a call for which there is no place. Its text is the
// same wherever that is found out.
func WriteOverloaded(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	WriteError(w, http.StatusServiceUnavailable, ErrorBody{
		Error: "temporarily_unavailable", Description: "The server is overloaded; nothing was changed. Try again shortly.", Reason: "overloaded",
	})
}
