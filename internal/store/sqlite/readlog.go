package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// errNoTenant is a defect of the caller's: what it asks for would cross tenants.
var errNoTenant = errors.New("the filter names no tenant")

// ReadLog reads a page of the log, newest first; see [todos.Store].
func (s *Store) ReadLog(ctx context.Context, f audit.Filter, scan int64) (todos.LogRows, error) {
	if f.Issuer == "" || f.Tenant == nil {
		return todos.LogRows{}, fmt.Errorf("read the audit log: %w", errNoTenant)
	}
	if err := s.startReading(ctx); err != nil {
		return todos.LogRows{}, err
	}
	defer s.doneReading()
	l, err := reader{s.readers, s.queries}.newestFirst(ctx, f, scan)
	if err != nil {
		return todos.LogRows{}, fmt.Errorf("read the audit log: %w", s.writer.damaged(err))
	}
	return l, nil
}

// errEnough ends a search.
var errEnough = errors.New("enough")

// newestFirst goes back through the log block by block, until the page is full or about
// scan rows were looked through. Where an index leads to rows, those of its column's value
// count: they may all be of another tenant.
func (r reader) newestFirst(ctx context.Context, f audit.Filter, scan int64) (l todos.LogRows, err error) {
	all, err := r.span(ctx, f)
	if err != nil {
		return l, err
	}
	s := all
	if f.Narrow() && !f.Indexed() {
		s.after = max(all.after, all.last-scan)
	}
	looked := int64(0)
	err = r.occupied(ctx, ledTo(f), s, true, func(b block) error {
		if looked >= scan {
			s.after = b.last()
			return errEnough
		}
		looked += b.rows
		rows, err := r.page(ctx, f, b.number, s, "DESC", int(f.Limit)-len(l.Rows))
		if l.Rows = append(l.Rows, rows...); err == nil && int64(len(l.Rows)) == f.Limit {
			err = errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	switch {
	case err != nil:
		return l, err
	case int64(len(l.Rows)) == f.Limit:
		l.From = l.Rows[f.Limit-1].Seq
	case s.after > all.after:
		l.From = s.after + 1
		l.Scanned, err = r.timeOf(ctx, l.From)
	}
	if l.From == all.after+1 || errors.Is(err, sql.ErrNoRows) { // pruned just now, with all before it
		l.From, err = 0, nil
	}
	return l, err
}

func (r reader) timeOf(ctx context.Context, seq int64) (time.Time, error) {
	at, err := r.queries.AuditTimeOf(ctx, seq)
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(at).UTC(), nil
}
