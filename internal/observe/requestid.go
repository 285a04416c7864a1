package observe

import "context"

type requestIDKey struct{}

// WithRequestID returns a context that carries the id of the request being
// served. The id is trusted text: whoever accepts one from outside checks it.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id that [WithRequestID] stored, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
