package sqlite_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lib "modernc.org/sqlite/lib"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// files returns the content of everything in a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	content := make(map[string]string)
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		content[entry.Name()] = string(text)
	}
	return content
}

// readLog opens the log, reads it in full and closes it.
func readLog(t *testing.T, path string) (rows int) {
	t.Helper()
	log, err := sqlite.OpenAuditLog(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Each(t.Context(), audit.Filter{}, func(audit.Row) error { rows++; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestReadingBesideAServer: reading the log changes nothing that lasts, does not fold
// the server's WAL, and sees what was acknowledged. The -shm file is shared memory, in
// which readers mark their place.
func TestReadingBesideAServer(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "todos.db")
	s := open(t, sqlite.Options{Path: path})
	for n := range 3 {
		if err := s.Write(t.Context(), create(id(n), "x")); err != nil {
			t.Fatal(err)
		}
		before := files(t, dir)
		if got := readLog(t, path); got != n+1 {
			t.Errorf("%d rows, want %d", got, n+1)
		}
		after := files(t, dir)
		delete(before, "todos.db-shm")
		delete(after, "todos.db-shm")
		if diff := cmp.Diff(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))); diff != "" {
			t.Errorf("files (-before +after):\n%s", diff)
		}
		for name := range before {
			if before[name] != after[name] {
				t.Errorf("%s was changed", name)
			}
		}
	}
}

// TestReadingAStoppedDatabase: the database and the lock stay as they are. SQLite needs
// its -shm file to read a database in WAL mode, also read-only, and leaves it behind
// with an empty -wal; the next server takes them away.
func TestReadingAStoppedDatabase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "todos.db")
	o := sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)}
	s, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), create(id(0), "x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	if diff := cmp.Diff([]string{"todos.db", "todos.db.lock"}, slices.Sorted(maps.Keys(before))); diff != "" {
		t.Fatalf("a stopped database (-want +got):\n%s", diff)
	}

	for range 2 {
		if got := readLog(t, path); got != 1 {
			t.Errorf("%d rows, want 1", got)
		}
	}
	after := files(t, dir)
	if wal, left := after["todos.db-wal"]; left && wal != "" {
		t.Error("reading wrote to the WAL")
	}
	delete(after, "todos.db-wal")
	delete(after, "todos.db-shm")
	for name := range after {
		if before[name] != after[name] {
			t.Errorf("%s was changed or made", name)
		}
	}
	if len(after) != len(before) {
		t.Errorf("files before %v, after %v", len(before), len(after))
	}

	if s, err = sqlite.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"todos.db", "todos.db.lock"}, slices.Sorted(maps.Keys(files(t, dir)))); diff != "" {
		t.Errorf("stopped again (-want +got):\n%s", diff)
	}
}

// TestLongLog: rows are read in pages, and no row is lost or repeated where two meet.
func TestLongLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	for _, rows := range []int{499, 1, 1, 499} { // 499, 500, 501, 1000
		if err := s.Write(t.Context(), func(tx todos.Tx) error {
			for range rows {
				if err := tx.Record(created(id(0))); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		stored(t, s, path) // checks that there are no gaps
		if head := readLog(t, path); int64(head) != newest(t, path) {
			t.Errorf("%d rows, the newest is number %d", head, newest(t, path))
		}
	}
}

func newest(t *testing.T, path string) (seq int64) {
	t.Helper()
	_, err := openLog(t, path).Each(t.Context(), audit.Filter{Limit: 1}, func(r audit.Row) error { seq = r.Seq; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// TestReadingStopped: whoever stops a command is not told to name another file.
func TestReadingStopped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	if err := s.Write(t.Context(), create(id(0), "x")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	log := openLog(t, path)
	cancel()
	_, err := log.Each(ctx, audit.Filter{}, func(audit.Row) error { return nil })
	if !errors.Is(err, context.Canceled) || err.Error() != context.Canceled.Error() {
		t.Errorf("stopped: %v", err)
	}
	if _, err := sqlite.Inspect(ctx, path); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), ";") {
		t.Errorf("stopped: %v", err)
	}
}

// TestMend: what is said to help could.
func TestMend(t *testing.T) {
	for code, want := range map[int]string{
		lib.SQLITE_ERROR:    "name the file",
		lib.SQLITE_NOTADB:   "name the file",
		lib.SQLITE_CORRUPT:  "restore a backup",
		lib.SQLITE_CANTOPEN: "run this as the server's user",
		lib.SQLITE_IOERR:    "look at the file and its disk",
		lib.SQLITE_FULL:     "look at the file and its disk",
	} {
		if got := sqlite.WithMend(sqliteError(code)).Error(); !strings.Contains(got, "; ") || !strings.Contains(got, want) {
			t.Errorf("%d: %s", code, got)
		}
	}
}
