package mcp

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

type refusals struct {
	Service
	got []audit.Reason
}

func (r *refusals) Refuse(_ context.Context, _ audit.Call, _ string, reason audit.Reason) error {
	r.got = append(r.got, reason)
	return nil
}

// TestCallEndedByTheSDK: a call that the SDK ends between the guard and the tool leaves a
// row too. No version of it does that today, so only the guard itself can be tried.
func TestCallEndedByTheSDK(t *testing.T) {
	service := new(refusals)
	d := &door{
		Options: Options{Service: service, Logger: slog.New(slog.DiscardHandler), Began: untraced},
		allowed: allowed,
		names:   map[audit.Kind]map[string]bool{audit.ToolCall: {todos.ToolCreate: true}},
	}
	ended := errors.New("ended by the SDK")
	guarded := d.guard(func(context.Context, string, mcp.Request) (mcp.Result, error) { return nil, ended })

	req := &mcp.CallToolRequest{Params: &mcp.CallToolParamsRaw{Name: todos.ToolCreate}}
	if _, err := guarded(withExchange(t.Context(), new(exchange)), "tools/call", req); !errors.Is(err, ended) {
		t.Errorf("got %v, want %v", err, ended)
	}
	if len(service.got) != 1 || service.got[0] != audit.ReasonInvalidArguments {
		t.Errorf("refusals %v, want one of invalid arguments", service.got)
	}
}
