package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
)

// statsPage is how many rows are summed up in one transaction, see verifyPage.
const statsPage = 50_000

// Stats sums up the log, and what happened since a time, with at most top of the busiest.
func (l *AuditLog) Stats(ctx context.Context, since time.Time, top int) (audit.Stats, error) {
	s, err := reader{l.db, l.queries}.span(ctx, audit.Filter{Since: since})
	if err != nil {
		return audit.Stats{}, l.unreadable(err)
	}
	var tally audit.Tally
	for after := s.after; after < s.last; after += statsPage {
		groups, err := l.queries.AuditGroups(ctx, sqlitedb.AuditGroupsParams{After: after, Last: min(s.last, after+statsPage)})
		if err != nil {
			return audit.Stats{}, l.unreadable(err)
		}
		for i := range groups {
			tally.Add(groupOf(&groups[i]))
		}
	}
	stats := tally.Stats(top)
	stats.Since = since.UTC()
	stats.Size, err = l.size(ctx, s)
	return stats, err
}

func groupOf(r *sqlitedb.AuditGroupsRow) audit.Group {
	g := audit.Group{
		Day: r.Day, Event: audit.Kind(r.Event), Tool: r.Tool, Decision: audit.Decision(r.Decision), Reason: audit.Reason(r.Reason),
		Rows: r.RowCount, Times: r.Times, Issuer: r.Issuer, Tenant: r.Tenant,
	}
	if r.Subject.Valid {
		g.Subject = &r.Subject.String
	}
	if r.ClientID.Valid {
		g.ClientID = &r.ClientID.String
	}
	return g
}

// size measures the log and its file. The rate of growth is that of the recent rows.
func (l *AuditLog) size(ctx context.Context, recent span) (z audit.Size, err error) {
	all, err := reader{l.db, l.queries}.span(ctx, audit.Filter{})
	if err != nil {
		return z, l.unreadable(err)
	}
	if z.RowBytes, err = l.rowBytes(ctx, all); err != nil {
		return z, err
	}
	if all.after < all.last {
		z.FirstSeq, z.LastSeq, z.Bytes = all.after+1, all.last, z.RowBytes*(all.last-all.after)
		if z.FirstAt, err = l.timeOf(ctx, z.FirstSeq); err != nil {
			return z, err
		}
		if z.LastAt, err = l.timeOf(ctx, z.LastSeq); err != nil {
			return z, err
		}
	}
	if rows := recent.last - recent.after; rows > 1 {
		first, err := l.timeOf(ctx, recent.after+1)
		if err != nil {
			return z, err
		}
		days := max(z.LastAt.Sub(first).Hours()/24, 1.0/24) // of less than an hour nothing follows
		z.RowsPerDay = int64(float64(rows) / days)
		z.BytesPerYear = z.RowsPerDay * z.RowBytes * 365
	}
	return z, l.fileSize(ctx, &z)
}

// timeOf returns when a row was written, zero if it was pruned meanwhile.
func (l *AuditLog) timeOf(ctx context.Context, seq int64) (time.Time, error) {
	at, err := l.queries.AuditTimeOf(ctx, seq)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, l.unreadable(err)
	}
	return time.UnixMilli(at).UTC(), nil
}

func (l *AuditLog) fileSize(ctx context.Context, z *audit.Size) error {
	var pageSize, free int64
	if err := l.db.QueryRowContext(ctx, "SELECT page_size, freelist_count FROM pragma_page_size, pragma_freelist_count").Scan(&pageSize, &free); err != nil {
		return l.unreadable(err)
	}
	z.FreeBytes = pageSize * free
	info, err := os.Stat(l.path)
	if err != nil {
		return err
	}
	z.FileBytes = info.Size()
	if info, err := os.Stat(l.path + "-wal"); err == nil {
		z.WALBytes = info.Size()
	}
	return nil
}
