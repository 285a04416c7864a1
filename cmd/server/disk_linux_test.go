package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"todomanager/internal/audit"
)

// smallDisk mounts a file system of 8 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount: %v", err)
		}
		t.Skipf("needs a file system of its own, which only root can mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk: on a full disk calls fail with the right error, change nothing and show
// nothing; refusals stay refusals; readiness says so. With space again all of it works,
// without a restart, and what was acknowledged is there.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t)
	db := filepath.Join(dir, "todos.db")
	p := startDev(t, "--db", db, "--min-free", "0", "--rate", "1e6", "--burst", "1000000")
	p.db = db
	token, reader := p.token(t, "alice"), p.token(t, "admin", "read:todos")
	acknowledged := 0
	create := func() string {
		got := p.text(t, token, "create-todo", `{"content":"`+strings.Repeat("x", 1000)+`"}`)
		if strings.Contains(got, `"ownerId"`) {
			acknowledged++
			return ""
		}
		return got
	}
	own := p.create(t, token, strings.Repeat("x", 1000))
	acknowledged++

	filler := filepath.Join(dir, "filler")
	fillUp(t, filler)
	var failed string
	for range 5000 { // what is left of the write-ahead log may still be written over
		if failed = create(); failed != "" {
			break
		}
	}
	if !strings.Contains(failed, "audit_unavailable") && !strings.Contains(failed, "outcome_unknown") {
		t.Fatalf("on a full disk: %q", failed)
	}
	p.checkStuck(t, token, reader, own)
	eventually(t, "not ready", func() bool { return p.status(t, "/readyz") == http.StatusServiceUnavailable })

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ready again", func() bool { return p.status(t, "/readyz") == http.StatusOK })
	if got := create(); got != "" {
		t.Errorf("with space again: %s", got)
	}
	p.stop()
	<-p.exited
	checkWhole(t, db, acknowledged)
}

// checkWhole verifies the log and compares it and the todos with what was acknowledged.
func checkWhole(t *testing.T, db string, acknowledged int) {
	t.Helper()
	var out log
	if code := run(t.Context(), []string{"audit", "verify", "--db", db}, &out, &out); code != exitOK {
		t.Errorf("audit verify: exit code %d\n%s", code, out.String())
	}
	withVictim(t, db, "PRAGMA integrity_check")
	kept, err := keptTodos(db)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := auditRows(db)
	if err != nil {
		t.Fatal(err)
	}
	rows = slices.DeleteFunc(rows, func(r audit.Row) bool { return r.Tool != "create-todo" || r.Decision != audit.Allow })
	// A commit that was not confirmed may be there.
	if len(kept) != len(rows) || len(kept) < acknowledged || len(kept) > acknowledged+1 {
		t.Errorf("%d acknowledged, %d rows, %d todos", acknowledged, len(rows), len(kept))
	}
}

// TestReadOnlyDisk: a server does not start on what it cannot write, and says what to do.
func TestReadOnlyDisk(t *testing.T) {
	dir := smallDisk(t)
	db := filepath.Join(dir, "todos.db")
	t.Run("write", func(t *testing.T) {
		p := startDev(t, "--db", db, "--min-free", "0")
		p.text(t, p.token(t, "alice"), "create-todo", `{"content":"x"}`)
	})
	remount := func(flags uintptr) {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|flags, "size=8m"); err != nil {
			t.Fatalf("remount: %v", err)
		}
	}
	remount(syscall.MS_RDONLY)
	for _, c := range []struct {
		args []string
		mend string
	}{
		{[]string{"serve", "--issuer", "http://localhost:1", "--listen", "127.0.0.1:" + freePort()}, "name a file that this user may write (--db)"},
		{[]string{"audit", "list"}, "run this as the server's user, or look at a copy"},
		{[]string{"user", "block", "alice", "--issuer", "http://localhost:1"}, "server: "},
	} {
		var out log
		if code := run(t.Context(), append(c.args, "--db", db), &out, &out); code != exitFailed || !strings.Contains(out.String(), c.mend) {
			t.Errorf("%v: exit code %d\n%s", c.args, code, out.String())
		}
	}
	remount(0)
	t.Run("write again", func(t *testing.T) {
		p := startDev(t, "--db", db, "--min-free", "0")
		p.text(t, p.token(t, "alice"), "create-todo", `{"content":"y"}`)
	})
	if kept, err := keptTodos(db); err != nil || !slices.Equal(kept, []string{"alice x", "alice y"}) {
		t.Errorf("kept %v, %v", kept, err)
	}
}

// fillUp writes a file until there is no space left.
func fillUp(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, size := range []int{64 << 10, 1} {
		for err = nil; err == nil; {
			_, err = file.Write(bytes.Repeat([]byte{1}, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}

func (p *program) status(t *testing.T, path string) int {
	t.Helper()
	resp, err := http.Get(p.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}
