package observe

import (
	"context"
	"sync/atomic"
)

// request is what every log line of a request carries.
type request struct {
	id    string
	trace atomic.Pointer[string] // known only once the request was read
}

type requestKey struct{}

// WithRequestID returns a context that carries the id of the request being
// served. The id is trusted text: whoever accepts one from outside checks it.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, &request{id: id})
}

// RequestID returns the id that [WithRequestID] stored, or "".
func RequestID(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r.id
	}
	return ""
}

// SetTraceID notes the W3C trace that the client says the request belongs to. Like the
// request id it is checked text. Without a request id in the context it does nothing.
func SetTraceID(ctx context.Context, id string) {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		r.trace.Store(&id)
	}
}

// TraceID returns the id that [SetTraceID] noted, or "".
func TraceID(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		if id := r.trace.Load(); id != nil {
			return *id
		}
	}
	return ""
}
