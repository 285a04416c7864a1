package sqlite_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"todomanager/internal/todos"
)

// TestHeadIsNotMoved: the last statement before COMMIT fails, so it is certain that
// nothing is in the database. It is no call's fault: all of the group run once more.
func TestHeadIsNotMoved(t *testing.T) {
	for _, c := range []struct {
		name     string
		failures int32 // of the first groups
		dropped  bool  // whether SQLite undoes the transaction
		want     error
	}{
		{"once", 1, false, nil},
		{"once, transaction gone", 1, true, nil},
		{"twice", 2, false, todos.ErrAuditUnavailable},
		{"twice, transaction gone", 2, true, todos.ErrAuditUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, f, path := openFaulty(t)
			var moves, commits atomic.Int32
			f.set(func(text string, raw rawExec) error {
				switch {
				case text == "COMMIT":
					commits.Add(1)
				case strings.Contains(text, "MoveAuditHead") && moves.Add(1) <= c.failures:
					if c.dropped {
						return errors.Join(raw("ROLLBACK"), errDisk)
					}
					return errDisk
				}
				return nil
			})
			for i, err := range together(t, s, create(id(0), "a"), create(id(1), "b"), create(id(2), "c")) {
				if !errors.Is(err, c.want) || errors.Is(err, todos.ErrOutcomeUnknown) {
					t.Errorf("call %d: %v, want %v", i, err, c.want)
				}
			}
			f.set(nil)
			done := 0
			if c.want == nil {
				done = 3
			}
			if kept, recorded := stored(t, s, path); len(kept) != done || len(recorded) != done {
				t.Errorf("%d todos, %d rows, want %d each", len(kept), len(recorded), done)
			}
			if n := commits.Load(); c.want != nil && n != 1 {
				t.Errorf("%d commits were tried, want the holding call's alone", n)
			}
			if err := s.Write(t.Context(), create(id(5), "after")); err != nil {
				t.Errorf("the store does not recover: %v", err)
			}
		})
	}
}
