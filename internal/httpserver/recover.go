package httpserver

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"todomanager/internal/auth"
)

// recoverPanics turns a panic of next into a 500 and a log line with the stack.
// If the answer had started it aborts the connection instead, so that nobody
// takes half an answer for a whole one.
func recoverPanics(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // a panic value, which net/http compares in the same way
				panic(cause)
			}
			logger.ErrorContext(r.Context(), "panic while serving a request",
				"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if rec.status != 0 {
				panic(http.ErrAbortHandler)
			}
			w.Header().Del("Content-Length") // of the answer that was not to be
			internalError(w)
		}()
		next.ServeHTTP(rec, r)
	})
}

func internalError(w http.ResponseWriter) {
	auth.WriteError(w, http.StatusInternalServerError, auth.ErrorBody{
		Error: "server_error", Description: "the server could not serve this request", Reason: "internal_error",
	})
}
