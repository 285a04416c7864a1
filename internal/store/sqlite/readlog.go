package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// ReadLog reads a page of the log, newest first; see [todos.Store].
func (s *Store) ReadLog(ctx context.Context, f audit.Filter, scan int64) (todos.LogRows, error) {
	l, err := reader{s.readers, s.queries}.newestFirst(ctx, f, scan)
	if err != nil {
		return todos.LogRows{}, fmt.Errorf("read the audit log: %w", err)
	}
	return l, nil
}

// errEnough ends a search.
var errEnough = errors.New("enough")

// newestFirst goes back through the log block by block.
func (r reader) newestFirst(ctx context.Context, f audit.Filter, scan int64) (l todos.LogRows, err error) {
	all, err := r.span(ctx, f)
	if err != nil {
		return l, err
	}
	s := all
	if f.Narrow() && !f.Indexed() {
		s.after = max(all.after, all.last-scan)
	}
	err = r.occupied(ctx, f, s, true, func(block int64) error {
		rows, err := r.page(ctx, f, block, s, "DESC", int(f.Limit)-len(l.Rows))
		if l.Rows = append(l.Rows, rows...); err == nil && int64(len(l.Rows)) == f.Limit {
			err = errEnough
		}
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		return l, err
	}
	switch {
	case int64(len(l.Rows)) == f.Limit:
		l.From = l.Rows[f.Limit-1].Seq
	case s.after > all.after:
		l.From = s.after + 1
		at, err := r.queries.AuditTimeOf(ctx, l.From)
		if err != nil {
			return l, err
		}
		l.Scanned = time.UnixMilli(at).UTC()
	}
	if l.From == all.after+1 {
		l.From = 0
	}
	return l, nil
}
