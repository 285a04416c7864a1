package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// versions are the protocol versions that the server speaks, of both eras: with and
// without the initialize handshake.
var versions = []string{"2026-07-28", "2025-11-25", "2025-06-18"}

type todo struct{ ID, Content, OwnerID, CreatedAt string }

func TestEveryProtocolVersionEndToEnd(t *testing.T) {
	p := startDev(t)
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			alice := p.account(t, "alice")
			alice.version = version
			session, err := alice.connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			if got := session.InitializeResult().ProtocolVersion; got != version {
				t.Errorf("negotiated %s", got)
			}
			callEachTool(t, session)

			p.checkAudit(t,
				"alice create-todo allow ok scope create:todos",
				"alice get-todos allow ok owner -",
				"alice delete-todo allow ok owner -",
				"alice delete-todo deny not_found - -",
				"alice create-todo deny invalid_arguments - -",
				"alice unknown deny unknown_tool - -")
		})
	}
}

func callEachTool(t *testing.T, session *mcp.ClientSession) {
	t.Helper()
	var created todo
	succeed(t, session, "create-todo", map[string]any{"content": "milk"}, &created)
	if created.Content != "milk" || created.OwnerID != "alice" || len(created.ID) != 13 || !strings.HasSuffix(created.CreatedAt, "Z") {
		t.Errorf("created %+v", created)
	}
	var page struct{ Todos []todo }
	succeed(t, session, "get-todos", nil, &page)
	if diff := cmp.Diff([]todo{created}, page.Todos); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	var deleted struct {
		Message string
		Details todo
	}
	succeed(t, session, "delete-todo", map[string]any{"id": created.ID}, &deleted)
	if deleted.Message != "Todo "+created.ID+" deleted" || deleted.Details != created {
		t.Errorf("deleted %+v", deleted)
	}

	fail(t, session, "delete-todo", map[string]any{"id": created.ID}, `{"error":"Failed to delete todo"}`)
	fail(t, session, "create-todo", map[string]any{"content": ""}, `{"error":"invalid_arguments","error_description":"content must not be empty"}`)
	if _, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "no-such-tool"}); err == nil || !strings.Contains(err.Error(), "unknown tool") {
		t.Errorf("unknown tool: %v", err)
	}
}

// succeed calls a tool and decodes its result, which must be the same twice: as
// structured content and as the one block of text.
func succeed(t *testing.T, session *mcp.ClientSession, tool string, arguments, into any) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if result.IsError || len(result.Content) != 1 {
		t.Fatalf("%s: %+v", tool, result)
	}
	var text any
	if err := json.Unmarshal([]byte(textOf(result)), &text); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, result.StructuredContent); diff != "" {
		t.Errorf("%s: text and structured content differ (-text +structured):\n%s", tool, diff)
	}
	if err := json.Unmarshal([]byte(textOf(result)), into); err != nil {
		t.Fatal(err)
	}
}

// fail calls a tool whose failure must be in the text alone: clients check structured
// content against the schema of success.
func fail(t *testing.T, session *mcp.ClientSession, tool string, arguments any, want string) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	if got := textOf(result); !result.IsError || result.StructuredContent != nil || got != want {
		t.Errorf("%s: %+v with text %s, want a failure with %s", tool, result, got, want)
	}
}

// What clients are told of the tools is an interface: models and people rely on it, and
// it costs every conversation its size in tokens.
func TestToolsAreAsTheGoldenFileSays(t *testing.T) {
	const limit = 6 << 10
	p := startDev(t)
	auditor := p.account(t, "admin")
	if _, err := auditor.call(t.Context(), "get-audit-log", "{}"); err != nil { // asks for the scope
		t.Fatal(err)
	}
	for person, golden := range map[*account]string{
		p.account(t, "alice"): "testdata/tools.golden.json",
		p.account(t, "admin"): "testdata/tools.golden.json",
		auditor:               "testdata/tools.auditor.golden.json",
	} {
		for _, version := range versions {
			got := listTools(t, person, version)
			var indented bytes.Buffer
			if err := json.Indent(&indented, got, "", "  "); err != nil {
				t.Fatal(err)
			}
			indented.WriteByte('\n')
			if *update {
				if err := os.WriteFile(golden, indented.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), indented.String()); diff != "" {
				t.Errorf("%s, %s: tools (-golden +got; run with -update if this is meant):\n%s", person.person, version, diff)
			}
			if len(got) > limit {
				t.Errorf("%s, %s: %d bytes, more than %d", person.person, version, len(got), limit)
			}
		}
	}
}

func listTools(t *testing.T, a *account, version string) []byte {
	t.Helper()
	a.version = version
	session, err := a.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	result, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	tools, err := json.Marshal(result.Tools)
	if err != nil {
		t.Fatal(err)
	}
	return tools
}
