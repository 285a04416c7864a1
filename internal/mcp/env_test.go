package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/mcp"
	"todomanager/internal/todos"
)

// alice makes all calls.
var alice = auth.Principal{Issuer: "https://id.example", Subject: "alice", Scopes: auth.Scopes{"create:todos"}}

// milk is what the fake service answers with.
var milk = todos.Todo{
	ID: "abcdefghijklm", Content: "milk <&> \u2028 日本", OwnerID: "alice", CreatedAt: time.Date(2026, 3, 29, 1, 0, 0, 7e6, time.UTC),
}

// fake is a service that notes what reaches it and answers with err, or with milk.
type fake struct {
	mu       sync.Mutex
	calls    []any // the inputs, of the type of their tool
	who      []audit.Call
	refusals []refusal

	err  error
	page todos.Page

	logPage todos.LogPage
	do      func() // runs in each call, may panic
}

type refusal struct {
	Tool   string
	Reason audit.Reason
}

func (f *fake) called(call audit.Call, in any) error {
	f.mu.Lock()
	f.calls, f.who = append(f.calls, in), append(f.who, call)
	f.mu.Unlock()
	if f.do != nil {
		f.do()
	}
	return f.err
}

func (f *fake) Create(_ context.Context, c audit.Call, in todos.CreateInput) (todos.Todo, error) {
	if err := f.called(c, in); err != nil {
		return todos.Todo{}, err
	}
	return milk, nil
}

func (f *fake) List(_ context.Context, c audit.Call, in todos.ListInput) (todos.Page, error) {
	if err := f.called(c, in); err != nil {
		return todos.Page{}, err
	}
	return f.page, nil
}

func (f *fake) ReadLog(_ context.Context, c audit.Call, in todos.LogInput) (todos.LogPage, error) {
	if err := f.called(c, in); err != nil {
		return todos.LogPage{}, err
	}
	return f.logPage, nil
}

func (f *fake) Delete(_ context.Context, c audit.Call, in todos.DeleteInput) (todos.Todo, error) {
	if err := f.called(c, in); err != nil {
		return todos.Todo{}, err
	}
	return milk, nil
}

func (f *fake) Plan(_ context.Context, c audit.Call) (todos.Page, error) {
	if err := f.called(c, todos.PromptPlan); err != nil {
		return todos.Page{}, err
	}
	return f.page, nil
}

func (f *fake) Refuse(_ context.Context, c audit.Call, tool string, reason audit.Reason) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refusals, f.who = append(f.refusals, refusal{tool, reason}), append(f.who, c)
	return nil
}

// seen returns what has reached the service, and forgets it.
func (f *fake) seen() (calls []any, refusals []refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls, refusals = f.calls, f.refusals
	f.calls, f.refusals, f.who = nil, nil, nil
	return calls, refusals
}

// maxBody is the limit of the handler that stands in front.
const maxBody = 1 << 20

// newHandler builds the door for alice, behind what puts the principal into the context and limits
// the body.
func newHandler(t testing.TB, s mcp.Service) http.Handler {
	t.Helper()
	return newHandlerFor(t, alice, s)
}

func newHandlerFor(t testing.TB, p auth.Principal, s mcp.Service) http.Handler {
	t.Helper()
	return handlerOf(t, p, options(s))
}

func handlerOf(t testing.TB, p auth.Principal, o mcp.Options) http.Handler {
	t.Helper()
	door, err := mcp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		door.ServeHTTP(w, r.WithContext(auth.WithPrincipal(r.Context(), p)))
	})
}

// bothDoors runs a test with the direct door, and with the SDK's alone.
func bothDoors(t *testing.T, test func(t *testing.T, newHandler func(testing.TB, mcp.Service) http.Handler)) {
	t.Helper()
	for name, direct := range map[string]bool{"direct": true, "SDK": false} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t testing.TB, s mcp.Service) http.Handler {
				t.Helper()
				o := options(s)
				o.Direct = direct
				return handlerOf(t, alice, o)
			})
		})
	}
}

func options(s mcp.Service) mcp.Options {
	return mcp.Options{
		Service: s, Version: "1.2.3", Logger: slog.New(slog.DiscardHandler), Direct: true,
		RequestID: func(context.Context) string { return "request-1" },
		InsufficientScope: func(w http.ResponseWriter, p auth.Principal, needed ...string) {
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+strings.Join(needed, " ")+`"`)
			auth.WriteError(w, http.StatusForbidden, auth.ErrorBody{Error: "insufficient_scope"})
		},
		Now: func() time.Time { return time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC) },
	}
}

// client speaks to a door over HTTP.
type client struct {
	testing.TB
	*httptest.Server
}

func newClient(t testing.TB, h http.Handler) *client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &client{t, server}
}

// request is one HTTP request; a header with the value "-" is left out.
type request struct {
	verb   string // POST if empty
	body   string
	header map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (c *client) send(r request) answer {
	c.Helper()
	if r.verb == "" {
		r.verb = http.MethodPost
	}
	req, err := http.NewRequestWithContext(context.Background(), r.verb, c.URL, strings.NewReader(r.body))
	if err != nil {
		c.Fatal(err)
	}
	for name, value := range map[string]string{
		"Accept": "application/json, text/event-stream", "Content-Type": "application/json", "MCP-Protocol-Version": "2025-11-25",
	} {
		req.Header.Set(name, value)
	}
	for name, value := range r.header {
		if req.Header.Set(name, value); value == "-" {
			req.Header.Del(name)
		}
	}
	res, err := c.Client().Do(req)
	if err != nil {
		c.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// era is a way in which clients of one generation of the protocol speak.
type era string

const (
	handshake era = "2025-11-25" // initialize first, then plain requests
	stateless era = "2026-07-28" // every request brings all that is needed
)

var eras = []era{handshake, stateless}

// message builds a request of an era. Params is a JSON object, or empty for none; name
// is the tool of a tools/call.
func (e era) message(method, params, name string) request {
	r := request{header: map[string]string{"MCP-Protocol-Version": string(e)}}
	if e == stateless {
		const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
			`"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
		r.header["Mcp-Method"] = method
		if name != "" {
			r.header["Mcp-Name"] = name
		}
		if params = strings.TrimPrefix(params, "{"); params == "" || params == "}" {
			params = meta + "}"
		} else {
			params = meta + "," + params
		}
		params = "{" + params
	}
	if params != "" {
		params = `,"params":` + params
	}
	r.body = `{"jsonrpc":"2.0","id":1,"method":"` + method + `"` + params + `}`
	return r
}

// toolCall builds a tools/call. Arguments is JSON, or empty for none.
func (e era) toolCall(tool, arguments string) request {
	if arguments != "" {
		arguments = `,"arguments":` + arguments
	}
	return e.message("tools/call", `{"name":"`+tool+`"`+arguments+`}`, tool)
}

// response is a JSON-RPC response.
type response struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   *rpcError       `json:"error"`
}

type rpcError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// toolResult is the result of a tools/call.
type toolResult struct {
	Content []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"content"`
	Structured json.RawMessage `json:"structuredContent"`
	IsError    bool            `json:"isError"`
}

// rpc reads an answer as JSON-RPC.
func (c *client) rpc(a answer) (r response) {
	c.Helper()
	if kind := a.header.Get("Content-Type"); kind != "application/json" {
		c.Fatalf("status %d, Content-Type %q: %.300s", a.status, kind, a.body)
	}
	decoder := json.NewDecoder(strings.NewReader(a.body))
	if err := decoder.Decode(&r); err != nil || r.Version != "2.0" || (r.Error == nil) == (r.Result == nil) {
		c.Fatalf("no JSON-RPC response: %v: %.300s", err, a.body)
	}
	if rest, _ := io.ReadAll(decoder.Buffered()); len(bytes.TrimSpace(rest)) > 0 {
		c.Fatalf("more than one answer: %.300s", a.body)
	}
	return r
}

// tool reads an answer as the result of a tool.
func (c *client) tool(a answer) (r toolResult) {
	c.Helper()
	res := c.rpc(a)
	if a.status != http.StatusOK || res.Error != nil {
		c.Fatalf("status %d: %.300s", a.status, a.body)
	}
	if err := json.Unmarshal(res.Result, &r); err != nil || len(r.Content) != 1 || r.Content[0].Type != "text" {
		c.Fatalf("not one text block: %v: %s", err, res.Result)
	}
	return r
}
