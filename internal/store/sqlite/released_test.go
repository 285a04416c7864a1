package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestReleasedSchemas opens a database of every schema that was ever released: with todos
// of two people, one of them blocked, a third erased, and a pruned log. All is still there, the log
// verifies, can be written to, and a copy of the database as it was is kept.
//
// A fixture is a backup with its manifest, public key and signed heads.
func TestReleasedSchemas(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/released/*.db")
	if err != nil || len(fixtures) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, fixture := range fixtures {
		t.Run(filepath.Base(fixture), func(t *testing.T) { opensReleased(t, fixture) })
	}
}

func opensReleased(t *testing.T, fixture string) {
	path := filepath.Join(t.TempDir(), "todos.db")
	was, err := os.ReadFile(fixture)
	if err == nil {
		err = os.WriteFile(path, was, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s := open(t, sqlite.Options{Path: path, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	db := writerPool(t, sqlite.Options{Path: path})
	if got, want := queried(t, db, "SELECT group_concat(subject || ' ' || content, ', ' ORDER BY created_at) FROM todos"), "alice milk, alice bread, bob soap, bob zebra ☂"; got != want {
		t.Errorf("todos: %s\nwant   %s", got, want)
	}
	issuer := queried(t, db, "SELECT min(issuer) FROM todos")
	if err := s.Write(t.Context(), func(tx todos.Tx) error {
		blocked, err := tx.Blocked(todos.Owner{Issuer: issuer, Subject: "bob"})
		if err == nil && !blocked {
			t.Error("bob is no longer blocked")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	writeMany(t, s, todos.Owner{Issuer: issuer, Subject: "alice"}, 3)
	verifiesAs(t, path, fixture)
	keepsCopy(t, path, was, fixture, log.String())
}

func queried(t *testing.T, db *sql.DB, query string) (text string) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", query, err))
	}
	return text
}

// verifiesAs verifies the log with the fixture's key and heads.
func verifiesAs(t *testing.T, path, fixture string) {
	t.Helper()
	keys, err := audit.ReadKeys(fixture + ".audit-key.pub")
	if err != nil {
		t.Fatal(err)
	}
	heads, err := audit.HeadsFile(fixture + ".audit-heads").Notes()
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(t.Context(), openLog(t, path), audit.Evidence{Keys: keys, Heads: heads})
	if err != nil || !r.Complete() || r.Erased == 0 || r.FirstSeq == 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// keepsCopy wants the database as it was beside one that was upgraded, and none beside one
// that was not.
func keepsCopy(t *testing.T, path string, was []byte, fixture, log string) {
	t.Helper()
	copies, err := filepath.Glob(path + ".schema-*")
	if err != nil {
		t.Fatal(err)
	}
	_, number, _ := strings.Cut(strings.TrimSuffix(filepath.Base(fixture), ".db"), "schema-")
	version, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	c, err := sqlite.Inspect(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Version != c.Known {
		t.Errorf("the schema is %d, want %d", c.Version, c.Known)
	}
	if version == c.Known {
		if len(copies) > 0 {
			t.Errorf("copies %v, though nothing was upgraded", copies)
		}
		return
	}
	if len(copies) != 1 || !strings.Contains(log, filepath.Base(copies[0])) {
		t.Fatalf("copies %v, want one that the log tells of:\n%s", copies, log)
	}
	before, err := sqlite.Inspect(t.Context(), copies[0])
	if err != nil || before.Version != version {
		t.Errorf("the copy: %+v, %v", before, err)
	}
	if info, err := os.Stat(copies[0]); err != nil || info.Mode().Perm() != 0o600 || info.Size() != int64(len(was)) {
		t.Errorf("the copy: %v, %v", info, err)
	}
}
