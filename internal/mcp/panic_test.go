package mcp_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/mcp"
	"todomanager/internal/todos"
)

// TestPanickingService: a panic ends its call and not the process. The service had the
// call, so its row is the service's business and no second one is written here.
func TestPanickingService(t *testing.T) {
	bothDoors(t, func(t *testing.T, newHandler func(testing.TB, mcp.Service) http.Handler) {
		f := &fake{do: func() { panic("secret") }}
		c := newClient(t, newHandler(t, f))
		for _, e := range eras {
			got := c.send(e.toolCall(todos.ToolCreate, `{"content":"x"}`))
			res := c.rpc(got)
			if res.Error == nil || res.Error.Code != -32603 || res.Error.Message != "internal error" || strings.Contains(got.body, "secret") {
				t.Errorf("%s: status %d: %s", e, got.status, got.body)
			}
			if calls, refusals := f.seen(); len(calls) != 1 || len(refusals) != 0 {
				t.Errorf("%s: %d calls, refusals %v, want one call", e, len(calls), refusals)
			}
		}
		f.do = nil
		c.tool(c.send(handshake.toolCall(todos.ToolCreate, `{"content":"x"}`)))
	})
}

// panicOnce is a service whose Refuse panics the first time: a panic of the door before
// the service has the call.
type panicOnce struct {
	*fake
	done bool
}

func (p *panicOnce) Refuse(ctx context.Context, c audit.Call, tool string, reason audit.Reason) error {
	if !p.done {
		p.done = true
		panic("secret")
	}
	return p.fake.Refuse(ctx, c, tool, reason)
}

// TestPanickingDoor: what panics before the service has the call leaves the one row of
// an internal error.
func TestPanickingDoor(t *testing.T) {
	for _, test := range []struct{ tool, arguments, recorded string }{
		{"nope", ``, audit.UnknownTool},
		{todos.ToolDelete, `null`, todos.ToolDelete},
	} {
		p := &panicOnce{fake: new(fake)}
		c := newClient(t, newHandler(t, p))
		got := c.send(handshake.toolCall(test.tool, test.arguments))
		if res := c.rpc(got); res.Error == nil || res.Error.Code != -32603 || strings.Contains(got.body, "secret") {
			t.Errorf("%s: status %d: %s", test.tool, got.status, got.body)
		}
		if _, refusals := p.seen(); !cmp.Equal(refusals, []refusal{{test.recorded, audit.ReasonInternalError}}) {
			t.Errorf("%s: refusals %v", test.tool, refusals)
		}
	}
}

// TestClientLeaves: a call whose client goes away in its middle is carried to its end,
// and what it comes to disturbs nobody.
func TestClientLeaves(t *testing.T) {
	bothDoors(t, func(t *testing.T, newHandler func(testing.TB, mcp.Service) http.Handler) {
		for _, e := range eras {
			for _, outcome := range []error{nil, &todos.MissingScopeError{Scope: "create:todos"}, todos.ErrOverloaded} {
				begun, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
				f := &fake{err: outcome}
				f.do = func() {
					close(begun)
					<-release
				}
				inner := newHandler(t, f)
				requests := make(chan *http.Request, 1)
				c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer close(ended)
					requests <- r
					inner.ServeHTTP(w, r)
				}))
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					<-begun
					cancel()
					<-(<-requests).Context().Done() // the server has noticed
					close(release)
				}()
				r := e.toolCall(todos.ToolCreate, `{"content":"x"}`)
				req, err := http.NewRequestWithContext(ctx, "POST", c.URL, strings.NewReader(r.body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Accept", "application/json, text/event-stream")
				req.Header.Set("Content-Type", "application/json")
				for name, value := range r.header {
					req.Header.Set(name, value)
				}
				if res, err := c.Client().Do(req); err == nil {
					t.Errorf("answered %d to somebody who had left", res.StatusCode)
					res.Body.Close()
				}
				<-ended
				if calls, refusals := f.seen(); len(calls) != 1 || len(refusals) != 0 {
					t.Errorf("%s: %d calls, refusals %v", e, len(calls), refusals)
				}
			}
		}
	})
}
