package sqlite_test

import (
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestCallersMeet: callers who come again as soon as they are answered share commits, and
// do not wait for each other's in turn. When one leaves, the others wait for it once and
// shortly; who is alone waits for nobody.
func TestCallersMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 20
		var groups []int
		s, err := sqlite.Open(t.Context(), sqlite.Options{
			Path: filepath.Join(t.TempDir(), "todos.db"), Logger: slog.New(slog.DiscardHandler),
			Committed: func(calls int, _ time.Duration) { groups = append(groups, calls) },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		callAgain := func() {
			for range calls {
				if err := s.Write(t.Context(), func(todos.Tx) error { return nil }); err != nil {
					t.Error(err)
				}
			}
		}
		began := time.Now()
		waited := func(who string, want time.Duration) {
			t.Helper()
			synctest.Wait()
			if got := time.Since(began); got != want {
				t.Errorf("%s: waited for %v, want %v", who, got, want)
			}
			began = time.Now()
		}

		callAgain()
		waited("alone", 0)

		made := len(groups)
		both := func() { // a first call lasts until the other one waits, so that they meet
			held := make(chan struct{})
			var callers sync.WaitGroup
			callers.Go(func() {
				if err := s.Write(t.Context(), func(todos.Tx) error { <-held; return nil }); err != nil {
					t.Error(err)
				}
				callAgain()
			})
			synctest.Wait()
			callers.Go(callAgain)
			synctest.Wait()
			close(held)
			callers.Wait()
		}
		both()
		callAgain()
		waited("two, then one", sqlite.GatherWait)
		if got := len(groups) - made; got != 1+2*calls {
			t.Errorf("two callers with %d calls each, then one, made %d groups", calls, got)
		}

		callAgain()
		waited("alone again", 0)

		both()
		time.Sleep(time.Second)
		began = time.Now()
		callAgain()
		waited("alone, long after two", 0)
	})
}
