package httpserver

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"todomanager/internal/auth"
)

// defaultMaxBody bounds a request's body, in bytes.
const defaultMaxBody = 1 << 20

// limitBody answers 413 to a body over maxBody bytes: at once if the length is announced,
// else whatever next makes of the failed read.
func limitBody(maxBody int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody {
			tooLarge(w, maxBody)
			return
		}
		body := &limitedBody{ReadCloser: http.MaxBytesReader(w, r.Body, maxBody)}
		limited := *r
		limited.Body = body
		next.ServeHTTP(&limitWriter{ResponseWriter: w, body: body, limit: maxBody}, &limited)
	})
}

func tooLarge(w http.ResponseWriter, limit int64) {
	w.Header().Del("Content-Length")      // of the answer this one replaces
	w.Header().Set("Connection", "close") // the rest of the body is not read
	auth.WriteError(w, http.StatusRequestEntityTooLarge, auth.ErrorBody{
		Error: "payload_too_large", Description: fmt.Sprintf("the request body may be at most %d KiB", limit>>10), Reason: "body_too_large",
	})
}

// limitedBody remembers that the limit was hit.
type limitedBody struct {
	io.ReadCloser
	exceeded atomic.Bool
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		b.exceeded.Store(true)
	}
	return n, err
}

// limitWriter replaces an answer that starts after the limit was hit.
type limitWriter struct {
	http.ResponseWriter
	body             *limitedBody
	limit            int64
	started, dropped bool
}

func (w *limitWriter) WriteHeader(status int) {
	switch {
	case w.dropped:
	case !w.started && w.body.exceeded.Load():
		w.dropped = true
		tooLarge(w.ResponseWriter, w.limit)
	default:
		w.started = w.started || status >= 200
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *limitWriter) Write(p []byte) (int, error) {
	if !w.started && !w.dropped {
		w.WriteHeader(http.StatusOK)
	}
	if w.dropped {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *limitWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
