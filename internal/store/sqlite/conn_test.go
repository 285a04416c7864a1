package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"todomanager/internal/store/sqlite"
)

// TestSettings asks each kind of connection for its settings: SQLite ignores a misspelt
// one, and one that comes too late, without a word.
func TestSettings(t *testing.T) {
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db")}
	open(t, o)
	type settings map[string]string
	for _, c := range []struct {
		name string
		pool func() (*sql.DB, error)
		want settings
	}{
		{"writer", o.WriterPool, settings{"query_only": "0", "synchronous": "2", "cache_size": "-6000", "journal_size_limit": "67108864"}},
		{"reader", o.ReaderPool, settings{"query_only": "1", "cache_size": "-2000"}},
		{"looker", o.LookerPool, settings{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := c.pool()
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for name, want := range (settings{
				"journal_mode": "wal", "auto_vacuum": "2", "busy_timeout": "5000", "foreign_keys": "1",
				"recursive_triggers": "1", "trusted_schema": "0", "cell_size_check": "1", "temp_store": "2",
			}) {
				c.want[name] = want
			}
			for name, want := range c.want {
				var got string
				if err := db.QueryRow("PRAGMA " + name).Scan(&got); err != nil || got != want {
					t.Errorf("%s is %q (%v), want %q", name, got, err, want)
				}
			}
			if _, err := db.Exec(`SELECT "a string in double quotes"`); err == nil {
				t.Error("an unknown column in double quotes is taken for a string")
			}
		})
	}
}

// TestReadersCannotWrite: only the writer's connection can, whatever a query says.
func TestReadersCannotWrite(t *testing.T) {
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db")}
	open(t, o)
	for name, pool := range map[string]func() (*sql.DB, error){"reader": o.ReaderPool, "looker": o.LookerPool} {
		db, err := pool()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"DELETE FROM todos", "CREATE TABLE t (x)", "DROP TRIGGER audit_log_delete", "VACUUM"} {
			if _, err := db.Exec(text); err == nil || !strings.Contains(err.Error(), "readonly") {
				t.Errorf("%s: %s: %v, want a refusal", name, text, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
