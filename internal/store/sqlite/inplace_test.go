package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"todomanager/internal/store/sqlite"
)

// TestFileTakenAway: a store whose file was taken away or exchanged would go on writing
// into a file that nobody can open any more.
func TestFileTakenAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err == nil {
		t.Error("ready without a database file")
	}
	if err := s.Write(t.Context(), create(id(0), "x")); err == nil {
		t.Error("a write was acknowledged that is in no database")
	}
}
