package todos_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// newQuota is an env where a person may have so many todos.
func newQuota(t *testing.T, most int64) *env {
	t.Helper()
	e := &env{T: t, path: filepath.Join(t.TempDir(), "todos.db")}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: e.path, Logger: discard()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if e.Service, err = todos.NewService(todos.Options{Store: s, Logger: slog.New(slog.DiscardHandler), MaxTodos: most}); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestQuota: the last place is taken, the next todo is refused, and a deletion makes room.
// Nobody is kept out by what others have.
func TestQuota(t *testing.T) {
	e := newQuota(t, 2)
	last := e.create(alice, "one")
	e.create(alice, "two")
	for range 2 {
		before := len(e.rows())
		if todo, err := e.Create(t.Context(), call(alice), todos.CreateInput{Content: "three"}); !errors.Is(err, todos.ErrQuotaExceeded) || todo != (todos.Todo{}) {
			t.Errorf("over the quota: %+v, %v", todo, err)
		}
		if row := e.lastRow(before); row.Decision != audit.Deny || row.Reason != audit.ReasonQuotaExceeded || row.TargetID != nil || row.Basis != audit.BasisNone || row.ScopesUsed != "" {
			t.Errorf("row of the refusal: %+v", row)
		}
	}
	e.create(bob, "another's")
	elsewhere := alice
	elsewhere.Tenant = "other"
	e.create(elsewhere, "the same subject's, in another tenant")

	// What is wrong with a call in other ways is said first.
	noScope := alice
	noScope.Scopes = nil
	var missing *todos.MissingScopeError
	if _, err := e.Create(t.Context(), call(noScope), todos.CreateInput{Content: "x"}); !errors.As(err, &missing) {
		t.Errorf("without the scope: %v", err)
	}
	if _, err := e.Delete(t.Context(), call(alice), todos.DeleteInput{ID: last.ID}); err != nil {
		t.Fatal(err)
	}
	e.create(alice, "three")
	if got := len(e.list(alice)); got != 2 {
		t.Errorf("%d todos", got)
	}
}

// TestQuotaTogether: of many calls at once for the last place, which share transactions,
// one has it.
func TestQuotaTogether(t *testing.T) {
	const most = 40
	e := newQuota(t, most)
	for range most - 1 {
		e.create(alice, "before")
	}
	var made, refused atomic.Int64
	var calls sync.WaitGroup
	begin := make(chan struct{})
	for range 64 {
		calls.Go(func() {
			<-begin
			switch _, err := e.Create(t.Context(), call(alice), todos.CreateInput{Content: "the last"}); {
			case err == nil:
				made.Add(1)
			case errors.Is(err, todos.ErrQuotaExceeded):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	close(begin)
	calls.Wait()
	if made.Load() != 1 || refused.Load() != 63 || len(e.list(alice)) != most {
		t.Errorf("%d made, %d refused, %d there", made.Load(), refused.Load(), len(e.list(alice)))
	}
	if got := len(e.rows()); got < most-1+64 {
		t.Errorf("%d rows", got)
	}
}

// TestNoQuota: 0 is no limit.
func TestNoQuota(t *testing.T) {
	e := newQuota(t, 0)
	for range 3 {
		e.create(alice, "more")
	}
}
