package main

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"

	"todomanager/internal/audit"
)

// statelessCall is a call of protocol 2026-07-28.
const statelessCall = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create-todo","arguments":{"content":"x"},"_meta":{
	"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},
	"io.modelcontextprotocol/clientCapabilities":{}}}}`

// TestCancelledCalls: however early or late a client goes away, a call is carried out with
// its row, or not at all.
func TestCancelledCalls(t *testing.T) {
	p := startDev(t, "--rate", "1e6", "--burst", "1000000")
	token := p.token(t, "alice")
	leave := []func(context.CancelFunc) *httptrace.ClientTrace{
		func(cancel context.CancelFunc) *httptrace.ClientTrace {
			return &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { cancel() }}
		},
		func(cancel context.CancelFunc) *httptrace.ClientTrace {
			return &httptrace.ClientTrace{WroteHeaders: cancel}
		},
		func(cancel context.CancelFunc) *httptrace.ClientTrace {
			return &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }}
		},
		func(cancel context.CancelFunc) *httptrace.ClientTrace {
			return &httptrace.ClientTrace{GotFirstResponseByte: cancel}
		},
	}
	const calls = 200
	var clients sync.WaitGroup
	for i := range calls {
		clients.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ctx = httptrace.WithClientTrace(ctx, leave[i%len(leave)](cancel))
			m := message{method: http.MethodPost, url: p.url, token: token, body: toolCall("create-todo", `{"content":"x"}`)}
			if i/len(leave)%2 == 1 { // in which the SDK hands the end of the request on to the tool
				m.header = http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"create-todo"}}
				m.body = statelessCall
			}
			_, _ = m.send(ctx) // whether it comes back is a matter of chance
		})
	}
	clients.Wait()
	p.stop() // waits for what is under way
	<-p.exited

	kept, err := keptTodos(p.db)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := auditRows(p.db)
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]int)
	counts := 0 // rows of calls that a slow machine refused for being too many
	for _, r := range rows {
		if r.Event == audit.RequestRefused && r.Reason == audit.ReasonOverloaded {
			counts++
			continue
		}
		if r.Event != audit.ToolCall || r.Decision != audit.Allow {
			t.Errorf("row %d says %s %s %s", r.Seq, r.Event, r.Decision, r.Reason)
			continue
		}
		ids[*r.TargetID]++
	}
	if len(kept) != len(ids) || len(rows)-counts != len(ids) || len(kept) == 0 {
		t.Errorf("%d calls left %d todos and %d rows about %d todos", calls, len(kept), len(rows)-counts, len(ids))
	}
	t.Logf("%d of %d calls were carried out", len(kept), calls)
}
