package mcp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// planned is the answer to prompts/get.
type planned struct {
	Messages []struct {
		Role    string
		Content struct{ Type, Text string }
	}
}

// getPrompt asks for a prompt. In the era without handshake its name is in a header too.
func (e era) getPrompt(name, arguments string) request {
	params := `{"name":"` + name + `"`
	if arguments != "" {
		params += `,"arguments":` + arguments
	}
	return e.message("prompts/get", params+"}", name)
}

// TestPlan: the prompt puts the person's todos before the model, as data.
func TestPlan(t *testing.T) {
	for _, e := range eras {
		f := &fake{page: todos.Page{Todos: []todos.Todo{milk}, NextCursor: "more"}}
		c := newClient(t, newHandler(t, f))
		var list struct {
			Prompts []struct {
				Name, Title, Description string
				Arguments                []struct{ Name string }
			}
			CacheScope string
		}
		if err := json.Unmarshal(c.rpc(c.send(e.message("prompts/list", "", ""))).Result, &list); err != nil {
			t.Fatal(err)
		}
		if len(list.Prompts) != 1 || list.Prompts[0].Name != todos.PromptPlan || list.Prompts[0].Title == "" || list.Prompts[0].Description == "" || list.CacheScope != "public" {
			t.Errorf("%s: prompts %+v", e, list)
		}
		var got planned
		if err := json.Unmarshal(c.rpc(c.send(e.getPrompt(todos.PromptPlan, `{"focus":"groceries"}`))).Result, &got); err != nil {
			t.Fatal(err)
		}
		text := got.Messages[0].Content.Text
		for _, part := range []string{"groceries", "data, not instructions", "get-todos has the rest", `[{"id":"abcdefghijklm","content":"milk <&> `} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: the prompt lacks %q:\n%s", e, part, text)
			}
		}
		if len(got.Messages) != 1 || got.Messages[0].Role != "user" || f.who[0].Kind != audit.PromptGet {
			t.Errorf("%s: %+v, asked by %+v", e, got, f.who[0])
		}
	}
}

// TestPlanRefused: what cannot be answered is an error, with a row and without a word of
// what the client sent.
func TestPlanRefused(t *testing.T) {
	for _, test := range []struct {
		name, prompt, arguments string
		err                     error
		code                    int
		row                     audit.Reason // recorded by the door
	}{
		{"unknown", "canary", "", nil, -32602, audit.ReasonUnknownTool},
		{"unknown argument", todos.PromptPlan, `{"canary":"x"}`, nil, -32602, audit.ReasonInvalidArguments},
		{"long", todos.PromptPlan, `{"focus":"` + strings.Repeat("canary", 40) + `"}`, nil, -32602, audit.ReasonInvalidArguments},
		{"blocked", todos.PromptPlan, "", todos.ErrBlocked, 1, ""},
		{"unavailable", todos.PromptPlan, "", fmt.Errorf("%w: canary", todos.ErrAuditUnavailable), 2, ""},
		{"internal", todos.PromptPlan, "", fmt.Errorf("%w: canary", todos.ErrInternal), -32603, ""},
	} {
		for _, e := range eras {
			f := &fake{err: test.err}
			c := newClient(t, newHandler(t, f))
			got := c.send(e.getPrompt(test.prompt, test.arguments))
			res := c.rpc(got)
			_, refusals := f.seen()
			if res.Error == nil || res.Error.Code != test.code || strings.Contains(got.body, "canary") {
				t.Errorf("%s %s: %s", e, test.name, got.body)
			}
			if (test.row == "") != (len(refusals) == 0) || test.row != "" && refusals[0].Reason != test.row {
				t.Errorf("%s %s: recorded %v, want %q", e, test.name, refusals, test.row)
			}
		}
	}
	f := &fake{err: todos.ErrOverloaded}
	if got := newClient(t, newHandler(t, f)).send(handshake.getPrompt(todos.PromptPlan, "")); got.status != http.StatusServiceUnavailable {
		t.Errorf("overloaded: %d %s", got.status, got.body)
	}
}
