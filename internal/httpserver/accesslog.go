package httpserver

import (
	"log/slog"
	"net/http"
	"time"

	"todomanager/internal/observe"
)

// logAccess writes one line for each request, when it is over. Health probes come
// every few seconds and are logged at debug.
func logAccess(logger *slog.Logger, answered func(int), next http.Handler) http.Handler {
	if answered == nil {
		answered = func(int) {}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		defer func() { // also when the connection is aborted by a panic
			level := slog.LevelInfo
			if r.URL.Path == livePath || r.URL.Path == readyPath {
				level = slog.LevelDebug
			} else {
				answered(rec.status)
			}
			logger.LogAttrs(r.Context(), level, "request",
				slog.String("method", clip(r.Method, 16)),
				slog.String("path", clip(r.URL.Path, 128)), // never the query, it may hold a secret
				slog.Int("status", rec.status),
				slog.Int64("bytes", rec.bytes),
				slog.Int64("duration_us", time.Since(start).Microseconds()),
				slog.String("remote", observe.ClientAddr(r.Context()).String()))
		}()
		next.ServeHTTP(rec, r)
	})
}

// clip bounds what a client can put into a log line, in bytes.
func clip(text string, limit int) string {
	return text[:min(len(text), limit)]
}
