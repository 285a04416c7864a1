package mcp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"todomanager/internal/audit"
	"todomanager/internal/mcp"
	"todomanager/internal/todos"
)

// definition is a tool as tools/list shows it.
type definition struct {
	Name, Title, Description  string
	InputSchema, OutputSchema json.RawMessage
	Annotations               map[string]any
}

func (c *client) definitions(e era) map[string]definition {
	c.Helper()
	var list struct {
		Tools      []definition
		TTLMs      int
		CacheScope string
		NextCursor string
	}
	res := c.rpc(c.send(e.message("tools/list", "", "")))
	if err := json.Unmarshal(res.Result, &list); err != nil {
		c.Fatalf("%v: %s", err, res.Result)
	}
	if list.TTLMs != int((5*time.Minute).Milliseconds()) || list.CacheScope != "private" || list.NextCursor != "" {
		c.Errorf("%s: may be kept %d ms, scope %q, next %q", e, list.TTLMs, list.CacheScope, list.NextCursor)
	}
	tools := make(map[string]definition)
	for _, tool := range list.Tools {
		tools[tool.Name] = tool
	}
	return tools
}

func schema(t testing.TB, raw json.RawMessage) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	resolved, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return resolved
}

// TestToolsList: clients show titles, ask people by the hints, and refuse results that
// do not fit the schemas.
func TestToolsList(t *testing.T) {
	c := newClient(t, newHandler(t, new(fake)))
	for _, e := range eras {
		tools := c.definitions(e)
		hints := map[string]any{}
		for name, tool := range tools {
			if tool.Title == "" || tool.Description == "" || tool.Annotations["title"] != tool.Title {
				t.Errorf("%s has title %q, description %q and the annotation %q", name, tool.Title, tool.Description, tool.Annotations["title"])
			}
			for kind, raw := range map[string]json.RawMessage{"input": tool.InputSchema, "output": tool.OutputSchema} {
				if s := schema(t, raw).Schema(); s.Type != "object" || s.AdditionalProperties == nil {
					t.Errorf("%s: the %s schema is not a closed object", name, kind)
				}
			}
			delete(tool.Annotations, "title")
			hints[name] = tool.Annotations
		}
		want := map[string]any{
			todos.ToolCreate: map[string]any{"readOnlyHint": false, "destructiveHint": false, "idempotentHint": false, "openWorldHint": false},
			todos.ToolList:   map[string]any{"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false},
			todos.ToolDelete: map[string]any{"readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": false},
		}
		if diff := cmp.Diff(want, hints); diff != "" {
			t.Errorf("%s: hints (-want +got):\n%s", e, diff)
		}
	}
}

// TestInputSchemas: a schema promises what the door and the service take.
func TestInputSchemas(t *testing.T) {
	tools := newClient(t, newHandler(t, new(fake))).definitions(stateless)
	for _, test := range []struct {
		tool, arguments string
		valid           bool
	}{
		{todos.ToolCreate, `{"content":"x"}`, true},
		{todos.ToolCreate, `{"content":""}`, false},
		{todos.ToolCreate, `{}`, false},
		{todos.ToolCreate, `{"content":"x","id":"y"}`, false},
		{todos.ToolCreate, `{"content":"` + strings.Repeat("é", todos.DefaultMaxContent) + `"}`, true},
		{todos.ToolCreate, `{"content":"` + strings.Repeat("x", todos.DefaultMaxContent+1) + `"}`, false},
		{todos.ToolList, `{}`, true},
		{todos.ToolList, fmt.Sprintf(`{"limit":%d,"cursor":"x"}`, todos.MaxPage), true},
		{todos.ToolList, fmt.Sprintf(`{"limit":%d}`, todos.MaxPage+1), false},
		{todos.ToolList, `{"limit":0}`, false},
		{todos.ToolList, `{"limit":1.5}`, false},
		{todos.ToolDelete, `{"id":"x"}`, true},
		{todos.ToolDelete, `{}`, false},
	} {
		var instance any
		if err := json.Unmarshal([]byte(test.arguments), &instance); err != nil {
			t.Fatal(err)
		}
		err := schema(t, tools[test.tool].InputSchema).Validate(instance)
		if (err == nil) != test.valid {
			t.Errorf("%s %.40s: %v", test.tool, test.arguments, err)
		}
	}
	var list jsonschema.Schema
	if err := json.Unmarshal(tools[todos.ToolList].InputSchema, &list); err != nil {
		t.Fatal(err)
	}
	if got := string(list.Properties["limit"].Default); got != fmt.Sprint(todos.DefaultPage) {
		t.Errorf("the default limit is said to be %s, it is %d", got, todos.DefaultPage)
	}
}

// TestResults: a success is structured content and the same as text, in the form that
// the output schema promises.
func TestResults(t *testing.T) {
	bothDoors(t, func(t *testing.T, newHandler func(testing.TB, mcp.Service) http.Handler) {
		const item = `{"id":"abcdefghijklm","content":"milk <&> \u2028 日本","ownerId":"alice","createdAt":"2026-03-29T01:00:00.007Z"}`
		zone := milk
		zone.CreatedAt = milk.CreatedAt.In(time.FixedZone("", 3600)).Truncate(time.Second)
		texts, wantTexts := textsOfEveryKind(t)
		for _, test := range []struct {
			name, tool, arguments string
			page                  todos.Page
			want                  string
		}{
			{"created", todos.ToolCreate, `{"content":"x"}`, todos.Page{}, item},
			{"deleted", todos.ToolDelete, `{"id":"abcdefghijklm"}`, todos.Page{}, `{"message":"Todo abcdefghijklm deleted","details":` + item + `}`},
			{"empty list", todos.ToolList, ``, todos.Page{}, `{"todos":[]}`},
			{"whole list", todos.ToolList, ``, todos.Page{Todos: []todos.Todo{milk, zone}},
				`{"todos":[` + item + `,` + strings.Replace(item, ".007Z", ".000Z", 1) + `]}`},
			{"texts", todos.ToolList, ``, todos.Page{Todos: texts}, wantTexts},
			{"page", todos.ToolList, ``, todos.Page{Todos: []todos.Todo{milk}, NextCursor: "abc"}, `{"todos":[` + item + `],"nextCursor":"abc"}`},
		} {
			for _, e := range eras {
				t.Run(test.name+"/"+string(e), func(t *testing.T) {
					f := &fake{page: test.page}
					c := newClient(t, newHandler(t, f))
					got := c.tool(c.send(e.toolCall(test.tool, test.arguments)))
					if got.IsError || !same(t, []byte(test.want), []byte(got.Content[0].Text)) || !same(t, []byte(test.want), got.Structured) {
						t.Errorf("got %+v with %s, want %s", got, got.Structured, test.want)
					}
					var instance any
					if err := json.Unmarshal(got.Structured, &instance); err != nil {
						t.Fatal(err)
					}
					if err := schema(t, c.definitions(e)[test.tool].OutputSchema).Validate(instance); err != nil {
						t.Errorf("does not fit the output schema: %v", err)
					}
					call := f.who[0]
					if call.Principal.Subject != "alice" || call.RequestID != "request-1" || !call.Started.Equal(options(f).Now()) {
						t.Errorf("the service was told %+v", call)
					}
					if len(f.refusals) != 0 {
						t.Errorf("a success was recorded as refused: %v", f.refusals)
					}
				})
			}
		}
	})
}

// textsOfEveryKind returns todos with whatever a text may consist of, at times before, of and
// after our days, and the page of them as encoding/json writes it.
func textsOfEveryKind(t *testing.T) ([]todos.Todo, string) {
	t.Helper()
	var list []todos.Todo
	var want struct {
		Todos []map[string]string `json:"todos"`
	}
	texts := []string{`"`, `\`, `\"`, `"\`, `\\\"`, `\u0041`, `","`, "\u2028\u2029", "\uFFFD", "\uFEFF", "\U0010FFFF", strings.Repeat(`\"`, 2000)}
	for r := rune(1); r < 0x300; r++ {
		texts = append(texts, "x"+string(r)+"y")
	}
	for i, text := range texts {
		at := time.UnixMilli(int64(i-100) * 1_234_567_890_123).UTC() // from before our era to beyond the year 9999
		list = append(list, todos.Todo{ID: "abcdefghijklm", Content: text, OwnerID: text, CreatedAt: at})
		want.Todos = append(want.Todos, map[string]string{"id": "abcdefghijklm", "content": text, "ownerId": text, "createdAt": at.Format("2006-01-02T15:04:05.000Z")})
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	return list, string(text)
}

// TestUnwritable: what is not UTF-8 cannot be JSON. It is not shown as something else.
func TestUnwritable(t *testing.T) {
	bothDoors(t, func(t *testing.T, newHandler func(testing.TB, mcp.Service) http.Handler) {
		bad, good := milk, milk
		bad.Content = "milk\xff"
		c := newClient(t, newHandler(t, &fake{page: todos.Page{Todos: []todos.Todo{bad, good}}}))
		for _, e := range eras {
			got := c.send(e.toolCall(todos.ToolList, ``))
			if got.status != http.StatusOK || !strings.Contains(got.body, "internal error") || strings.Contains(got.body, "milk") {
				t.Errorf("%s: status %d: %s", e, got.status, got.body)
			}
		}
	})
}

// same compares JSON by value.
func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	compact := func(raw []byte) string {
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		var out bytes.Buffer
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	return compact(a) == compact(b)
}

// TestErrors: each way in which the service fails has one form for clients, and nothing
// of what it says inside gets out.
func TestErrors(t *testing.T) {
	bothDoors(t, func(t *testing.T, newHandler func(testing.TB, mcp.Service) http.Handler) {
		wrapped := func(err error) error { return fmt.Errorf("%w: /var/lib/secret.db: disk I/O error", err) }
		for _, test := range []struct {
			name   string
			err    error
			status int
			body   string // of a tool error: its text; else a part of the HTTP body
			header map[string]string
		}{
			{"invalid", &todos.InvalidError{Argument: "content", Problem: "must not be empty"}, 200,
				`{"error":"invalid_arguments","error_description":"content must not be empty"}`, nil},
			{"not deleted", todos.ErrNotDeleted, 200, `{"error":"Failed to delete todo"}`, nil},
			{"quota exceeded", todos.ErrQuotaExceeded, 200, `{"error":"quota_exceeded","error_description":"You have reached the maximum number of todos, so nothing was changed. Delete some finished ones, then try again."}`, nil},
			{"audit unavailable", wrapped(todos.ErrAuditUnavailable), 200,
				`{"error":"audit_unavailable","error_description":"The call could not be recorded, so nothing was changed. Try again later.","retryable":true}`, nil},
			{"outcome unknown", wrapped(todos.ErrOutcomeUnknown), 200,
				`{"error":"outcome_unknown","error_description":"The disk did not confirm the change. Check the list before you try again."}`, nil},
			{"internal", wrapped(todos.ErrInternal), 200, `{"error":"internal_error","error_description":"The call failed and nothing was changed."}`, nil},
			{"unheard of", errors.New("secret"), 200, `{"error":"internal_error","error_description":"The call failed and nothing was changed."}`, nil},
			{"missing scope", &todos.MissingScopeError{Scope: "create:todos"}, 403, `"error":"insufficient_scope"`,
				map[string]string{"WWW-Authenticate": `Bearer error="insufficient_scope", scope="create:todos"`}},
			{"overloaded", wrapped(todos.ErrOverloaded), 503, `"error":"temporarily_unavailable"`, map[string]string{"Retry-After": "1"}},
		} {
			for _, e := range eras {
				for tool, arguments := range map[string]string{todos.ToolCreate: `{"content":"x"}`, todos.ToolList: ``, todos.ToolDelete: `{"id":"x"}`, todos.ToolAudit: ``} {
					t.Run(test.name+"/"+tool+"/"+string(e), func(t *testing.T) {
						f := &fake{err: test.err}
						c := newClient(t, newHandler(t, f))
						got := c.send(e.toolCall(tool, arguments))
						if got.status != test.status || strings.Contains(got.body, "secret") {
							t.Fatalf("status %d: %s", got.status, got.body)
						}
						for name, want := range test.header {
							if got.header.Get(name) != want {
								t.Errorf("%s is %q, want %q", name, got.header.Get(name), want)
							}
						}
						if test.status != http.StatusOK {
							var whole map[string]any
							if err := json.Unmarshal([]byte(got.body), &whole); err != nil || !strings.Contains(got.body, test.body) || whole["jsonrpc"] != nil {
								t.Errorf("%v: the body is not the one answer: %s", err, got.body)
							}
						} else if result := c.tool(got); !result.IsError || result.Structured != nil || result.Content[0].Text != test.body {
							t.Errorf("got %+v, want the text %s", result, test.body)
						}
						if calls, refusals := f.seen(); len(calls) != 1 || len(refusals) != 0 {
							t.Errorf("%d calls, refusals %v: the service has recorded the call itself", len(calls), refusals)
						}
					})
				}
			}
		}
	})
}

// TestUnknownTool: no name of the caller's choosing reaches the log or comes back.
func TestUnknownTool(t *testing.T) {
	f := new(fake)
	c := newClient(t, newHandler(t, f))
	for _, name := range []string{"drop-tables", "Create-Todo", "create-todo ", "create_todo", "", "tools/call"} {
		for _, e := range eras {
			if e == stateless && strings.TrimSpace(name) != name || name == "" && e == stateless {
				continue // no header can carry it: the SDK refuses the envelope
			}
			got := c.send(e.toolCall(name, `{"content":"x"}`))
			res := c.rpc(got)
			if res.Error == nil || res.Error.Code != -32602 || res.Error.Message != "unknown tool" {
				t.Errorf("%s %q: status %d: %s", e, name, got.status, got.body)
			}
			calls, refusals := f.seen()
			if len(calls) != 0 || !cmp.Equal(refusals, []refusal{{audit.UnknownTool, audit.ReasonUnknownTool}}) {
				t.Errorf("%s %q: calls %v, refusals %v", e, name, calls, refusals)
			}
		}
	}
}
