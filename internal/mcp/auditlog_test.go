package mcp_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

var auditor = auth.Principal{Issuer: alice.Issuer, Subject: "auditor", Scopes: auth.Scopes{todos.ScopeAudit}}

// TestAuditLogIsListedToItsReaders: others are told of a tool that they could not call
// only by trying it, and then what they lack.
func TestAuditLogIsListedToItsReaders(t *testing.T) {
	for _, e := range eras {
		f := new(fake)
		if _, shown := newClient(t, newHandler(t, f)).definitions(e)[todos.ToolAudit]; shown {
			t.Errorf("%s: listed to who may not call it", e)
		}
		if tools := newClient(t, newHandlerFor(t, auditor, f)).definitions(e); len(tools) != 4 {
			t.Errorf("%s: an auditor sees %d tools, want 4", e, len(tools))
		}
		if tools := newClient(t, newHandler(t, f)).definitions(e); len(tools) != 3 {
			t.Errorf("%s: afterwards others see %d tools, want 3", e, len(tools))
		}
	}
}

// TestAuditLogResults: rows lack what is empty and what only verifies them.
func TestAuditLogResults(t *testing.T) {
	text := func(s string) *string { return &s }
	n := int64(2)
	at := time.Date(2026, 3, 29, 1, 0, 0, 7e6, time.UTC)
	page := todos.LogPage{NextCursor: "abc", ScannedTo: at, Rows: []audit.Row{
		{Seq: 9, OccurredAt: at, Event: audit.ToolCall, Tool: todos.ToolList, Decision: audit.Allow, Reason: audit.ReasonOK,
			Basis: audit.BasisScope, ScopesGranted: "a b", ScopesUsed: "a", ResultCount: &n, Issuer: "i", Subject: text("bob"), ClientID: text("c"),
			TokenSHA256: audit.Bytes{0xab}, TokenID: text("jti"), RequestID: "r", DurationUS: 5, ActorSalt: audit.Bytes{1}},
		{Seq: 8, OccurredAt: at, Event: audit.UserBlock, Decision: audit.Allow, Reason: audit.ReasonOK, TargetCommit: audit.Bytes{1},
			Details: text(`{"operator":"root"}`)},
	}}
	want := `{"rows":[{"seq":9,"occurredAt":"2026-03-29T01:00:00.007Z","event":"tool.call","tool":"get-todos","decision":"allow","reason":"ok",` +
		`"basis":"scope","scopesGranted":"a b","scopesUsed":"a","resultCount":2,"subject":"bob","clientId":"c","tokenSha256":"ab","tokenId":"jti","requestId":"r","durationUs":5},` +
		`{"seq":8,"occurredAt":"2026-03-29T01:00:00.007Z","event":"user.block","decision":"allow","reason":"ok","details":{"operator":"root"},"erased":true}],` +
		`"nextCursor":"abc","scannedTo":"2026-03-29T01:00:00.007Z"}`
	for _, e := range eras {
		c := newClient(t, newHandlerFor(t, auditor, &fake{logPage: page}))
		got := c.tool(c.send(e.toolCall(todos.ToolAudit, `{}`)))
		if got.IsError || !same(t, []byte(want), []byte(got.Content[0].Text)) || !same(t, []byte(want), got.Structured) {
			t.Errorf("%s: got %+v with %s, want %s", e, got, got.Structured, want)
		}
		var instance any
		if err := json.Unmarshal(got.Structured, &instance); err != nil {
			t.Fatal(err)
		}
		if err := schema(t, c.definitions(e)[todos.ToolAudit].OutputSchema).Validate(instance); err != nil {
			t.Errorf("%s: does not fit the output schema: %v", e, err)
		}
	}
}

// TestAuditLogArguments reach the service one by one; what cannot be meant is refused.
func TestAuditLogArguments(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	whole := `{"limit":5.0,"cursor":"c","since":"2026-01-31T12:00:00Z","until":"2026-01-31T13:00:00+01:00","subject":"s","clientId":"i",` +
		`"tokenSha256":"t","tool":"get-todos","targetId":"d","decision":"deny","reason":"not_owner","requestId":"r"}`
	for _, test := range []struct {
		arguments string
		want      any // the input, or the argument that is refused
	}{
		{``, todos.LogInput{Limit: todos.DefaultLogPage}},
		{`{"limit":null,"subject":null,"since":""}`, todos.LogInput{Limit: todos.DefaultLogPage}},
		{whole, todos.LogInput{Limit: 5, Cursor: "c", Since: at, Until: at, Subject: "s", ClientID: "i", TokenSHA256: "t",
			Tool: "get-todos", TargetID: "d", Decision: audit.Deny, Reason: audit.ReasonNotOwner, RequestID: "r"}},
		{`{"limit":1.5}`, "limit must be a whole number"},
		{`{"since":"yesterday"}`, "since must be a time such as 2026-01-31T12:00:00Z"},
		{`{"until":"2026-01-31"}`, "until must be a time such as 2026-01-31T12:00:00Z"},
		{`{"Subject":"s"}`, "arguments must have only the members that the tool's input schema names, in the same case"},
		{`{"issuer":"https://other.example"}`, "arguments must have only the members that the tool's input schema names, in the same case"},
		{`{"decision":1}`, "decision must have the type that the tool's input schema names"},
	} {
		f := new(fake)
		c := newClient(t, newHandlerFor(t, auditor, f))
		got := c.tool(c.send(stateless.toolCall(todos.ToolAudit, test.arguments)))
		calls, refusals := f.seen()
		switch want := test.want.(type) {
		case todos.LogInput:
			if diff := cmp.Diff([]any{want}, calls, cmp.Comparer(time.Time.Equal)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.arguments, diff)
			}
		case string:
			if !got.IsError || got.Content[0].Text != `{"error":"invalid_arguments","error_description":"`+want+`"}` || len(refusals) != 1 || len(calls) != 0 {
				t.Errorf("%s: got %+v, refusals %v", test.arguments, got, refusals)
			}
		}
	}
}
