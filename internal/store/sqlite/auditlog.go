package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
)

// auditPage is how many rows are held at a time.
const auditPage = 500

// AuditLog reads the audit log of a database, which another process may be serving. It
// changes no data; beside a stopped database SQLite leaves an empty -wal and a -shm.
type AuditLog struct {
	path    string
	db      *sql.DB
	queries *sqlitedb.Queries
}

// OpenAuditLog opens the database at path read-only.
func OpenAuditLog(ctx context.Context, path string) (*AuditLog, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open the database: %w; name the file that the server uses (--db)", err)
	}
	if err := sameVersion(ctx, path); err != nil {
		return nil, err
	}
	db, err := Options{Path: path}.pool(forLooking, 1)
	if err != nil {
		return nil, err
	}
	return &AuditLog{path, db, sqlitedb.New(db)}, nil
}

// Close closes the database.
func (l *AuditLog) Close() error { return l.db.Close() }

// Each calls yield for every row that f selects, oldest first, and stops at its first
// error. However long the log is, it holds one page of it. Rows that come meanwhile are
// left out. It returns what part of the log it looked at.
func (l *AuditLog) Each(ctx context.Context, f audit.Filter, yield func(audit.Row) error) (seen audit.Seen, err error) {
	r := reader{l.db, l.queries}
	span, err := r.span(ctx, f)
	if err == nil && f.Limit > 0 {
		seen.Stopped, err = r.newest(ctx, f, &span)
	}
	seen.From, seen.To = span.after+1, span.last
	if err == nil {
		err = r.oldestFirst(ctx, f, span, each(yield))
	}
	var other notOfReading
	switch {
	case err == nil:
		return seen, nil
	case errors.As(err, &other):
		return seen, other.error
	default:
		return seen, l.unreadable(err)
	}
}

func (l *AuditLog) unreadable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("read the audit log in %s: %w", l.path, withMend(err))
}

// notOfReading is an error of whoever the rows are for.
type notOfReading struct{ error }

// reader finds rows of the audit log on any connection.
type reader struct {
	db      sqlitedb.DBTX
	queries *sqlitedb.Queries
}

// span is a range of the log: after < seq <= last.
type span struct{ after, last int64 }

// span narrows the log down to what the times and seqs of a filter leave of it.
func (r reader) span(ctx context.Context, f audit.Filter) (s span, err error) {
	chain, err := r.queries.AuditChain(ctx)
	if err != nil {
		return s, err
	}
	s = span{max(chain.BaseSeq, f.AfterSeq), chain.HeadSeq}
	if f.BeforeSeq > 0 {
		s.last = min(s.last, f.BeforeSeq-1)
	}
	if !f.Since.IsZero() {
		if s.after, err = r.before(ctx, s, f.Since); err != nil {
			return s, err
		}
	}
	if !f.Until.IsZero() {
		s.last, err = r.before(ctx, s, f.Until)
	}
	return s, err
}

// before returns the last seq of a span whose row is older than t, or the seq in front of
// the span. Times rise with seq, so it looks at few rows.
func (r reader) before(ctx context.Context, s span, t time.Time) (int64, error) {
	if s.after >= s.last {
		return s.after, nil
	}
	limit := ceilMilli(t)
	var failed error
	n := sort.Search(int(s.last-s.after), func(i int) bool {
		at, err := r.queries.AuditTimeOf(ctx, s.after+1+int64(i))
		if errors.Is(err, sql.ErrNoRows) {
			return false // pruned just now
		}
		failed = errors.Join(failed, err)
		return at >= limit
	})
	return s.after + int64(n), failed
}

func ceilMilli(t time.Time) int64 {
	return t.Add(time.Millisecond - time.Nanosecond).UnixMilli()
}

// newest cuts a span down to the newest f.Limit rows that match, or to what could be
// looked through in f.ScanTime: then it reports that it stopped.
func (r reader) newest(ctx context.Context, f audit.Filter, s *span) (stopped bool, err error) {
	if !f.Narrow() {
		s.after = max(s.after, s.last-f.Limit)
		return false, nil
	}
	began := time.Now()
	left := f.Limit
	for c := s.chunks(f, true); c.next(); {
		if f.ScanTime > 0 && !f.Indexed() && time.Since(began) > f.ScanTime {
			s.after = block{number: c.last}.last()
			return true, nil
		}
		found, err := r.found(ctx, f, c, *s)
		if err != nil {
			return false, err
		}
		for _, b := range slices.Backward(found) {
			if b.rows >= left {
				s.after, err = r.afterNewest(ctx, f, b.number, *s, left)
				return false, err
			}
			left -= b.rows
		}
	}
	return false, nil
}

// afterNewest returns the seq in front of the newest n matching rows of a block.
func (r reader) afterNewest(ctx context.Context, f audit.Filter, block int64, s span, n int64) (after int64, err error) {
	c := conditions(f, block, s)
	query := "SELECT seq - 1 FROM audit_log " + c.index + " WHERE " + c.where + " ORDER BY seq DESC LIMIT 1 OFFSET ?"
	err = r.db.QueryRowContext(ctx, query, append(c.args, n-1)...).Scan(&after)
	return after, err
}

// oldestFirst gives the matching rows of a span to yield, a page at a time.
func (r reader) oldestFirst(ctx context.Context, f audit.Filter, s span, yield func([]audit.Row) error) error {
	return r.occupied(ctx, f, s, false, func(b block) error {
		for after := s.after; ; {
			rows, err := r.page(ctx, f, b.number, span{after, s.last}, "ASC", auditPage)
			if err == nil {
				err = yield(rows)
			}
			if err != nil || len(rows) < auditPage {
				return err
			}
			after = rows[len(rows)-1].Seq
		}
	})
}

// page returns at most limit matching rows of a block, in order of seq: ASC or DESC.
func (r reader) page(ctx context.Context, f audit.Filter, block int64, s span, order string, limit int) ([]audit.Row, error) {
	c := conditions(f, block, s)
	return r.query(ctx, "SELECT "+auditColumns+" FROM audit_log "+c.index+" WHERE "+c.where+" ORDER BY seq "+order+" LIMIT ?", append(c.args, limit)...)
}

// consecutive returns at most limit rows of a span, oldest first.
func (r reader) consecutive(ctx context.Context, s span, limit int) ([]audit.Row, error) {
	return r.query(ctx, "SELECT "+auditColumns+" FROM audit_log NOT INDEXED WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", s.after, s.last, limit)
}

func (r reader) query(ctx context.Context, text string, args ...any) (list []audit.Row, err error) {
	rows, err := r.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// seqs returns which rows match, in order.
func (r reader) seqs(ctx context.Context, f audit.Filter) (list []int64, err error) {
	s, err := r.span(ctx, f)
	if err != nil {
		return nil, err
	}
	err = r.occupied(ctx, f, s, false, func(b block) (err error) {
		c := conditions(f, b.number, s)
		list, err = r.appendSeqs(ctx, list, "SELECT seq FROM audit_log "+c.index+" WHERE "+c.where+" ORDER BY seq", c.args...)
		return err
	})
	return list, err
}

func (r reader) appendSeqs(ctx context.Context, list []int64, query string, args ...any) (_ []int64, err error) {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return list, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return list, err
		}
		list = append(list, seq)
	}
	return list, rows.Err()
}

// each makes a function of rows one of pages.
func each(yield func(audit.Row) error) func([]audit.Row) error {
	return func(rows []audit.Row) error {
		for _, row := range rows {
			if err := yield(row); err != nil {
				return notOfReading{err}
			}
		}
		return nil
	}
}
