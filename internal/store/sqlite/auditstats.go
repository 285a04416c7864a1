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

// statsPage is how many rows are summed up in one transaction, see verifyPage. Larger ones
// were no faster: where people are many, so are the groups.
const statsPage = 4096

// Stats sums up the log, and what a query selects of it.
func (l *AuditLog) Stats(ctx context.Context, q audit.StatsQuery) (audit.Stats, error) {
	s, err := reader{l.db, l.queries}.span(ctx, audit.Filter{Since: q.Since})
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
			if g := groupOf(&groups[i]); q.Selects(&g) {
				tally.Add(g)
			}
		}
	}
	stats := tally.Stats(q.Top)
	stats.Since, stats.Issuer, stats.Tenant = q.Since.UTC(), q.Issuer, q.Tenant
	stats.Size, err = l.size(ctx, s, q)
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
func (l *AuditLog) size(ctx context.Context, recent span, q audit.StatsQuery) (z audit.Size, err error) {
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
	z.RowsPerDay = perDay(recent.last-recent.after, latest(q.Since, z.FirstAt), q.Now)
	z.BytesPerYear = z.RowsPerDay * z.RowBytes * 365
	err = l.fileSize(ctx, &z)
	return z, err
}

// perDay is the rate of so many rows between two times. Of less than an hour no more
// follows than of an hour.
func perDay(rows int64, from, to time.Time) int64 {
	return int64(float64(max(0, rows)) * 24 / max(1, to.Sub(from).Hours()))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// timeOf returns when a row was written, zero if it was pruned meanwhile.
func (l *AuditLog) timeOf(ctx context.Context, seq int64) (time.Time, error) {
	at, err := reader{l.db, l.queries}.timeOf(ctx, seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return at, l.unreadable(err)
	}
	return at, nil
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
