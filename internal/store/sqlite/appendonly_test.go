package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"todomanager/internal/store/sqlite"
)

// TestAuditLogIsAppendOnly: no statement on a connection like the writer's changes or
// removes a row, by accident or by a defect of this program.
//
// What the triggers cannot stop is somebody who means to: DROP TRIGGER and DROP TABLE
// work on this very connection, a connection without recursive_triggers may INSERT OR
// REPLACE, and any program that can write the file can write other bytes into it.
func TestAuditLogIsAppendOnly(t *testing.T) {
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db")}
	s := open(t, o)
	for n := range 2 {
		if err := s.Write(t.Context(), create(id(n), "x")); err != nil {
			t.Fatal(err)
		}
	}
	db := writerPool(t, o)
	const columns = `chain, occurred_at, event, tool, decision, reason, basis, scopes_granted, scopes_used, target_id, result_count,
		issuer, tenant, request_id, trace_id, duration_us, details, %s, client_id, token_sha256, token_id, actor_salt, actor_commit,
		target_subject, target_salt, target_commit, hash`
	copied := "SELECT 1, " + fmt.Sprintf(columns, "'mallory'") + " FROM audit_log WHERE seq = 2"
	for _, attack := range []struct{ name, text, refusal string }{
		{"update", "UPDATE audit_log SET subject = 'mallory'", "append-only"},
		{"update of one column to itself", "UPDATE audit_log SET seq = seq WHERE seq = 1", "append-only"},
		{"update or replace", "UPDATE OR REPLACE audit_log SET seq = 1 WHERE seq = 2", "append-only"},
		{"update or ignore", "UPDATE OR IGNORE audit_log SET subject = 'mallory'", "append-only"},
		{"delete of the newest", "DELETE FROM audit_log WHERE seq = 2", "append-only"},
		{"delete of all", "DELETE FROM audit_log", "append-only"}, // without triggers SQLite would truncate
		{"replace", "REPLACE INTO audit_log " + copied, "no gaps"},
		{"insert or replace", "INSERT OR REPLACE INTO audit_log " + copied, "no gaps"},
		{"upsert", "INSERT INTO audit_log " + copied + " ON CONFLICT (seq) DO UPDATE SET subject = 'mallory'", "no gaps"},
		{"a second row of the same seq", "INSERT INTO audit_log " + copied, "no gaps"},
		{"a row in front of the first", strings.Replace("INSERT INTO audit_log "+copied, "SELECT 1,", "SELECT 0,", 1), "no gaps"},
		{"a row behind a gap", strings.Replace("INSERT INTO audit_log "+copied, "SELECT 1,", "SELECT 4,", 1), "no gaps"},
		{"half of an erasure", "UPDATE audit_log SET subject = NULL WHERE seq = 1", "append-only"},
		{"erasure with a change", `UPDATE audit_log SET subject = NULL, client_id = NULL, token_sha256 = NULL, token_id = NULL, actor_salt = NULL,
			actor_commit = zeroblob(32), tool = 'x' WHERE seq = 1`, "append-only"},
		{"erasure without a commitment", `UPDATE audit_log SET subject = NULL, client_id = NULL, token_sha256 = NULL, token_id = NULL, actor_salt = NULL,
			target_commit = zeroblob(32) WHERE seq = 1`, "append-only"},
		{"base without its row's hash", "UPDATE audit_chain SET base_seq = 1", "base only moves forward"},
		{"base beyond the log", "UPDATE audit_chain SET base_seq = 3", "base only moves forward"},
		{"head back", "UPDATE audit_chain SET head_seq = 1, head_hash = (SELECT hash FROM audit_log WHERE seq = 1)", "last row"},
		{"head with another hash", "UPDATE audit_chain SET head_hash = zeroblob(32)", "last row"},
		{"another log", "UPDATE audit_chain SET log_id = 'x'", "last row"},
		{"no chain", "DELETE FROM audit_chain", "one row"},
		{"chain replaced", "REPLACE INTO audit_chain SELECT * FROM audit_chain", "one row"},
		{"schema edit", "UPDATE sqlite_schema SET sql = '' WHERE name = 'audit_log_update'", "may not be modified"},
	} {
		t.Run(attack.name, func(t *testing.T) {
			if _, err := db.Exec(attack.text); err == nil || !strings.Contains(err.Error(), attack.refusal) {
				t.Errorf("got %v, want a refusal with %q", err, attack.refusal)
			}
			var n, genuine int
			if err := db.QueryRow("SELECT count(*), sum(subject = 'alice') FROM audit_log").Scan(&n, &genuine); err != nil {
				t.Fatal(err)
			}
			if n != 2 || genuine != 2 {
				t.Errorf("%d rows, %d as they were, want 2 and 2", n, genuine)
			}
		})
	}
	t.Run("writable_schema stays off", func(t *testing.T) {
		if _, err := db.Exec("PRAGMA writable_schema = 1"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("DELETE FROM sqlite_schema WHERE type = 'trigger'"); err == nil {
			t.Error("the triggers could be taken out of the schema")
		}
	})
}
