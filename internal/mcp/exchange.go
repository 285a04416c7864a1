package mcp

import (
	"context"
	"net/http"

	"todomanager/internal/audit"
)

// exchange is one HTTP request and its answer. It travels in the context, because the
// SDK stands between the HTTP handler and the tool. The tool's goroutine writes to it
// before the SDK writes the answer, which is what orders the two.
type exchange struct {
	call audit.Call
	// handedOver is set once the service has the call: from then on the row is the
	// service's business, even if this package panics later.
	handedOver bool
	// instead, if set, writes the answer in place of the SDK's.
	instead func(http.ResponseWriter)
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// answerWriter stands between the SDK and the client. What the SDK writes goes through
// it, unless the exchange has an answer of its own or the SDK refuses the request in
// plain text; those become JSON.
type answerWriter struct {
	http.ResponseWriter
	x        *exchange
	started  bool
	replaced bool // the SDK's bytes are dropped
}

// Unwrap lets http.ResponseController reach the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *answerWriter) WriteHeader(status int) {
	if w.started {
		return
	}
	w.started = true
	switch {
	case w.x.instead != nil:
		w.replaced = true
		w.x.instead(w.ResponseWriter)
	case status >= 400 && w.Header().Get("Content-Type") != "application/json":
		w.replaced = true
		refuse(w.ResponseWriter, status, rpcRefusal(status))
	default:
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *answerWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.replaced {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}
