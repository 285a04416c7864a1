package mcp_test

import (
	"strings"
	"testing"
)

// TestSDKErrorsAreConstant: the SDK's own JSON-RPC errors quote the request and name its
// types. What clients get is an error with neither of these.
func TestSDKErrorsAreConstant(t *testing.T) {
	const canary = "reflect-me"
	c := newClient(t, newHandler(t, new(fake)))
	for name, r := range map[string]request{
		"params of another type": handshake.message("tools/call", `{"name":5,"x":"`+canary+`"}`, ""),
		"unknown method":         stateless.message(canary, "", ""),
		"no _meta": {
			body:   `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"` + canary + `":1}}`,
			header: map[string]string{"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"},
		},
	} {
		got := c.send(r)
		if res := c.rpc(got); res.Error == nil {
			t.Errorf("%s: status %d: %s", name, got.status, got.body)
		}
		if strings.Contains(got.body, canary) || strings.Contains(got.body, "mcp.") {
			t.Errorf("%s: the answer repeats the request or tells of the program: %s", name, got.body)
		}
	}
}
