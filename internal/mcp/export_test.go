package mcp

import (
	"context"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
)

// Cacheable is the product's [mcp.ServerOptions.SetCacheable].
func Cacheable(ctx context.Context, req mcp.Request, c *mcp.Cacheable) { cacheable(ctx, req, c) }

// Other is a server that takes the product's place behind the door.
type Other struct {
	Server         *mcp.Server
	Tools, Prompts []string
	Methods        []string // that clients may call besides the product's
	Stream         bool     // answer with events; the product answers with JSON
}

// NewFor is [New] for another server. Its calls count as handed over to the service once the
// guard has let them through, so that it leaves no rows.
func NewFor(o Options, other Other) (*Handler, error) {
	d, err := newDoor(o)
	if err != nil {
		return nil, err
	}
	for kind, names := range map[audit.Kind][]string{audit.ToolCall: other.Tools, audit.PromptGet: other.Prompts} {
		for _, name := range names {
			d.names[kind][name] = true
		}
	}
	more := make(map[string]bool)
	for _, method := range other.Methods {
		more[method] = true
	}
	d.allowed = func(method string) bool { return more[method] || allowed(method) }
	other.Server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			exchangeFrom(ctx).handedOver = true
			return next(ctx, method, req)
		}
	})
	transport := d.transport()
	transport.JSONResponse = !other.Stream
	return d.serve(other.Server, transport), nil
}

// Direct reports whether the direct door takes a request.
func (h *Handler) Direct(r *http.Request, body []byte) bool {
	_, _, ok := h.direct.read(r, body)
	return ok
}

// Running returns how many requests are carried out or wait for that.
func (h *Handler) Running() int { return h.door.running.began.Len() }

// NewRunning returns what takes a place where so many are carried out at once, and gives it
// back.
func NewRunning(most int, now func() time.Time) (enter func(context.Context) (leave func(), ok bool)) {
	r := &running{max: most, now: now}
	return func(ctx context.Context) (func(), bool) {
		place, ok := r.enter(ctx)
		return func() { r.leave(place) }, ok
	}
}
