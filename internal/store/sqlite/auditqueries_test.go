package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// question is one of docs/audit-queries.md.
type question struct{ title, query string }

func questions(t *testing.T) (list []question) {
	t.Helper()
	text, err := os.ReadFile("../../../docs/audit-queries.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)\n## (\\d+\\. [^\n]+)\n.*?```sql\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		list = append(list, question{m[1], m[2]})
	}
	if len(list) != 20 || strings.Count(string(text), "```sql") != 20 {
		t.Fatalf("%d questions with a query, want 20", len(list))
	}
	return list
}

// TestQuestions asks the documented questions about a day on which all of it happened.
// The sqlite3 shell must give the same answers.
func TestQuestions(t *testing.T) {
	path := aDay(t)
	shell := sqliteShell(t)
	db, err := sqlite.Options{Path: path}.LookerPool()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var got strings.Builder
	for _, q := range questions(t) {
		answer := ask(t, db, q)
		if strings.Count(answer, "\n") < 2 {
			t.Errorf("%s: no answer", q.title)
		}
		fmt.Fprintf(&got, "%s\n%s\n", q.title, answer)
		if shell != "" {
			var out bytes.Buffer
			cmd := exec.Command(shell, "-readonly", "-header", "-separator", " | ", "-nullvalue", "NULL", path, q.query)
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil || out.String() != answer {
				t.Errorf("%s: the shell says %v (-here +shell):\n%s", q.title, err, cmp.Diff(answer, out.String()))
			}
		}
	}
	const golden = "testdata/audit-queries.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-golden +got; run with -update if this is meant):\n%s", diff)
	}
}

// TestQuickQuestions: what goes through the blocks looks into an index of each, with and
// without the planner's statistics, and never through the rows.
func TestQuickQuestions(t *testing.T) {
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db")}
	open(t, o)
	db := writerPool(t, o)
	// Ten blocks: of a log of one block the planner may well look through all rows.
	if _, err := db.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 40000)
		INSERT INTO audit_log (seq, occurred_at, event, tool, decision, reason, basis, scopes_granted, scopes_used,
			issuer, tenant, subject, target_id, token_sha256, token_id, request_id, duration_us, hash)
		SELECT i, i, 'tool.call', 'delete-todo', 'allow', 'ok', 'owner', '', '',
			'https://id.example', '', 'person' || i%400, printf('%013d', i), zeroblob(32), '', printf('%020d', i), 0, zeroblob(32) FROM n`); err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"SELECT 1", "ANALYZE"} {
		if _, err := db.Exec(step); err != nil {
			t.Fatal(err)
		}
		quick := 0
		for _, q := range questions(t) {
			if !strings.Contains(q.query, "audit_block_v1") {
				continue
			}
			quick++
			plan := strings.Join(explain(t, db, statement{name: q.title, text: q.query}), "\n")
			if !strings.Contains(plan, "SEARCH audit_log USING INDEX audit_log_by_") || strings.Contains(plan, "SCAN audit_log") {
				t.Errorf("after %s, %s:\n%s", step, q.title, plan)
			}
		}
		if quick != 3 {
			t.Errorf("%d quick questions, want 3: the page names them", quick)
		}
	}
}

// sqliteShell returns the program, or nothing if there is none where it need not be.
func sqliteShell(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sqlite3")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Log("the sqlite3 shell is not asked: it is not installed")
	}
	return path
}

// ask prints an answer as the shell does.
func ask(t *testing.T, db *sql.DB, q question) string {
	t.Helper()
	rows, err := db.Query(q.query)
	if err != nil {
		t.Fatalf("%s: %v", q.title, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(strings.Join(names, " | ") + "\n")
	cells := make([]sql.NullString, len(names))
	into := make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatalf("%s: %v", q.title, err)
		}
		for i, c := range cells {
			if i > 0 {
				b.WriteString(" | ")
			}
			if !c.Valid {
				c.String = "NULL"
			}
			b.WriteString(c.String)
		}
		b.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", q.title, err)
	}
	return b.String()
}

// aDay writes a log with one of everything that an operator asks about.
func aDay(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "todos.db")
	now := time.Date(2026, 3, 29, 9, 0, 0, 0, time.UTC)
	s := open(t, sqlite.Options{Path: path, Now: func() time.Time { return now }})
	n := 0
	record := func(e audit.Event) {
		t.Helper()
		n++
		now = now.Add(7 * time.Minute)
		if e.Tool != "" {
			e.Call.RequestID = fmt.Sprintf("request-%d", n)
			e.Call.Started = now.Add(-time.Duration(n) * time.Millisecond)
		}
		if err := s.Write(context.Background(), func(tx todos.Tx) error { return tx.Record(e) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range events() {
		record(e)
	}
	signer, _, err := audit.OpenSigner(path + ".audit-key")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Checkpoint(t.Context(), signer.Head); err != nil {
		t.Fatal(err)
	}
	return path
}

// events are the day's, in order.
func events() []audit.Event {
	call := func(subject string, token byte, tool string, r audit.Reason, basis audit.Basis, used ...string) audit.Event {
		e := audit.Event{
			Call: audit.Call{Principal: auth.Principal{
				Issuer: "https://id.example", Subject: subject, ClientID: "client-" + subject[:1], TokenID: "jti", TokenHash: [32]byte{},
				Scopes: auth.Scopes{todos.ScopeCreate},
			}, TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"},
			Tool: tool, Decision: audit.Allow, Reason: r, Basis: basis, ScopesUsed: used,
		}
		for i := range e.Call.Principal.TokenHash {
			e.Call.Principal.TokenHash[i] = token
		}
		if subject == "carol" {
			e.Call.Principal.Scopes = auth.Scopes{todos.ScopeCreate, todos.ScopeDelete, todos.ScopeRead}
		}
		if r != audit.ReasonOK {
			e.Decision = audit.Deny
		}
		return e
	}
	about := func(e audit.Event, target, owner string, count int) audit.Event {
		e.TargetID, e.TargetSubject = target, owner
		if count > 0 {
			e.ResultCount = &count
		}
		return e
	}
	act := func(kind audit.Kind, whom string, details map[string]any) audit.Event {
		return audit.Event{Kind: kind, Decision: audit.Allow, Reason: audit.ReasonOK, TargetSubject: whom, Details: details,
			Call: audit.Call{Principal: auth.Principal{Issuer: "https://id.example"}}}
	}
	counted := func(kind audit.Kind, subject string, r audit.Reason, details map[string]any) audit.Event {
		return audit.Event{Kind: kind, Decision: audit.Deny, Reason: r, Details: details,
			Call: audit.Call{Principal: auth.Principal{Issuer: "https://id.example", Subject: subject}}}
	}
	const ok = audit.ReasonOK
	plan := about(call("alice", 1, todos.PromptPlan, ok, audit.BasisOwner), "", "", 1)
	plan.Kind = audit.PromptGet
	return []audit.Event{
		about(call("alice", 1, todos.ToolCreate, ok, audit.BasisScope, todos.ScopeCreate), "aaaaaaaaaaaaa", "", 0),
		call("alice", 1, todos.ToolList, ok, audit.BasisOwner),
		about(call("bob", 2, todos.ToolDelete, audit.ReasonNotOwner, audit.BasisNone), "aaaaaaaaaaaaa", "alice", 0),
		about(call("bob", 2, todos.ToolDelete, audit.ReasonNotFound, audit.BasisNone), "bbbbbbbbbbbbb", "", 0),
		counted(audit.TokenRejected, "", "token_expired", map[string]any{"count": 40, "first_at": "2026-03-29T09:30:00.000Z", "last_at": "2026-03-29T09:30:59.000Z", "source": "203.0.113.0/24"}),
		about(call("carol", 3, todos.ToolList, ok, audit.BasisScope, todos.ScopeRead), "", "", 3),
		about(call("carol", 3, todos.ToolDelete, ok, audit.BasisScope, todos.ScopeDelete), "aaaaaaaaaaaaa", "alice", 0),
		counted(audit.RateLimited, "bob", audit.ReasonRateLimited, map[string]any{"count": 7}),
		counted(audit.RateLimited, "bob", audit.ReasonRateLimited, map[string]any{"count": 5}),
		act(audit.UserBlock, "bob", map[string]any{"operator": "root"}),
		call("bob", 2, todos.ToolList, audit.ReasonBlockedUser, audit.BasisNone),
		act(audit.UserUnblock, "bob", map[string]any{"operator": "root"}),
		act(audit.UserExport, "alice", map[string]any{"operator": "root"}),
		act(audit.UserErase, "", map[string]any{"operator": "root", "erasure": "E1", "rows": 0, "todos": 0, "blocked": true}),
		act(audit.AuditExport, "", map[string]any{"operator": "backup", "first_seq": 1, "last_seq": 12, "form": "jsonl"}),
		call("alice", 1, todos.ToolCreate, audit.ReasonStorageLow, audit.BasisNone),
		call("alice", 1, todos.ToolCreate, audit.ReasonInternalError, audit.BasisNone),
		call("alice", 1, audit.UnknownTool, audit.ReasonUnknownTool, audit.BasisNone),
		plan,
	}
}
