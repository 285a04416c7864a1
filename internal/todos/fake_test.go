package todos_test

import (
	"context"
	"log/slog"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// recording is an empty store that notes what it is asked for.
type recording struct {
	todos.Tx
	queries []todos.Query
	filters []audit.Filter
	events  []audit.Event
}

func (r *recording) Write(_ context.Context, fn func(todos.Tx) error) error { return fn(r) }

func (r *recording) List(_ context.Context, q todos.Query) ([]todos.Todo, error) {
	r.queries = append(r.queries, q)
	return nil, nil
}

func (r *recording) ReadLog(_ context.Context, f audit.Filter, _ int64) (todos.LogRows, error) {
	r.filters = append(r.filters, f)
	return todos.LogRows{}, nil
}

func (r *recording) Blocked(todos.Owner) (bool, error) { return false, nil }
func (r *recording) StorageLow() bool                  { return false }
func (r *recording) Count(todos.Owner) (int64, error)  { return 0, nil }

func (r *recording) Now() time.Time { return start }

func (r *recording) Record(e audit.Event) error {
	r.events = append(r.events, e)
	return e.Check()
}
