package mcp

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// Service is what the door opens onto; [todos.Service] documents it.
type Service interface {
	Create(context.Context, audit.Call, todos.CreateInput) (todos.Todo, error)
	List(context.Context, audit.Call, todos.ListInput) (todos.Page, error)
	Delete(context.Context, audit.Call, todos.DeleteInput) (todos.Todo, error)
	ReadLog(context.Context, audit.Call, todos.LogInput) (todos.LogPage, error)
	Plan(context.Context, audit.Call) (todos.Page, error)
	Refuse(ctx context.Context, call audit.Call, tool string, reason audit.Reason) error
}

// Options configure the door. Those from Began on can be left out.
type Options struct {
	Service Service
	Version string // of this program, shown to clients
	Logger  *slog.Logger

	Direct bool // answer plain calls of tools without the SDK, which is several times as fast

	// RequestID returns the id that the access log gives a request.
	RequestID func(context.Context) string
	// InsufficientScope writes the whole 403 answer for a principal who lacks a scope.
	InsufficientScope func(w http.ResponseWriter, p auth.Principal, needed ...string)

	// Began, if set, is told of each call when it is known what is called: a name of
	// [todos.Names], and the client's W3C traceparent, empty without a good one. What it returns
	// is the context that the call goes on with, the trace id for a call that came
	// without one, and what is to be called at its end.
	Began func(ctx context.Context, name, traceparent string) (_ context.Context, traceID string, ended func())

	// Traced, if set, is told the trace id of a call that has one.
	Traced func(ctx context.Context, traceID string)

	// Refused, if set, is called for every request that is refused before it is a call. It
	// must not block.
	Refused func(ctx context.Context, p auth.Principal)

	Now func() time.Time // nil: time.Now

	MaxContent int // as the service has it; 0: its default

	// MaxCalls bounds the requests that are carried out at once; 0: no bound. Others wait for
	// their turn, or get 503 and Overloaded, if set, is called, as [Places] says. It must not
	// block.
	MaxCalls   int
	Places     *Places // shared by handlers that take each other's place; nil: some of its own
	Overloaded func(ctx context.Context, p auth.Principal)
}

// statelessProtocol is the version of MCP from which on each request says in _meta what initialize
// said before.
const statelessProtocol = "2026-07-28"

//go:embed instructions.md
var instructions string

// listTTL is how long clients may keep the list of tools and the server's description. A new version of the server is seen after that.
const listTTL = 5 * time.Minute

// door holds what the parts of this package share. It is immutable once built.
type door struct {
	Options
	names   map[audit.Kind]map[string]bool // the tools and prompts that exist
	allowed func(method string) bool
}

// New returns the handler of the MCP endpoint. Its requests must carry a principal
// ([auth.WithPrincipal]).
func New(o Options) (*Handler, error) {
	d, err := newDoor(o)
	if err != nil {
		return nil, err
	}
	info := &mcp.Implementation{Name: "todo-manager", Title: "Todo Manager", Version: o.Version}
	server := mcp.NewServer(info,
		&mcp.ServerOptions{
			Instructions:              instructions,
			Logger:                    d.sdkLogger(),
			Capabilities:              &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}, Prompts: &mcp.PromptCapabilities{}},
			SupportedProtocolVersions: []string{statelessProtocol, "2025-11-25", "2025-06-18"},
			SetCacheable:              cacheable,
		})
	tools := []tool{createTodo(cmp.Or(o.MaxContent, todos.DefaultMaxContent)), getTodos(), deleteTodo(), getAuditLog()}
	for _, t := range tools {
		d.names[audit.ToolCall][t.definition.Name] = true
		server.AddTool(t.definition, d.handle(t))
	}
	d.names[audit.PromptGet][todos.PromptPlan] = true
	server.AddPrompt(planPrompt(), d.plan)
	h := d.serve(server, d.transport())
	if o.Direct {
		h.direct, err = newDirect(d, tools, info)
	}
	return h, err
}

// newDoor returns a door with nothing behind it.
func newDoor(o Options) (*door, error) {
	if o.Service == nil || o.Logger == nil || o.RequestID == nil || o.InsufficientScope == nil {
		return nil, errors.New("mcp: an option is missing")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Began == nil {
		o.Began = untraced
	}
	if o.Traced == nil {
		o.Traced = func(context.Context, string) {}
	}
	if o.Refused == nil {
		o.Refused = func(context.Context, auth.Principal) {}
	}
	if o.Overloaded == nil {
		o.Overloaded = func(context.Context, auth.Principal) {}
	}
	if o.Places == nil {
		o.Places = new(Places)
	}
	return &door{Options: o, allowed: allowed, names: map[audit.Kind]map[string]bool{audit.ToolCall: {}, audit.PromptGet: {}}}, nil
}

// serve puts the guard in front of the server's methods, and the rest of the door in front of HTTP.
func (d *door) serve(server *mcp.Server, transport *mcp.StreamableHTTPOptions) *Handler {
	server.AddReceivingMiddleware(d.guard)
	return &Handler{door: d, sdk: mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, transport)}
}

func (d *door) transport() *mcp.StreamableHTTPOptions {
	return &mcp.StreamableHTTPOptions{
		Stateless:                    true, // the only mode that serves 2026-07-28, and any replica serves any call
		JSONResponse:                 true,
		PropagateRequestCancellation: true,
		Logger:                       d.sdkLogger(),
		DisableLocalhostProtection:   true, // the Host allow-list in front is stricter and knows the public URL
		MaxRequestBodyBytes:          -1,   // limited in front
	}
}

// cacheable says who may keep an answer: everybody, except for a list that not everybody has the same.
func cacheable(_ context.Context, req mcp.Request, c *mcp.Cacheable) {
	c.TTLMs, c.CacheScope = int(listTTL.Milliseconds()), "public"
	if _, isList := req.(*mcp.ListToolsRequest); isList { // see listed
		c.CacheScope = "private"
	}
}

func (d *door) sdkLogger() *slog.Logger { return slog.New(warnings{d.Logger.Handler()}) }

// warnings passes on warnings and errors. The SDK tells of the session that it makes
// for each request in three lines of level info; the access log has one.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}
