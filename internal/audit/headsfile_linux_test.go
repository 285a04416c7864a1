package audit_test

import (
	"errors"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"todomanager/internal/audit"
)

// TestHeadCutOff: where the disk takes only a part of a head, that part does not stay to spoil
// those that come after it.
func TestHeadCutOff(t *testing.T) { // not beside others: the limit is the process's
	heads := audit.HeadsFile(filepath.Join(t.TempDir(), "heads"))
	const first, second, third = "todo-manager/audit/1\n\nsigned\n", "todo-manager/audit/2\n\nsigned\n", "todo-manager/audit/3\n\nsigned\n"
	if err := heads.Append(first); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	full := before
	full.Cur = uint64(len(first) + len(second)/2)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	err := heads.Append(second)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("a full disk: %v", err)
	}
	if err := heads.Append(third); err != nil {
		t.Fatal(err)
	}
	notes, err := heads.Notes()
	if err != nil || len(notes) != 2 || notes[0] != first || notes[1] != third {
		t.Errorf("%q, %v", notes, err)
	}
}
