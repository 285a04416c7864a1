package main

import (
	"bytes"
	"database/sql"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestKillRestore kills restore at a random moment, again and again. Each time there is the
// old database or the copy, whole, with a log that verifies, and restore can be run again.
func TestKillRestore(t *testing.T) {
	p := startDev(t)
	copied := filepath.Join(t.TempDir(), "copy.db")
	token := p.token(t, "alice")
	create := func(text string) {
		m := message{method: http.MethodPost, url: p.url, token: token, body: toolCall("create-todo", `{"content":"`+text+`"}`)}
		if a, err := m.send(t.Context()); err != nil || a.status != http.StatusOK {
			t.Fatal(a, err)
		}
	}
	create("in the copy")
	mustRun(t, "backup", "--db", p.db, copied)
	create("after the copy")
	p.stop()
	<-p.exited
	mustRun(t, "audit", "prune", "--db", p.db, "--older-than", "2999-01-01", "--discard") // the statement about that must hold until the copy is in place

	began := time.Now()
	restoreUntil(t, placed(t, p.db), copied, time.Minute)
	whole := time.Since(began)
	states := map[int]int{}
	for range 4 * *kills {
		db := placed(t, p.db)
		restoreUntil(t, db, copied, rand.N(whole))
		mustRun(t, "audit", "verify", "--db", db)
		withVictim(t, db, "PRAGMA integrity_check")
		n := len(todosIn(t, db))
		if states[n]++; n != 1 && n != 2 {
			t.Fatalf("%d todos", n)
		}
		mustRun(t, "restore", "--db", db, copied)
		mustRun(t, "audit", "verify", "--db", db)
	}
	t.Logf("%d kills within %v: %d times the old database was there, %d times the copy", 4**kills, whole, states[2], states[1])
}

// placed returns a copy of a stopped database with what belongs to it, in a folder of its own.
func placed(t *testing.T, db string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "todos.db")
	for _, suffix := range []string{"", ".audit-key", ".audit-key.pub", ".audit-heads"} {
		text, err := os.ReadFile(db + suffix)
		if err == nil {
			err = os.WriteFile(to+suffix, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// restoreUntil runs restore in a process of its own, and kills that after a time.
func restoreUntil(t *testing.T, db, copied string, after time.Duration) {
	t.Helper()
	runUntil(t, after, "restore", "--db", db, copied)
}

// runUntil runs a command in a process of its own, and kills that after a time.
func runUntil(t *testing.T, after time.Duration, args ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{Path: self, Args: append([]string{"server"}, args...)}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Wait()
}

// mustRun runs a command inside the test.
func mustRun(t *testing.T, args ...string) {
	t.Helper()
	var out bytes.Buffer
	if code := run(t.Context(), args, &out, &out); code != exitOK {
		t.Fatalf("server %v: exit code %d\n%s", args, code, out.String())
	}
}

func todosIn(t *testing.T, path string) (contents []string) {
	t.Helper()
	err := withDatabase(path, func(db *sql.DB) error {
		rows, err := db.QueryContext(t.Context(), "SELECT content FROM todos")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var content string
			if err := rows.Scan(&content); err != nil {
				return err
			}
			contents = append(contents, content)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return contents
}
