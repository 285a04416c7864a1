package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	if err := r.Swap(); err != nil {
		t.Error(err)
	}
}
