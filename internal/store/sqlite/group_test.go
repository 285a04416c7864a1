package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

var alice = todos.Owner{Issuer: "https://id.example", Subject: "alice"}

var errDisk = errors.New("disk I/O error")

func openFaulty(t *testing.T) (*sqlite.Store, *faults, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "todos.db")
	f := new(faults)
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)}.WithConnector(f.wrap))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.set(nil)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, f, path
}

// create is what the service does for create-todo.
func create(id, content string) func(todos.Tx) error {
	return func(tx todos.Tx) error {
		if err := tx.Insert(alice, todos.Todo{ID: id, Content: content, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		return tx.Record(created(id))
	}
}

func created(id string) audit.Event {
	return audit.Event{
		Call:     audit.Call{Principal: auth.Principal{Issuer: alice.Issuer, Subject: alice.Subject}, RequestID: "r", Started: time.Now()},
		Tool:     todos.ToolCreate,
		Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope, ScopesUsed: auth.Scopes{todos.ScopeCreate},
		TargetID: id,
	}
}

func id(n int) string { return fmt.Sprintf("%013s", strings.Repeat(string(rune('a'+n)), 13)) }

// together runs the calls in one group, in their order, and returns their results.
func together(t *testing.T, s *sqlite.Store, calls ...func(todos.Tx) error) []error {
	t.Helper()
	writes := make([]func() error, len(calls))
	for i, call := range calls {
		writes[i] = func() error { return s.Write(context.Background(), call) }
	}
	return grouped(t, s, writes...)
}

// grouped does what together does with functions that each write once. It holds the
// writer with a call of its own until all others wait.
func grouped(t *testing.T, s *sqlite.Store, calls ...func() error) []error {
	t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	holder := make(chan error, 1)
	go func() {
		holder <- s.Write(context.Background(), func(todos.Tx) error {
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	results := make([]chan error, len(calls))
	for i, call := range calls {
		results[i] = make(chan error, 1)
		go func() { results[i] <- call() }()
		for s.Waiting() < i+1 {
			runtime.Gosched()
		}
	}
	close(release)
	if err := <-holder; err != nil {
		t.Fatalf("the holding call: %v", err)
	}
	errs := make([]error, len(calls))
	for i := range results {
		errs[i] = <-results[i]
	}
	return errs
}

// stored returns the ids of alice's todos and of the audit log's targets, and checks
// that the log has no gap.
func stored(t *testing.T, s *sqlite.Store, path string) (kept, recorded map[string]bool) {
	t.Helper()
	list, err := s.List(t.Context(), todos.Query{Owner: alice, Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	kept, recorded = make(map[string]bool), make(map[string]bool)
	for _, todo := range list {
		kept[todo.ID] = true
	}
	log, err := sqlite.OpenAuditLog(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	next := int64(1)
	_, err = log.Each(t.Context(), audit.Filter{}, func(r audit.Row) error {
		if r.Seq != next {
			t.Errorf("audit row %d follows %d", r.Seq, next-1)
		}
		next++
		recorded[*r.TargetID] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return kept, recorded
}

// TestFaults fails the first, middle and last call of a group in every way there is.
// The others must not notice, and what is stored must be exactly what was acknowledged:
// each todo with its row, each row with its todo.
func TestFaults(t *testing.T) {
	const insert = "InsertTodo"
	for _, fault := range []struct {
		name string
		// guilty makes the call that goes wrong; it may arm the faults.
		guilty func(t *testing.T, s *sqlite.Store, f *faults) func(todos.Tx) error
		want   error // of the guilty call
	}{
		{"full disk", func(t *testing.T, s *sqlite.Store, f *faults) func(todos.Tx) error {
			f.set(func(text string, raw rawExec) error {
				if strings.HasPrefix(text, "BEGIN") {
					return raw("PRAGMA max_page_count=64")
				}
				return nil
			})
			return create(id(9), strings.Repeat("x", 1<<20)) // SQLite itself fails this one
		}, todos.ErrAuditUnavailable},
		{"I/O error", func(t *testing.T, s *sqlite.Store, f *faults) func(todos.Tx) error {
			var armed atomic.Bool
			f.set(func(text string, raw rawExec) error {
				if strings.Contains(text, insert) && armed.CompareAndSwap(true, false) {
					if err := raw("ROLLBACK"); err != nil { // as SQLite does on I/O errors
						t.Error(err)
					}
					return errDisk
				}
				return nil
			})
			return func(tx todos.Tx) error { armed.Store(true); return create(id(9), "x")(tx) }
		}, todos.ErrAuditUnavailable},
		{"error that leaves the transaction", func(t *testing.T, s *sqlite.Store, f *faults) func(todos.Tx) error {
			var armed atomic.Bool
			f.set(func(text string, _ rawExec) error {
				if strings.Contains(text, "AppendAudit") && armed.CompareAndSwap(true, false) {
					return errDisk
				}
				return nil
			})
			return func(tx todos.Tx) error { armed.Store(true); return create(id(9), "x")(tx) }
		}, todos.ErrAuditUnavailable},
		{"swallowed I/O error", func(t *testing.T, s *sqlite.Store, f *faults) func(todos.Tx) error {
			var armed atomic.Bool
			f.set(func(text string, raw rawExec) error {
				if strings.Contains(text, insert) && armed.CompareAndSwap(true, false) {
					return errors.Join(raw("ROLLBACK"), errDisk)
				}
				return nil
			})
			return func(tx todos.Tx) error { armed.Store(true); create(id(9), "x")(tx); return nil }
		}, todos.ErrAuditUnavailable},
		{"panic", func(*testing.T, *sqlite.Store, *faults) func(todos.Tx) error {
			return func(tx todos.Tx) error {
				create(id(9), "x")(tx)
				panic("boom")
			}
		}, todos.ErrInternal},
		{"constraint", func(*testing.T, *sqlite.Store, *faults) func(todos.Tx) error {
			return func(tx todos.Tx) error {
				return errors.Join(create(id(9), "x")(tx), create(id(9), "again")(tx))
			}
		}, todos.ErrInternal},
		{"event that breaks a rule", func(*testing.T, *sqlite.Store, *faults) func(todos.Tx) error {
			return func(tx todos.Tx) error {
				if err := create(id(9), "x")(tx); err != nil {
					return err
				}
				return tx.Record(audit.Event{})
			}
		}, todos.ErrInternal},
	} {
		for position, where := range []string{"first", "middle", "last"} {
			t.Run(fault.name+"/"+where, func(t *testing.T) {
				s, f, path := openFaulty(t)
				calls := []func(todos.Tx) error{create(id(0), "zero"), create(id(1), "one"), create(id(2), "two")}
				calls[position] = fault.guilty(t, s, f)

				for i, err := range together(t, s, calls...) {
					switch {
					case i == position && !errors.Is(err, fault.want):
						t.Errorf("guilty call: %v, want %v", err, fault.want)
					case i != position && err != nil:
						t.Errorf("innocent call %d: %v", i, err)
					}
				}
				f.set(nil)
				kept, recorded := stored(t, s, path)
				for i := range calls {
					if want := i != position; kept[id(i)] != want || recorded[id(i)] != want {
						t.Errorf("call %d: kept %v, recorded %v, want %v", i, kept[id(i)], recorded[id(i)], want)
					}
				}
				if kept[id(9)] || recorded[id(9)] {
					t.Error("the failed call left something behind")
				}
				if err := s.Write(t.Context(), create(id(5), "after")); err != nil {
					t.Errorf("the store does not recover: %v", err)
				}
			})
		}
	}
}

// TestCommitFails: nobody may be told that nothing was changed, nor that it was.
func TestCommitFails(t *testing.T) {
	s, f, path := openFaulty(t)
	var failed atomic.Int32
	hook := func(text string, _ rawExec) error {
		if text == "COMMIT" && failed.Add(1) == 2 { // the first is the holding call's
			return errDisk
		}
		return nil
	}
	f.set(hook)
	for i, err := range together(t, s, create(id(0), "a"), create(id(1), "b"), create(id(2), "c")) {
		if !errors.Is(err, todos.ErrOutcomeUnknown) {
			t.Errorf("call %d: %v, want %v", i, err, todos.ErrOutcomeUnknown)
		}
	}
	f.set(nil)
	if kept, recorded := stored(t, s, path); len(kept) != 0 || len(recorded) != 0 {
		t.Errorf("a commit that was refused left %d todos, %d rows", len(kept), len(recorded))
	}
	if err := s.Write(t.Context(), create(id(3), "d")); err != nil {
		t.Errorf("the store does not recover: %v", err)
	}
}

// TestInnocentsAreTriedOnce: a disk that stays broken is an answer, not a loop.
func TestInnocentsAreTriedOnce(t *testing.T) {
	s, f, path := openFaulty(t)
	var groups atomic.Int32
	f.set(func(text string, raw rawExec) error {
		switch {
		case strings.HasPrefix(text, "BEGIN"):
			groups.Add(1)
		case strings.Contains(text, "InsertTodo"):
			return errors.Join(raw("ROLLBACK"), errDisk)
		}
		return nil
	})
	errs := together(t, s, create(id(0), "a"), create(id(1), "b"), create(id(2), "c"))
	for i, err := range errs {
		if !errors.Is(err, todos.ErrAuditUnavailable) {
			t.Errorf("call %d: %v, want %v", i, err, todos.ErrAuditUnavailable)
		}
	}
	if n := groups.Load(); n != 3 { // the holder's, the group's, its second try
		t.Errorf("%d transactions were begun, want 3", n)
	}
	f.set(nil)
	if kept, recorded := stored(t, s, path); len(kept) != 0 || len(recorded) != 0 {
		t.Errorf("left behind: %d todos, %d rows", len(kept), len(recorded))
	}
}

// TestBeginFails: an unreachable database changes nothing, says so, and is tried anew.
func TestBeginFails(t *testing.T) {
	s, f, _ := openFaulty(t)
	f.set(func(text string, _ rawExec) error {
		if strings.HasPrefix(text, "BEGIN") {
			return errDisk
		}
		return nil
	})
	if err := s.Write(t.Context(), create(id(0), "a")); !errors.Is(err, todos.ErrAuditUnavailable) {
		t.Errorf("got %v, want %v", err, todos.ErrAuditUnavailable)
	}
	if err := s.Ready(t.Context()); err == nil {
		t.Error("ready while nothing can be written")
	}
	f.set(nil)
	if err := s.Write(t.Context(), create(id(0), "a")); err != nil {
		t.Errorf("the store does not recover: %v", err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("not ready again: %v", err)
	}
}

// TestCancelledCaller: who leaves does not undo what was begun, nor what others do.
func TestCancelledCaller(t *testing.T) {
	for position, where := range []string{"first", "middle", "last"} {
		t.Run(where, func(t *testing.T) {
			s, _, path := openFaulty(t)
			ctx, cancel := context.WithCancel(t.Context())
			calls := []func(todos.Tx) error{create(id(0), "a"), create(id(1), "b"), create(id(2), "c")}
			whole := calls[position]
			calls[position] = func(tx todos.Tx) error { cancel(); return whole(tx) }
			for i, err := range together(t, s, calls...) {
				if err != nil {
					t.Errorf("call %d: %v", i, err)
				}
			}
			if err := s.Write(ctx, create(id(3), "d")); err != nil {
				t.Errorf("a call whose caller has left was not carried out: %v", err)
			}
			if kept, recorded := stored(t, s, path); len(kept) != 4 || len(recorded) != 4 {
				t.Errorf("%d todos, %d rows, want 4 and 4", len(kept), len(recorded))
			}
		})
	}
}

// TestStuckDisk: callers are answered within the deadline. One whose work was begun
// cannot know its outcome; one still in the queue can, and is never begun later.
func TestStuckDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f, path := openFaulty(t)
		stuck := make(chan struct{})
		f.set(func(text string, _ rawExec) error {
			if text == "COMMIT" {
				<-stuck
			}
			return nil
		})
		begun, queued := make(chan error, 1), make(chan error, 1)
		start := time.Now()
		go func() { begun <- s.Write(t.Context(), create(id(0), "begun")) }()
		synctest.Wait()
		go func() { queued <- s.Write(t.Context(), create(id(1), "queued")) }()
		if err := <-begun; !errors.Is(err, todos.ErrOutcomeUnknown) {
			t.Errorf("begun call: %v, want %v", err, todos.ErrOutcomeUnknown)
		}
		if err := <-queued; !errors.Is(err, todos.ErrAuditUnavailable) {
			t.Errorf("queued call: %v, want %v", err, todos.ErrAuditUnavailable)
		}
		if waited := time.Since(start); waited != sqlite.WriteDeadline {
			t.Errorf("answered after %v, want %v", waited, sqlite.WriteDeadline)
		}
		close(stuck)
		synctest.Wait()
		f.set(nil)
		kept, recorded := stored(t, s, path)
		if !kept[id(0)] || !recorded[id(0)] || kept[id(1)] || recorded[id(1)] {
			t.Errorf("kept %v, recorded %v: want the begun call and not the queued one", kept, recorded)
		}
	})
}

// TestOverload: what does not fit the queue is refused at once.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, path := openFaulty(t)
		release := make(chan struct{})
		results := make(chan error, sqlite.QueueLimit+2)
		go func() {
			results <- s.Write(t.Context(), func(todos.Tx) error { <-release; return nil })
		}()
		synctest.Wait()
		for n := range sqlite.QueueLimit {
			go func() {
				results <- s.Write(t.Context(), create(fmt.Sprintf("%013d", n), "x"))
			}()
		}
		synctest.Wait()
		if err := s.Write(t.Context(), create(id(0), "too many")); !errors.Is(err, todos.ErrOverloaded) {
			t.Errorf("got %v, want %v", err, todos.ErrOverloaded)
		}
		close(release)
		for range sqlite.QueueLimit + 1 {
			if err := <-results; err != nil {
				t.Errorf("a queued call: %v", err)
			}
		}
		if _, recorded := stored(t, s, path); len(recorded) != sqlite.QueueLimit {
			t.Errorf("%d rows, want %d", len(recorded), sqlite.QueueLimit)
		}
	})
}

// TestCloseKeepsWhatIsQueued: a call that was accepted is carried out before the
// database closes; one that comes later is refused.
func TestCloseKeepsWhatIsQueued(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	options := sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)}
	s, err := sqlite.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	held, release := make(chan struct{}), make(chan struct{})
	go s.Write(context.Background(), func(todos.Tx) error { close(held); <-release; return nil })
	<-held
	queued := make(chan error, 1)
	go func() { queued <- s.Write(context.Background(), create(id(0), "x")) }()
	for s.Waiting() < 1 {
		runtime.Gosched()
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	close(release)
	if err := <-queued; err != nil {
		t.Errorf("queued call: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	if err := s.Write(t.Context(), create(id(1), "late")); !errors.Is(err, todos.ErrAuditUnavailable) {
		t.Errorf("late call: %v, want %v", err, todos.ErrAuditUnavailable)
	}
	if s, err = sqlite.Open(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if kept, recorded := stored(t, s, path); len(kept) != 1 || len(recorded) != 1 {
		t.Errorf("%d todos, %d rows, want 1 and 1", len(kept), len(recorded))
	}
}
