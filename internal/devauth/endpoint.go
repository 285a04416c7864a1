package devauth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
)

// protocolError is an error response of RFC 6749 section 5.2, RFC 7591 section
// 3.2.2 or RFC 8707 section 2. Its description is constant: nothing of the
// request is repeated in it.
type protocolError struct {
	code, description string
}

func (e *protocolError) Error() string { return e.code + ": " + e.description }

func (e *protocolError) status() int {
	switch e.code {
	case "invalid_client":
		return http.StatusUnauthorized
	case "server_error":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func refusal(code, description string) *protocolError {
	return &protocolError{code, description}
}

// asProtocolError returns what a client may see of err: any error but ours is a
// failure of this server.
func asProtocolError(err error) *protocolError {
	var e *protocolError
	if errors.As(err, &e) {
		return e
	}
	return refusal("server_error", "The server could not keep its state; its log says why.")
}

// endpoint answers a client, as opposed to a person: with JSON and its status
// on success, or with an error.
type endpoint func(*http.Request) (status int, body any, err error)

// shared makes a handler of an endpoint that pages of any site may call: such a
// call carries no cookie or other ambient authority that it could abuse.
func (s *Server) shared(h endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		status, body, err := h(r)
		if err != nil {
			e := asProtocolError(err)
			s.failed(r, e, err)
			if e.status() == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Basic realm="development sign-in"`) // RFC 6749 section 5.2
			}
			status, body = e.status(), map[string]string{"error": e.code, "error_description": e.description}
		}
		if body == nil {
			w.WriteHeader(status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body) // an error here means that the client has gone
	})
}

// failed logs an error: one of ours as a refusal, any other with its cause.
func (s *Server) failed(r *http.Request, e *protocolError, err error) {
	if e.code == "server_error" {
		s.cfg.Logger.ErrorContext(r.Context(), "development sign-in: failed", "path", r.URL.Path, "err", err)
		return
	}
	s.refused(r, e.description, slog.String("error", e.code))
}

func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, MCP-Protocol-Version")
	h.Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
}

// readForm parses a body of parameters. None may come twice (RFC 6749 section
// 3.2), but resource (RFC 8707 section 2).
func readForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil || len(r.PostForm) == 0 {
		return refusal("invalid_request", "The body is not a form, or is too long.")
	}
	if repeats(r.PostForm) {
		return refusal("invalid_request", "A parameter is repeated.")
	}
	return nil
}

func repeats(params url.Values) bool {
	for name, values := range params {
		if len(values) > 1 && name != "resource" {
			return true
		}
	}
	return false
}
