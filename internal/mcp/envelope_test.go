package mcp_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"todomanager/internal/mcp"
)

// TestRefusedEnvelopes: a request that never becomes a call is answered as JSON-RPC, in
// constant text, and leaves no row.
func TestRefusedEnvelopes(t *testing.T) {
	const canary = "reflect-me"
	ping := handshake.message("ping", "", "").body
	tool := handshake.toolCall("create-todo", `{"content":"x"}`).body
	header := func(name, value string) map[string]string { return map[string]string{name: value} }
	f := new(fake)
	c := newClient(t, newHandler(t, f))
	for _, test := range []struct {
		name   string
		r      request
		status int
		code   int
	}{
		{"no body", request{}, 400, -32700},
		{"no JSON", request{body: canary}, 400, -32700},
		{"cut", request{body: tool[:40]}, 400, -32700},
		{"two messages", request{body: tool + tool}, 400, -32700},
		{"byte order mark", request{body: "\ufeff" + tool}, 400, -32700},
		{"nested without end", request{body: strings.Repeat("[", 1<<19)}, 400, -32600},
		{"nested without end in an object", request{body: `{"a":` + strings.Repeat("[", 1<<19)}, 400, -32700},
		{"deep", request{body: `{"a":` + strings.Repeat("[", 1<<18) + strings.Repeat("]", 1<<18) + `}`}, 400, -32700},
		{"batch", request{body: "[" + tool + "]"}, 400, -32600},
		{"batch of an old version", request{body: "[" + tool + "]", header: header("MCP-Protocol-Version", "2025-03-26")}, 400, -32600},
		{"batch of no version", request{body: " \r\n\t[" + tool + "," + tool + "]", header: header("MCP-Protocol-Version", "-")}, 400, -32600},
		{"empty batch", request{body: "[]", header: header("MCP-Protocol-Version", "-")}, 400, -32600},
		{"null", request{body: "null"}, 400, -32600},
		{"number", request{body: "5"}, 400, -32600},
		{"text", request{body: `"` + canary + `"`}, 400, -32600},
		{"no jsonrpc", request{body: `{"id":1,"method":"ping"}`}, 400, -32600},
		{"jsonrpc 1.0", request{body: strings.Replace(tool, "2.0", "1.0", 1)}, 400, -32600},
		{"id that is an object", request{body: `{"jsonrpc":"2.0","id":{"` + canary + `":1},"method":"ping"}`}, 400, -32600},
		{"call without an id", request{body: strings.Replace(tool, `"id":1,`, "", 1)}, 400, -32600},
		{"call with the id null", request{body: strings.Replace(tool, `"id":1`, `"id":null`, 1)}, 400, -32600},
		{"unknown notification", request{body: `{"jsonrpc":"2.0","method":"notifications/` + canary + `"}`}, 400, -32600},
		{"Accept without the stream", request{body: ping, header: header("Accept", "application/json")}, 400, -32600},
		{"no Accept", request{body: ping, header: header("Accept", "-")}, 400, -32600},
		{"Accept of something else", request{body: ping, header: header("Accept", canary)}, 400, -32600},
		{"Content-Type of text", request{body: ping, header: header("Content-Type", "text/plain")}, 415, -32600},
		{"Content-Type of a form", request{body: ping, header: header("Content-Type", "application/x-www-form-urlencoded; a="+canary)}, 415, -32600},
		{"no Content-Type", request{body: ping, header: header("Content-Type", "-")}, 415, -32600},
		{"version of 2025-03-26", request{body: tool, header: header("MCP-Protocol-Version", "2025-03-26")}, 400, -32600},
		{"version of 2024-11-05", request{body: tool, header: header("MCP-Protocol-Version", "2024-11-05")}, 400, -32600},
		{"no such version", request{body: tool, header: header("MCP-Protocol-Version", "1999-"+canary)}, 400, -32600},
		{"too large", request{body: `{"x":"` + strings.Repeat("x", maxBody) + `"}`}, 413, -32600},
		{"PUT", request{verb: "PUT", body: tool}, 405, -32600},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.TB = t
			got := c.send(test.r)
			res := c.rpc(got)
			if got.status != test.status || res.Error == nil || res.Error.Code != test.code || string(res.ID) != "null" || res.Error.Data != nil {
				t.Errorf("status %d: %.300s, want %d and the code %d", got.status, got.body, test.status, test.code)
			}
			if strings.Contains(got.body, canary) {
				t.Errorf("the answer repeats the request: %.300s", got.body)
			}
			if got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control is %q", got.header.Get("Cache-Control"))
			}
			if calls, refusals := f.seen(); len(calls)+len(refusals) != 0 {
				t.Errorf("the service got %v and %v", calls, refusals)
			}
		})
	}
}

// TestMismatchedHeaders: what a proxy routes by must be what the body says.
func TestMismatchedHeaders(t *testing.T) {
	f := new(fake)
	c := newClient(t, newHandler(t, f))
	for name, value := range map[string]string{"Mcp-Name": "get-todos", "Mcp-Method": "tools/list"} {
		for _, sent := range []string{value, "-"} {
			r := stateless.toolCall("create-todo", `{"content":"x"}`)
			r.header[name] = sent
			got := c.send(r)
			if res := c.rpc(got); got.status != 400 || res.Error == nil || res.Error.Code != -32020 {
				t.Errorf("%s %q: status %d: %s", name, sent, got.status, got.body)
			}
			if calls, refusals := f.seen(); len(calls)+len(refusals) != 0 {
				t.Errorf("%s %q: the service got %v and %v", name, sent, calls, refusals)
			}
		}
	}
}

// TestTwoReaders: members that a careless reader in front would take for others do not
// change what is called, and never the number of rows.
func TestTwoReaders(t *testing.T) {
	f := new(fake)
	c := newClient(t, newHandler(t, f))
	for body, want := range map[string][2]int{ // calls and refusals
		`{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call","params":{"name":"create-todo","arguments":{"content":"x"}}}`:          {0, 0},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","Method":"ping","params":{"name":"create-todo","arguments":{"content":"x"}}}`:          {1, 0},
		`{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"create-todo","arguments":{"content":"x"}}}`:          {0, 0},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nope","Name":"create-todo","arguments":{"content":"x"}}}`:            {0, 1},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create-todo","Arguments":{"content":"x"}}}`:                          {0, 1},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nope","name":"create-todo","arguments":{"content":"x"}}}`:            {0, 0},
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create-todo","arguments":{"content":"x"}},"result":{},"error":null}`: {1, 0},
	} {
		c.send(request{body: body})
		if calls, refusals := f.seen(); len(calls) != want[0] || len(refusals) != want[1] {
			t.Errorf("%s: %d calls and %d refusals, want %v", body, len(calls), len(refusals), want)
		}
	}
}

// TestMethods: the server has what its table names and nothing else, although the SDK
// would answer some of these.
func TestMethods(t *testing.T) {
	const hello = `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}`
	f := new(fake)
	c := newClient(t, newHandler(t, f))
	for _, test := range []struct {
		method, params string
		in             era
		ok             bool
	}{
		{"initialize", hello, handshake, true},
		{"ping", "", handshake, true},
		{"tools/list", "", handshake, true},
		{"tools/list", "", stateless, true},
		{"server/discover", "", stateless, true},

		{"prompts/list", "", handshake, true},
		{"prompts/list", "", stateless, true},
		{"resources/list", "", handshake, false},
		{"resources/templates/list", "", handshake, false},
		{"resources/read", `{"uri":"file:///etc/passwd"}`, handshake, false},
		{"resources/subscribe", `{"uri":"todo://1"}`, handshake, false},
		{"logging/setLevel", `{"level":"debug"}`, handshake, false},
		{"completion/complete", `{"ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"a","value":"b"}}`, handshake, false},
		{"resources/list", "", stateless, false},
		{"resources/templates/list", "", stateless, false},
		{"completion/complete", `{"ref":{"type":"ref/prompt","name":"x"},"argument":{"name":"a","value":"b"}}`, stateless, false},
		{"subscriptions/listen", `{}`, stateless, false},
		{"logging/setLevel", `{"level":"debug"}`, stateless, false},
		{"sampling/createMessage", `{}`, stateless, false},
		{"tools/Call", `{"name":"create-todo"}`, stateless, false},
		{"TOOLS/LIST", "", stateless, false},
	} {
		got := c.send(test.in.message(test.method, test.params, ""))
		res := c.rpc(got)
		if test.ok && (got.status != http.StatusOK || res.Error != nil) {
			t.Errorf("%s %s: status %d: %.300s", test.in, test.method, got.status, got.body)
		}
		if !test.ok && (res.Error == nil || res.Error.Code != -32601) {
			t.Errorf("%s %s: status %d: %.300s, want the code -32601", test.in, test.method, got.status, got.body)
		}
		if calls, refusals := f.seen(); len(calls)+len(refusals) != 0 {
			t.Errorf("%s: the service got %v and %v", test.method, calls, refusals)
		}
	}
}

// TestCapabilities: what is promised at the start is what there is.
func TestCapabilities(t *testing.T) {
	c := newClient(t, newHandler(t, new(fake)))
	for _, version := range []string{"2025-11-25", "2025-06-18"} {
		r := handshake.message("initialize", `{"protocolVersion":"`+version+`","capabilities":{},"clientInfo":{"name":"x","version":"1"}}`, "")
		r.header["MCP-Protocol-Version"] = "-"
		body := c.send(r).body
		for _, part := range []string{`"capabilities":{"prompts":{},"tools":{}}`, `"protocolVersion":"` + version + `"`, `"version":"1.2.3"`, `"instructions":"A todo list`} {
			if !strings.Contains(body, part) {
				t.Errorf("initialize %s lacks %s: %s", version, part, body)
			}
		}
	}
	if body := c.send(stateless.message("server/discover", "", "")).body; !strings.Contains(body, `"supportedVersions":["2026-07-28","2025-11-25","2025-06-18"]`) ||
		!strings.Contains(body, `"capabilities":{"prompts":{},"tools":{}}`) {
		t.Errorf("server/discover: %s", body)
	}
}

// TestNoPrincipal: wired without authentication, the door is shut.
func TestNoPrincipal(t *testing.T) {
	f := new(fake)
	door, err := mcp.New(options(f))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(door)
	defer server.Close()
	c := &client{t, server}
	for _, r := range []request{handshake.toolCall("create-todo", `{"content":"x"}`), stateless.message("tools/list", "", ""), {verb: "GET"}} {
		if got := c.send(r); got.status != http.StatusInternalServerError || strings.Contains(got.body, "create-todo") {
			t.Errorf("status %d: %s", got.status, got.body)
		}
	}
	if calls, refusals := f.seen(); len(calls)+len(refusals) != 0 {
		t.Errorf("the service got %v and %v", calls, refusals)
	}
}

func TestNew(t *testing.T) {
	for name, spoil := range map[string]func(*mcp.Options){
		"no service":    func(o *mcp.Options) { o.Service = nil },
		"no logger":     func(o *mcp.Options) { o.Logger = nil },
		"no request id": func(o *mcp.Options) { o.RequestID = nil },
		"no challenge":  func(o *mcp.Options) { o.InsufficientScope = nil },
	} {
		o := options(new(fake))
		spoil(&o)
		if h, err := mcp.New(o); err == nil || h != nil {
			t.Errorf("%s: got %v, %v", name, h, err)
		}
	}
	o := options(new(fake))
	o.Now, o.Logger = nil, slog.New(slog.DiscardHandler)
	if _, err := mcp.New(o); err != nil {
		t.Error(err)
	}
}
