package mcp_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// clientCall is a call as a client really sent it.
type clientCall struct{ client, version, body string }

// clientCalls were recorded of the TypeScript SDKs (1: @modelcontextprotocol/sdk 1.32.2, 2: @modelcontextprotocol/client 2.4.0), of
// MCP Inspector 2.12.0 and of mcp-remote 0.15.1. All sent the headers of request, and others that mean nothing here.
var clientCalls = []clientCall{
	{"TypeScript 1", "2025-11-25", `{"method":"tools/call","params":{"name":"create-todo","arguments":{"content":"milk"}},"jsonrpc":"2.0","id":2}`},
	{"TypeScript 1, no arguments", "2025-11-25", `{"method":"tools/call","params":{"name":"get-todos"},"jsonrpc":"2.0","id":3}`},
	{"TypeScript 1, with progress", "2025-11-25", `{"method":"tools/call","params":{"name":"get-todos","arguments":{"limit":5},"_meta":{"progressToken":6}},"jsonrpc":"2.0","id":6}`},
	{"TypeScript 2, handshake", "2025-11-25", `{"method":"tools/call","params":{"name":"get-todos","arguments":{"limit":5},"_meta":{"progressToken":5}},"jsonrpc":"2.0","id":5}`},
	{"TypeScript 2", "2026-07-28", `{"method":"tools/call","params":{"name":"create-todo","arguments":{"content":"milk"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"e2e","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}},"jsonrpc":"2.0","id":1}`},
	{"TypeScript 2, with capabilities and progress", "2026-07-28", `{"method":"tools/call","params":{"name":"get-todos","arguments":{"limit":5},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"e2e","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"roots":{"listChanged":true},"sampling":{},"elicitation":{"form":{"applyDefaults":true}}},"progressToken":5}},"jsonrpc":"2.0","id":5}`},
	{"Inspector", "2025-11-25", `{"method":"tools/call","params":{"name":"create-todo","arguments":{"content":"milk"}},"jsonrpc":"2.0","id":2}`},
	{"Inspector, modern", "2026-07-28", `{"method":"tools/call","params":{"name":"create-todo","arguments":{"content":"milk"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"inspector-cli","version":"2.12.0"},"io.modelcontextprotocol/clientCapabilities":{"roots":{"listChanged":true},"extensions":{"io.modelcontextprotocol/tasks":{},"io.modelcontextprotocol/skills":{}}},"io.modelcontextprotocol/logLevel":"debug"}},"jsonrpc":"2.0","id":2}`},
	{"mcp-remote", "2025-06-18", `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"progressToken":7},"name":"get-todos","arguments":{}}}`},
	{"mcp-remote, modern", "2026-07-28", `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"claude-ai (via mcp-remote 0.15.1)","version":"0.1.0"}},"name":"get-todos","arguments":{}}}`},
}

func (c clientCall) request() (http.Header, []byte) {
	h := headers("Content-Type: application/json\nAccept: application/json, text/event-stream\nMcp-Protocol-Version: " + c.version)
	if c.version == string(stateless) {
		h.Set("Mcp-Method", "tools/call")
		h.Set("Mcp-Name", todos.ToolList)
		if strings.Contains(c.body, todos.ToolCreate) {
			h.Set("Mcp-Name", todos.ToolCreate)
		}
	}
	return h, []byte(c.body)
}

// TestClientsAreDirect: what real clients send is not left to the SDK, and answered as by the SDK.
func TestClientsAreDirect(t *testing.T) {
	d := newDoors(t)
	for _, c := range clientCalls {
		header, body := c.request()
		if !d.compare(t, people[0], noFault, header, body) {
			t.Errorf("%s: left to the SDK", c.client)
		}
	}
}

// TestGoClientIsDirect asks the SDK's own client.
func TestGoClientIsDirect(t *testing.T) {
	for _, e := range eras {
		r := newRig(t, true)
		r.fill(noFault)
		direct := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				t.Error(err)
			}
			req.Body = io.NopCloser(bytes.NewReader(body))
			if r.Direct(req, body) {
				direct++
			}
			r.ServeHTTP(w, req.WithContext(auth.WithPrincipal(req.Context(), alice)))
		}))
		defer server.Close()
		session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
			&sdk.StreamableClientTransport{Endpoint: server.URL}, &sdk.ClientSessionOptions{ProtocolVersion: string(e)})
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		for _, call := range []sdk.CallToolParams{
			{Name: todos.ToolCreate, Arguments: map[string]any{"content": "milk"}},
			{Name: todos.ToolList},
			{Name: todos.ToolDelete, Arguments: map[string]any{"id": "aaaaaaaaaaaab"}},
		} {
			if res, err := session.CallTool(t.Context(), &call); err != nil || res.IsError || res.StructuredContent == nil {
				t.Errorf("%s: %+v, %v", call.Name, res, err)
			}
		}
		if direct != 3 {
			t.Errorf("%s: %d of 3 calls were direct", e, direct)
		}
	}
}
