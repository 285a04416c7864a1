package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestNewDatabase: only its owner can read what is created, and the log says loudly that
// it was: a wrong path must not look like an empty list.
func TestNewDatabase(t *testing.T) {
	given := t.TempDir()
	if err := os.Chmod(given, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(given, "made", "here", "todos.db")
	var log bytes.Buffer
	o := sqlite.Options{Path: path, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	s, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), create(id(0), "x")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		given:                        fs.ModeDir | 0o755, // what was there keeps its mode
		filepath.Join(given, "made"): fs.ModeDir | 0o700,
		filepath.Dir(path):           fs.ModeDir | 0o700,
		path:                         0o600,
		path + "-wal":                0o600,
		path + "-shm":                0o600,
		path + ".lock":               0o600,
	} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	if line, _, _ := strings.Cut(log.String(), "\n"); !strings.Contains(line, "level=WARN") || !strings.Contains(line, path) {
		t.Errorf("the log does not warn of a new database: %s", log.String())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	log.Reset()
	s = open(t, o)
	if kept, recorded := stored(t, s, path); len(kept) != 1 || len(recorded) != 1 {
		t.Errorf("opened again it holds %d todos and %d rows, want 1 and 1", len(kept), len(recorded))
	}
	if log.Len() > 0 {
		t.Errorf("opening an existing database is no news: %s", log.String())
	}
}

// TestPathIsAPath: nothing in it is taken for a setting of the connection.
func TestPathIsAPath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{
		"a b.db", "per%20cent%.db", "what?mode=memory&cache=shared.db", "hash#tag.db", "file:x.db", ":memory:", "plus+ampersand&.db", "ü.db",
	} {
		s := open(t, sqlite.Options{Path: name})
		if err := s.Write(t.Context(), create(id(0), "x")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if kept, recorded := stored(t, s, name); len(kept) != 1 || len(recorded) != 1 {
			t.Errorf("%s: %d todos, %d rows, want 1 and 1", name, len(kept), len(recorded))
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: the file of this name is not the database: %v", name, err)
		}
	}
}

// TestNotADatabase: what is at the path and is no database stays as it is.
func TestNotADatabase(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "letter.txt")
	text := bytes.Repeat([]byte("Dear SQLite, this is no database. "), 1000)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file, filepath.Join(file, "todos.db")} {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", path)
		} else if !strings.Contains(err.Error(), path) && !strings.Contains(err.Error(), file) {
			t.Errorf("the error does not name the path: %v", err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, text) {
		t.Errorf("the file was changed: %v", err)
	}
}

// TestNewerDatabase: a database that a newer program has upgraded is refused and left
// alone, and its lock is not kept.
func TestNewerDatabase(t *testing.T) {
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db"), Logger: slog.New(slog.DiscardHandler)}
	s, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	setVersion := func(text string) {
		t.Helper()
		db, err := o.WriterPool()
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(text)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	setVersion("INSERT INTO goose_db_version (version_id, is_applied) VALUES (4711, 1)")
	before, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}

	s, err = sqlite.Open(t.Context(), o)
	if !errors.Is(err, sqlite.ErrTooNew) {
		t.Fatalf("got %v, %v, want %v", s, err, sqlite.ErrTooNew)
	}
	for _, part := range []string{"4711", "knows 4", o.Path} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	after, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range [][]byte{before, after} { // but for the count of changes that SQLite keeps in two places
		clear(content[24:28])
		clear(content[92:96])
	}
	if !bytes.Equal(after, before) {
		t.Error("the refused database was changed")
	}
	setVersion("DELETE FROM goose_db_version WHERE version_id = 4711")
	open(t, o)
}

// TestLock: one process serves a database, and a second one does not disturb it.
func TestLock(t *testing.T) {
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db"), Logger: slog.New(slog.DiscardHandler)}
	first, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		second, err := sqlite.Open(t.Context(), o)
		if !errors.Is(err, sqlite.ErrServed) {
			t.Fatalf("got %v, %v, want %v", second, err, sqlite.ErrServed)
		}
		if !strings.Contains(err.Error(), o.Path) {
			t.Errorf("the error does not name the database: %v", err)
		}
	}
	if err := first.Write(t.Context(), create(id(0), "x")); err != nil {
		t.Errorf("the first one can no longer write: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if kept, _ := stored(t, open(t, o), o.Path); len(kept) != 1 {
		t.Errorf("%d todos, want 1", len(kept))
	}
}

// TestVanishedFile: once the file is gone no connection makes a new one, whether it is
// the writer's, which a failed rollback has closed, or that of another process.
func TestVanishedFile(t *testing.T) {
	s, f, path := openFaulty(t)
	f.set(func(text string, _ rawExec) error {
		if text == "COMMIT" || text == "ROLLBACK" {
			return errDisk
		}
		return nil
	})
	if err := s.Write(t.Context(), create(id(0), "x")); !errors.Is(err, todos.ErrOutcomeUnknown) {
		t.Fatalf("got %v, want %v", err, todos.ErrOutcomeUnknown)
	}
	f.set(nil)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Write(t.Context(), create(id(1), "x")); !errors.Is(err, todos.ErrAuditUnavailable) {
			t.Errorf("write: %v, want %v", err, todos.ErrAuditUnavailable)
		}
		if err := s.Ready(t.Context()); err == nil {
			t.Error("ready without a database")
		}
		if log, err := sqlite.OpenAuditLog(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("audit log: %v, %v, want %v", log, err, fs.ErrNotExist)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a new file was created: %v", err)
	}

	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), create(id(2), "x")); err != nil {
		t.Errorf("the file is back and the store does not recover: %v", err)
	}
	if kept, recorded := stored(t, s, path); len(kept) != 1 || len(recorded) != 1 {
		t.Errorf("%d todos, %d rows, want 1 and 1", len(kept), len(recorded))
	}
}

// TestVanishedUnderReader: a log that was opened and finds no file when it first reads
// says so.
func TestVanishedUnderReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	open(t, sqlite.Options{Path: path})
	log := openLog(t, path)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Each(t.Context(), audit.Filter{}, func(audit.Row) error { return nil }); err == nil {
		t.Error("a log without a file was read")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a new file was created: %v", err)
	}
}

// TestForeignDatabase: another program's database is not made ours by a slip of the path.
func TestForeignDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE bookmarks (url TEXT)"); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		s.Close()
	}
	if after, readErr := os.ReadFile(path); readErr != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed (%v)", readErr)
	}
	if err == nil || !strings.Contains(err.Error(), "another program") || !strings.Contains(err.Error(), "--db") {
		t.Errorf("got %v", err)
	}
	var tables int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil || tables != 1 {
		t.Errorf("%d tables (%v), want the one that was there", tables, err)
	}
}

// TestLitestreamFirst: Litestream's tables in a file that was just made do not keep us from
// making ours, nor from giving free pages back later.
func TestLitestreamFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range []string{
		"PRAGMA journal_mode = WAL",
		"CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
		"CREATE TABLE _litestream_lock (id INTEGER)",
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	reading, err := db.BeginTx(t.Context(), nil) // as it always does
	if err != nil {
		t.Fatal(err)
	}
	var theirs int
	if err := reading.QueryRowContext(t.Context(), "SELECT count(*) FROM _litestream_seq").Scan(&theirs); err != nil {
		t.Fatal(err)
	}
	s := open(t, sqlite.Options{Path: path})
	if err := s.Write(t.Context(), create(id(0), "x")); err != nil {
		t.Fatal(err)
	}
	if err := reading.Rollback(); err != nil {
		t.Fatal(err)
	}
	const incremental = 2
	var mode int
	err = db.QueryRowContext(t.Context(), "SELECT auto_vacuum, (SELECT count(*) FROM _litestream_seq) FROM pragma_auto_vacuum").Scan(&mode, &theirs)
	if err != nil || mode != incremental {
		t.Errorf("auto_vacuum is %d (%v), want %d", mode, err, incremental)
	}
}

// TestEmptyDatabaseWithALog: a database that was cut off to nothing is not opened while its
// write-ahead log is there, since SQLite would remove the log. A restoration keeps it.
func TestEmptyDatabaseWithALog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const data = "what was acknowledged"
	if err := os.WriteFile(path+"-wal", []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	_, opened := sqlite.Open(t.Context(), sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	_, administered := sqlite.OpenAdmin(t.Context(), path)
	_, read := sqlite.OpenAuditLog(t.Context(), path)
	_, inspected := sqlite.Inspect(t.Context(), path)
	for _, err := range []error{opened, administered, read, inspected} {
		if err == nil || !strings.Contains(err.Error(), "todos.db is empty but its write-ahead log") {
			t.Error(err)
		}
	}
	r, err := sqlite.BeginRestoration(path)
	if err != nil {
		t.Fatal(err)
	}
	kept := r.Kept(time.Now())
	copied := filepath.Join(t.TempDir(), "copy.db")
	open(t, sqlite.Options{Path: copied}).Close()
	whole, err := os.ReadFile(copied)
	if err := errors.Join(err, r.Fill(bytes.NewReader(whole)), r.Keep(t.Context(), kept), r.Swap(t.Context()), r.Close()); err != nil {
		t.Fatal(err)
	}
	if log, err := os.ReadFile(kept + "-wal"); err != nil || string(log) != data {
		t.Errorf("the log that was kept: %q, %v", log, err)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("the log is beside the copy")
	}
}
