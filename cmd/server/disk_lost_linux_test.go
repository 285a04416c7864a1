package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// brittleDisk mounts a file system that lose can make read-only while files on it are
// open. The kernel refuses that to a mere remount, also of a bind mount; a disk that
// fails does not ask.
func brittleDisk(t *testing.T) (dir, image string) {
	t.Helper()
	dir, image = t.TempDir(), filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 16<<20); err != nil {
		t.Fatal(err)
	}
	// Said here too, so that no default of the machine's can make the kernel panic.
	system(t, "mkfs.ext4", "-q", "-e", "remount-ro", image)
	mountImage(t, dir, image)
	t.Cleanup(func() { // what is mounted when the test ends, whatever became of it
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, image
}

// mountImage takes a loop device, which goes with the mount.
func mountImage(t *testing.T, dir, image string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "mount", "-o", "loop,errors=remount-ro", image, dir).CombinedOutput()
	if err != nil {
		t.Skipf("needs root and a loop device of the kernel's, which no package can bring: %v: %s", err, out)
	}
}

// lose does what ext4 does after an I/O error: from now on nothing can be written. Only
// unmounting ends that.
func lose(t *testing.T, dir string) {
	t.Helper()
	system(t, "mount", "-o", "remount,abort", dir)
}

// system runs a program of the machine's, as root.
func system(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s: %v: %s", name, err, out)
	default:
		t.Skipf("%s: %v: %s", name, err, out)
	}
}

// TestLostDisk: the disk becomes read-only under a server at work. No change is
// acknowledged, nothing is shown, refusals stay refusals, and readiness says so. A file
// system that was lost stays so until it is mounted again, and so does the server; then
// what was acknowledged is there.
func TestLostDisk(t *testing.T) {
	dir, image := brittleDisk(t)
	db := filepath.Join(dir, "data", "todos.db")
	flags := []string{"--db", db, "--min-free", "0", "--rate", "1e6", "--burst", "1000000"}
	t.Run("lost", func(t *testing.T) {
		p := startDev(t, flags...)
		alice, reader := p.token(t, "alice"), p.token(t, "admin", "read:todos")
		own := p.create(t, alice, "xxx")
		p.create(t, alice, "xxx")
		lose(t, dir)
		p.checkStuck(t, alice, reader, own)
		eventually(t, "not ready", func() bool { return p.status(t, "/readyz") == http.StatusServiceUnavailable })
		if got := p.status(t, "/livez"); got != http.StatusOK {
			t.Errorf("/livez: %d, but restarting the server does not mend a disk", got)
		}
		p.want = exitFailed // the last head is not signed
		p.stop()
		<-p.exited
	})
	if t.Failed() {
		return
	}
	if err := syscall.Unmount(dir, 0); err != nil {
		t.Fatalf("something is still open: %v", err)
	}
	mountImage(t, dir, image)
	t.Run("found", func(t *testing.T) {
		p := startDev(t, flags...)
		p.create(t, p.token(t, "alice"), "xxx")
	})
	checkWhole(t, db, 3)
}

// checkStuck makes calls of every kind while nothing can be written. The todos of alice
// have "xxx" in them, own is one of them; reader has no scope to create.
func (p *program) checkStuck(t *testing.T, alice, reader, own string) {
	t.Helper()
	for _, c := range []struct{ token, tool, arguments string }{
		{alice, "create-todo", `{"content":"x"}`}, {alice, "get-todos", `{}`}, {reader, "get-todos", `{}`},
		{alice, "delete-todo", `{"id":"` + own + `"}`},
	} {
		got := p.text(t, c.token, c.tool, c.arguments)
		if !strings.Contains(got, "audit_unavailable") && !strings.Contains(got, "outcome_unknown") || strings.Contains(got, "xxx") {
			t.Errorf("%s while nothing can be written: %.200s", c.tool, got)
		}
	}
	for _, c := range []struct{ token, tool, arguments, want string }{
		{alice, "create-todo", `{}`, "invalid_arguments"},
		{alice, "no-such-tool", `{}`, "unknown tool"},
		{reader, "create-todo", `{"content":"x"}`, "insufficient_scope"},
	} {
		if got := p.text(t, c.token, c.tool, c.arguments); !strings.Contains(got, c.want) {
			t.Errorf("a refusal of %s while nothing can be written: %.200s", c.tool, got)
		}
	}
	// Whether this one is refused is decided on rows of its transaction, if there is one.
	got := p.text(t, alice, "delete-todo", `{"id":"aaaaaaaaaaaaa"}`)
	if !strings.Contains(got, "Failed to delete todo") && !strings.Contains(got, "audit_unavailable") {
		t.Errorf("delete-todo of what is not there: %.200s", got)
	}
}
