package mcp

import (
	"context"
	"net/http"

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

// Taken returns how many requests are carried out or wait for that.
func (h *Handler) Taken() int {
	h.door.Places.mu.Lock()
	defer h.door.Places.mu.Unlock()
	return h.door.Places.came.Len()
}

// Enter takes a place and returns what gives it back.
func (p *Places) Enter(ctx context.Context, most int, mayWait bool) (leave func(), ok bool) {
	place, ok := p.enter(ctx, most, mayWait)
	return func() { p.leave(place) }, ok
}
