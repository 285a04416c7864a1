package audit_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
)

func text(s string) *string { return &s }

// full is a row with every column, at a time in another zone and finer than the log's.
func full() audit.Row {
	count := int64(3)
	return audit.Row{
		Seq: 7, OccurredAt: time.Date(2026, 3, 29, 3, 4, 5, 6_999_999, time.FixedZone("", 7200)), Event: audit.ToolCall,
		Tool: "delete-todo", Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope,
		ScopesGranted: "create:todos delete:todos", ScopesUsed: "delete:todos", TargetID: text("aaaaaaaaaaaaa"), TargetSubject: text("bob"),
		ResultCount: &count, Issuer: "https://id.example/?a=1&b=2", Tenant: "acme", Subject: text("alice"), ClientID: text("client"),
		TokenSHA256: audit.Bytes{0xab, 0xcd}, TokenID: text("jti"), RequestID: "r-1", DurationUS: 1234, ActorSalt: audit.Bytes{1}, TargetSalt: audit.Bytes{2},
	}
}

type printer interface {
	Print(audit.Row) error
	Flush() error
}

func printed(t *testing.T, to func(*strings.Builder) printer, rows ...audit.Row) string {
	t.Helper()
	var b strings.Builder
	p := to(&b)
	for _, r := range rows {
		if err := p.Print(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonl(b *strings.Builder) printer { return audit.NewJSONL(b) }
func table(b *strings.Builder) printer { return audit.NewTable(b) }

// TestJSONL: the keys are the columns, in their order, and none is left out when empty.
func TestJSONL(t *testing.T) {
	want := `{"seq":7,"occurred_at":"2026-03-29T01:04:05.006Z","event":"tool.call","tool":"delete-todo","decision":"allow","reason":"ok",` +
		`"basis":"scope","scopes_granted":"create:todos delete:todos","scopes_used":"delete:todos","target_id":"aaaaaaaaaaaaa","target_subject":"bob",` +
		`"result_count":3,"issuer":ISSUER,"tenant":"acme","subject":"alice","client_id":"client",` +
		`"token_sha256":"abcd","token_id":"jti","request_id":"r-1","trace_id":null,"duration_us":1234,"details":null,` +
		`"chain":0,"actor_salt":"01","actor_commit":null,"target_salt":"02","target_commit":null,"hash":"` + strings.Repeat("0", 64) + `"}` + "\n"
	got := printed(t, jsonl, full())
	for _, form := range []string{`"https://id.example/?a=1&b=2"`, `"https://id.example/?a=1\u0026b=2"`} {
		got = strings.Replace(got, form, "ISSUER", 1) // both are the same JSON
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("full row (-want +got):\n%s", diff)
	}

	empty := `{"seq":0,"occurred_at":"0001-01-01T00:00:00.000Z","event":"","tool":"","decision":"","reason":"","basis":"","scopes_granted":"",` +
		`"scopes_used":"","target_id":null,"target_subject":null,"result_count":null,"issuer":"","tenant":"","subject":null,"client_id":null,` +
		`"token_sha256":null,"token_id":null,"request_id":"","trace_id":null,"duration_us":0,"details":null,` +
		`"chain":0,"actor_salt":null,"actor_commit":null,"target_salt":null,"target_commit":null,"hash":"` + strings.Repeat("0", 64) + `"}` + "\n"
	if diff := cmp.Diff(empty, printed(t, jsonl, audit.Row{})); diff != "" {
		t.Errorf("empty row (-want +got):\n%s", diff)
	}
}

// hostile is what a provider may put into a subject, or a client into a name.
var hostile = []string{
	"a\nseq 2 forged", "a\r\n", "\x1b[2J\x1b]0;title\x07", "a\x00b", "\u009b31m", "\u202eecila", "\u2028", "\ufeff", `"}` + "\n" + `{"seq":8`, "\xff",
}

// TestOneLineARow: whatever a value holds, a row is one line, and as JSON it comes back.
func TestOneLineARow(t *testing.T) {
	for _, value := range hostile {
		row := full()
		row.Subject, row.TargetSubject, row.ClientID, row.TokenID, row.Tenant, row.Issuer = &value, &value, &value, &value, value, value
		line := printed(t, jsonl, row)
		if strings.Count(line, "\n") != 1 || strings.ContainsAny(line, "\x00\x07\x1b\r") {
			t.Errorf("%q as JSON: %q", value, line)
		}
		var back audit.Row
		if err := json.Unmarshal([]byte(line), &back); err != nil || *back.Subject != strings.ToValidUTF8(value, "\ufffd") {
			t.Errorf("%q comes back as %q, %v", value, *back.Subject, err)
		}
		lines := printed(t, table, row)
		if strings.Count(lines, "\n") != 2 || strings.ContainsAny(lines, "\x00\x07\x1b\r\u009b\u202e\u2028\ufeff") {
			t.Errorf("%q as a table: %q", value, lines)
		}
	}
}

// TestTable: one heading, columns below it, and words for what is not there.
func TestTable(t *testing.T) {
	denied := audit.Row{Seq: 8, Tool: "unknown", Decision: audit.Deny, Reason: audit.ReasonUnknownTool, Issuer: "https://id.example", ActorCommit: make(audit.Bytes, 32)}
	act := audit.Row{Seq: 9, Event: audit.RequestRefused, Decision: audit.Allow, Reason: audit.ReasonOK, Issuer: "https://id.example"}
	list := full()
	list.Tool, list.TargetID, list.Tenant = "get-todos", nil, "acme corp"
	want := strings.Join([]string{
		"SEQ     TIME                      SUBJECT       TOOL             DECISION  REASON             BASIS  SCOPES USED   TARGET         ISSUER                    TENANT",
		"7       2026-03-29T01:04:05.006Z  alice         delete-todo      allow     ok                 scope  delete:todos  aaaaaaaaaaaaa  https://id.example/?a=1&b=2  acme",
		"8       0001-01-01T00:00:00.000Z  (erased)      unknown          deny      unknown_tool       -      -             -              https://id.example",
		"9       0001-01-01T00:00:00.000Z  -             request.refused  allow     ok                 -      -             -              https://id.example",
		"7       2026-03-29T01:04:05.006Z  alice         get-todos        allow     ok                 scope  delete:todos  3 found        https://id.example/?a=1&b=2  \"acme corp\"",
		"",
	}, "\n")
	if diff := cmp.Diff(want, printed(t, table, full(), denied, act, list)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	wide := full()
	wide.Subject = text(strings.Repeat("w", 40))
	if got := printed(t, table, wide); !strings.Contains(got, *wide.Subject+"  delete-todo") {
		t.Errorf("a wide value is cut: %s", got)
	}
	if got := printed(t, table); got != "" {
		t.Errorf("no rows: %q", got)
	}
}

// brokenPipe is a reader that has gone.
type brokenPipe struct{}

var errPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

// TestWriteErrors: output that cannot be written is an error, at the latest when it is
// flushed: an answer that was cut must not look complete.
func TestWriteErrors(t *testing.T) {
	for name, p := range map[string]printer{"jsonl": audit.NewJSONL(brokenPipe{}), "table": audit.NewTable(brokenPipe{})} {
		if err := errors.Join(p.Print(full()), p.Flush()); !errors.Is(err, errPipe) {
			t.Errorf("%s: %v, want %v", name, err, errPipe)
		}
	}
}
