package main

import (
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestPromptEndToEnd: the prompt shows the person's own todos and nobody else's, even to
// who may see them all, and leaves a row each time.
func TestPromptEndToEnd(t *testing.T) {
	p := startDev(t)
	for _, person := range []string{"alice", "bob", "admin"} {
		if _, err := p.account(t, person).call(t.Context(), "create-todo", `{"content":"of `+person+`"}`); err != nil {
			t.Fatal(err)
		}
	}
	p.checkAudit(t, "alice create-todo allow ok scope create:todos", "bob create-todo allow ok scope create:todos", "admin create-todo allow ok scope create:todos")
	for _, version := range versions {
		for _, person := range []string{"alice", "admin"} {
			a := p.account(t, person)
			a.version = version
			session, err := a.connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got, err := session.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "plan-my-day", Arguments: map[string]string{"focus": "rest"}})
			if err != nil {
				t.Fatalf("%s: %v", version, err)
			}
			text := got.Messages[0].Content.(*mcp.TextContent).Text
			if !strings.Contains(text, "of "+person) || strings.Contains(text, "of bob") || !strings.Contains(text, "about: rest") {
				t.Errorf("%s, %s: %s", version, person, text)
			}
			if _, err := session.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "no-such-prompt"}); err == nil {
				t.Errorf("%s: an unknown prompt was answered", version)
			}
			if _, err := session.ListResources(t.Context(), nil); err == nil {
				t.Errorf("%s: resources are listed, which are not declared", version)
			}
			session.Close()
			p.checkAudit(t, person+" plan-my-day allow ok owner -", person+" unknown deny unknown_tool - -")
		}
	}
	var out log
	if code := run(t.Context(), []string{"audit", "list", "-o", "jsonl", "--event", "prompt.get", "--db", p.db}, &out, &out); code != exitOK ||
		strings.Count(out.String(), `"event":"prompt.get","tool":"plan-my-day"`) != 2*len(versions) {
		t.Errorf("exit code %d\n%s", code, out.String())
	}
}
