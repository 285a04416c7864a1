package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/store/sqlite"
)

// plans are how SQLite must find the rows of each statement: by a range of a key, in the
// order of that key. The cost of a call then does not depend on what others keep.
var plans = map[string][]string{
	"InsertTodo": nil,
	"TodoByID":   {"SEARCH todos USING INDEX todos_by_id (issuer=? AND tenant=? AND id=?)"},
	"DeleteTodo": {"SEARCH todos USING COVERING INDEX todos_by_id (issuer=? AND tenant=? AND id=?)"},
	// The position is part of the range: a later page costs no more than the first.
	"TodosOfOwner":  {"CO-ROUTINE page", "SEARCH todos USING PRIMARY KEY (issuer=? AND tenant=? AND subject=? AND created_at>?)", "SCAN page"},
	"BytesOfOwner":  {"CO-ROUTINE page", "SEARCH todos USING PRIMARY KEY (issuer=? AND tenant=? AND subject=? AND created_at>?)", "SCAN page"},
	"BytesOfTenant": {"CO-ROUTINE page", "SEARCH todos USING INDEX todos_by_age (issuer=? AND tenant=? AND created_at>?)", "SCAN page"},
	"TodosKept":     {"SEARCH todo_counts USING PRIMARY KEY (issuer=? AND tenant=? AND subject=?)"},
	"TodosOfTenant": {"CO-ROUTINE page", "SEARCH todos USING INDEX todos_by_age (issuer=? AND tenant=? AND created_at>?)", "SCAN page"},

	// These go through one person's.
	"CountTodos":      {"SEARCH todos USING PRIMARY KEY (issuer=? AND tenant=? AND subject=?)"},
	"AgeOfNthTodo":    {"SEARCH todos USING PRIMARY KEY (issuer=? AND tenant=? AND subject=?)"},
	"DeleteTodosUpTo": {"SEARCH todos USING PRIMARY KEY (issuer=? AND tenant=? AND subject=? AND created_at<?)"},
	"EraseFromRow":    {"SEARCH audit_log USING INTEGER PRIMARY KEY (rowid=?)"},

	"MoveAuditBase":     {"SEARCH audit_chain USING INTEGER PRIMARY KEY (rowid=?)"},
	"FirstAuditSeq":     {"SEARCH audit_log"},
	"DeleteAuditUpTo":   {"SEARCH audit_log USING INTEGER PRIMARY KEY (rowid<?)"},
	"DeleteCheckpoints": {"SEARCH audit_checkpoint USING INTEGER PRIMARY KEY (rowid=?)", "LIST SUBQUERY 1", "SEARCH old USING INDEX audit_checkpoint_by_seq (seq<?)"},
	"AuditRowBytes":     {"SEARCH audit_log USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},

	// Of tenants as a whole. No text, row of the log or list of people is sorted.
	"TodosByTenant":     {"SCAN todo_counts"},
	"TodosOfTenantSize": {"SEARCH todos USING PRIMARY KEY (issuer=? AND tenant=?)"},
	"BlockedByTenant":   {"SCAN blocked"},
	"AuditRowsByTenant": {"SEARCH audit_log USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "USE TEMP B-TREE FOR GROUP BY"},
	"PeopleToMove":      {"SEARCH old USING PRIMARY KEY (issuer=? AND tenant=?)", "CORRELATED SCALAR SUBQUERY 1", "SEARCH new USING PRIMARY KEY (issuer=? AND tenant=? AND subject=?)"},
	"BlocksToCopy":      {"SEARCH old USING PRIMARY KEY (issuer=? AND tenant=?)", "CORRELATED SCALAR SUBQUERY 1", "SEARCH new USING PRIMARY KEY (issuer=? AND tenant=? AND subject=?)"},
	"TakenIDs":          {"SEARCH old USING COVERING INDEX todos_by_id (issuer=? AND tenant=?)", "SEARCH new EXISTS USING COVERING INDEX todos_by_id (issuer=? AND tenant=? AND id=?)"},
	"FirstWithTodos":    {"SEARCH todos USING PRIMARY KEY (issuer=? AND tenant=?)"},
	"MoveTodos":         {"SEARCH todos USING PRIMARY KEY (issuer=? AND tenant=? AND subject=?)"},
	"CopyBlocks":        {"SEARCH old USING PRIMARY KEY (issuer=? AND tenant=?)"},
	"TenantMoves": {
		"CO-ROUTINE number", "SETUP", "SEARCH audit_log", "RECURSIVE STEP",
		"SCAN number", "SCALAR SUBQUERY 5", "SEARCH audit_log", "SCAN number",
		"SEARCH move USING INDEX audit_log_by_subject (<expr>=? AND subject=?)",
	},

	"AuditGroups": {"SEARCH audit_log USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "USE TEMP B-TREE FOR GROUP BY"},

	"AppendAudit":      nil,
	"AuditHead":        {"SEARCH audit_chain USING INTEGER PRIMARY KEY (rowid=?)", "SCALAR SUBQUERY 1", "SCAN blocked"},
	"AuditChain":       {"SEARCH audit_chain USING INTEGER PRIMARY KEY (rowid=?)", "SCALAR SUBQUERY 1", "SEARCH audit_log", "SCALAR SUBQUERY 2", "SEARCH audit_log"},
	"AllCheckpoints":   {"SCAN audit_checkpoint USING INDEX audit_checkpoint_by_seq"},
	"MoveAuditHead":    {"SEARCH audit_chain USING INTEGER PRIMARY KEY (rowid=?)"},
	"AuditTimeOf":      {"SEARCH audit_log USING INTEGER PRIMARY KEY (rowid=?)"},
	"AuditHashOf":      {"SEARCH audit_log USING INTEGER PRIMARY KEY (rowid=?)"},
	"AppendCheckpoint": {"SEARCH audit_checkpoint"},
	"LastCheckpoint":   {"SCAN audit_checkpoint"}, // newest first, and stops there

	"IsBlocked": {"SCAN CONSTANT ROW", "SCALAR SUBQUERY 1", "SEARCH blocked USING PRIMARY KEY (issuer=? AND tenant=? AND subject=?)"},
	"BlockedAt": {"SEARCH blocked USING PRIMARY KEY (issuer=? AND tenant=? AND subject=?)"},
	"Block":     nil,
	"Unblock":   {"SEARCH blocked USING PRIMARY KEY (issuer=? AND tenant=? AND subject=?)"},
	"Probe":     {"SEARCH probe USING INTEGER PRIMARY KEY (rowid=?)"},
}

// TestQueryPlans explains every statement, on a database with many rows, with and
// without the planner's statistics.
func TestQueryPlans(t *testing.T) {
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db")}
	open(t, o)
	db := writerPool(t, o)
	fill(t, db)
	for _, step := range []string{"SELECT 1", "ANALYZE"} {
		if _, err := db.Exec(step); err != nil {
			t.Fatal(err)
		}
		for _, s := range generated(t) {
			want, ok := plans[s.name]
			if !ok {
				t.Errorf("%s: nobody has said how its rows are to be found", s.name)
				continue
			}
			if diff := cmp.Diff(want, explain(t, db, s)); diff != "" {
				t.Errorf("after %s, %s (-want +got):\n%s", step, s.name, diff)
			}
		}
	}
}

func writerPool(t *testing.T, o sqlite.Options) *sql.DB {
	t.Helper()
	db, err := o.WriterPool()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// fill stores 3,000 todos of 40 people in 4 tenants, and as many audit rows.
func fill(t *testing.T, db *sql.DB) {
	t.Helper()
	const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 3000) "
	for _, text := range []string{
		numbers + `INSERT INTO todos SELECT 'https://id.example', 'tenant' || (i%4), 'person' || (i%40), printf('todo%09d', i), 'x', i/3 FROM n`,
		numbers + `INSERT INTO audit_log (seq, occurred_at, event, tool, decision, reason, basis, scopes_granted, scopes_used,
			issuer, tenant, subject, token_sha256, token_id, request_id, duration_us, hash)
			SELECT i, i, 'tool.call', 'get-todos', 'allow', 'ok', 'owner', '', '', 'i', '', 'person' || (i%40), zeroblob(32), '', '', 0, zeroblob(32) FROM n`,
	} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
}

func explain(t *testing.T, db *sql.DB, s statement) (steps []string) {
	t.Helper()
	rows, err := db.Query("EXPLAIN QUERY PLAN "+s.text, make([]any, s.parameters(t))...)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, strings.TrimSpace(detail))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
