package sqlite_test

import (
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestNoDescriptorIsLeft: a store whose process may open nothing more goes on writing on the
// connection that it has; a reader that needs another one gets an error, never an empty
// list. With descriptors again all is as before.
func TestNoDescriptorIsLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	if err := s.Write(t.Context(), create(id(0), "x")); err != nil {
		t.Fatal(err)
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	limit := func(soft uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: soft, Max: before.Max}); err != nil {
			t.Fatal(err)
		}
	}
	lists := func() (failed int) {
		var mu sync.Mutex
		var readers sync.WaitGroup
		for range 16 {
			readers.Go(func() {
				list, err := s.List(t.Context(), todos.Query{Owner: alice, Limit: 10})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed++
				} else if len(list) == 0 {
					t.Error("an empty list in place of an error")
				}
			})
		}
		readers.Wait()
		return failed
	}
	limit(1)
	err := s.Write(t.Context(), create(id(1), "x"))
	failed := lists()
	limit(before.Cur)
	if err != nil {
		t.Errorf("write without descriptors: %v", err)
	}
	t.Logf("%d of 16 lists failed", failed)
	if failed := lists(); failed > 0 {
		t.Errorf("with descriptors %d lists failed", failed)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if kept, recorded := stored(t, s, path); len(kept) != 2 || len(recorded) != 2 {
		t.Errorf("%d todos, %d rows, want 2 and 2", len(kept), len(recorded))
	}
}
