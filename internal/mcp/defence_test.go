package mcp_test

import (
	"context"
	"testing"

	"todomanager/internal/audit"
)

// TestUnknownMethodOfTheHandshakeEra: a method that nobody has is -32601 in both eras.
func TestUnknownMethodOfTheHandshakeEra(t *testing.T) {
	c := newClient(t, newHandler(t, new(fake)))
	for _, method := range []string{"nope", "subscriptions/listen", "completion/complete", "resources/read"} {
		got := c.send(handshake.message(method, "", ""))
		if res := c.rpc(got); res.Error == nil || res.Error.Code != -32601 {
			t.Errorf("%s: status %d: %s", method, got.status, got.body)
		}
	}
}

// panicAlways is a service whose Refuse is broken.
type panicAlways struct{ *fake }

func (panicAlways) Refuse(context.Context, audit.Call, string, audit.Reason) error { panic("secret") }

// TestPanickingRefuse: not even that ends the process.
func TestPanickingRefuse(t *testing.T) {
	c := newClient(t, newHandler(t, panicAlways{new(fake)}))
	if res := c.rpc(c.send(handshake.toolCall("nope", ""))); res.Error == nil || res.Error.Code != -32603 {
		t.Errorf("answered %+v", res)
	}
}
