package sqlite_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todomanager/internal/store/sqlite"
)

// TestRestoreBesideWriter: a database to which another program is writing is not replaced under it.
func TestRestoreBesideWriter(t *testing.T) {
	t.Parallel() // waits for five seconds
	path := filepath.Join(t.TempDir(), "todos.db")
	open(t, sqlite.Options{Path: path}).Close()
	copied, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.BeginRestoration(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Fill(bytes.NewReader(copied)); err != nil {
		t.Fatal(err)
	}
	conn, err := writerPool(t, sqlite.Options{Path: path}).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE; UPDATE probe SET written_at = 1"); err != nil {
		t.Fatal(err)
	}
	if err := r.Keep(t.Context(), path+".before"); err == nil || !strings.Contains(err.Error(), "another program uses the database") {
		t.Errorf("it would be replaced: %v", err)
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := r.Keep(t.Context(), path+".before"); err != nil {
		t.Error(err)
	}
	if err := r.Swap(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestRestorationGivenUp: the database that stays in place keeps no other name, by which somebody
// might open it beside the server.
func TestRestorationGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	open(t, sqlite.Options{Path: path}).Close()
	copied, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	killed := path + ".before-20260329T015900.000Z" // what one left that was killed
	if err := os.Link(path, killed); err != nil {
		t.Fatal(err)
	}
	old := path + ".before-20250329T015900.000Z" // what one kept that was carried out
	if err := os.WriteFile(old, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.BeginRestoration(path)
	if err != nil {
		t.Fatal(err)
	}
	kept := r.Kept(time.Now())
	if err := errors.Join(r.Fill(bytes.NewReader(copied)), r.Keep(t.Context(), kept)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if names, err := filepath.Glob(path + ".before-*"); err != nil || len(names) != 1 || names[0] != old {
		t.Errorf("%v, %v", names, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestRestorationKeepsLog: a write-ahead log that cannot be folded into its database outlives a
// restoration that puts no copy in place, whether it fails or is killed.
func TestRestorationKeepsLog(t *testing.T) {
	const log = "what the database does not have"
	begin := func(t *testing.T, path string) *sqlite.Restoration {
		t.Helper()
		r, err := sqlite.BeginRestoration(path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	// prepare returns a restoration with all ready for Swap.
	prepare := func(t *testing.T) (r *sqlite.Restoration, path, kept string) {
		t.Helper()
		path = filepath.Join(t.TempDir(), "todos.db")
		open(t, sqlite.Options{Path: path}).Close()
		copied, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// SQLite cannot read a log without its -shm file.
		if err := errors.Join(os.WriteFile(path+"-wal", []byte(log), 0o600), os.Mkdir(path+"-shm", 0o700)); err != nil {
			t.Fatal(err)
		}
		r = begin(t, path)
		kept = r.Kept(time.Now())
		if err := errors.Join(r.Fill(bytes.NewReader(copied)), r.Keep(t.Context(), kept)); err != nil {
			t.Fatal(err)
		}
		return r, path, kept
	}
	holds := func(t *testing.T, name, want string) {
		t.Helper()
		if text, err := os.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s: %.40q, %v", filepath.Base(name), text, err)
		}
	}
	gone := func(t *testing.T, names ...string) {
		t.Helper()
		for _, name := range names {
			if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is still there: %v", filepath.Base(name), err)
			}
		}
	}
	t.Run("the copy cannot be put in place", func(t *testing.T) {
		r, path, kept := prepare(t)
		if err := os.Remove(r.Copy()); err != nil {
			t.Fatal(err)
		}
		if err := r.Swap(t.Context()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("put in place: %v", err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		holds(t, path+"-wal", log)
		gone(t, kept, kept+"-wal")
	})
	for name, since := range map[string]string{"killed": "", "killed, and served since": "another log"} {
		t.Run(name, func(t *testing.T) {
			r, path, kept := prepare(t)
			if err := os.Remove(path + "-wal"); err != nil { // as Swap does before the rename
				t.Fatal(err)
			}
			if since != "" {
				if err := os.WriteFile(path+"-wal", []byte(since), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if err := begin(t, path).Close(); err != nil {
				t.Error(err)
			}
			holds(t, kept+"-wal", log)
			gone(t, kept)
		})
	}
}

// TestNameOfAKilledRestoration: nobody writes to a database by the name that a killed restoration
// left it, beside a server that has it open by the other.
func TestNameOfAKilledRestoration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	open(t, sqlite.Options{Path: path})
	killed := path + ".before-20260329T015900.000Z"
	if err := os.Link(path, killed); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.OpenAdmin(t.Context(), killed); err == nil || !strings.Contains(err.Error(), "is another name of "+path) {
		t.Error(err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: killed, Logger: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("a second server serves it")
	}
	a, err := sqlite.OpenAdmin(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
