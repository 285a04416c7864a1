package sqlite

import (
	"context"
	"fmt"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
	"todomanager/internal/todos"
)

// Archiving is the details column of audit.export and audit.prune: which rows were given
// out, or removed.
type Archiving struct {
	Operator
	FirstSeq int64      `json:"first_seq"`
	LastSeq  int64      `json:"last_seq"`
	Form     audit.Form `json:"form,omitempty"` // of the archive; empty if they were discarded
}

// RecordExport records that rows are about to be given out.
func (a *Admin) RecordExport(e Archiving) error {
	return a.write(func(t *tx) error { return t.Record(act(audit.AuditExport, todos.Owner{}, e)) })
}

// MoveBase moves the beginning of the log to behind the row base, which is p's last one,
// records that, and returns the statement about it that sign, an [audit.Signer.Base], made.
// From then on the rows up to there are gone as far as anybody can tell; [Admin.Prune]
// removes them. It returns [audit.ErrPruned] unless p's first row is the log's first.
func (a *Admin) MoveBase(base audit.Head, sign audit.Sign, p Archiving) (signed audit.SignedHead, err error) {
	err = a.write(func(t *tx) (err error) {
		if signed, err = t.keep(base, sign); err != nil {
			return err
		}
		n, err := t.conn.queries.MoveAuditBase(t.conn.ctx, sqlitedb.MoveAuditBaseParams{Seq: base.Seq, Hash: base.Hash[:], OldSeq: p.FirstSeq - 1})
		if err != nil {
			return classify("move the base of the audit log", err)
		}
		if n != 1 {
			return audit.ErrPruned
		}
		return t.Record(act(audit.AuditPrune, todos.Owner{}, p))
	})
	return signed, err
}

// Prune removes the rows and checkpoints that are below the base, also those that an
// earlier run left over, and gives their pages back to the file system. It works in
// transactions of about ten milliseconds. It returns how many rows it removed.
func (a *Admin) Prune(ctx context.Context) (removed int64, err error) {
	chain, err := a.conn.queries.AuditChain(ctx)
	if err != nil {
		return 0, err
	}
	err = a.inSteps(ctx, func(t *tx, most int) (int, error) {
		n, err := t.deleteRows(chain.BaseSeq, int64(most))
		removed += n
		return int(n), err
	})
	if err == nil {
		err = a.inSteps(ctx, func(t *tx, most int) (int, error) {
			n, err := t.conn.queries.DeleteCheckpoints(t.conn.ctx, sqlitedb.DeleteCheckpointsParams{Base: chain.BaseSeq, Most: int64(most)})
			return int(n), classify("delete checkpoints", err)
		})
	}
	if err == nil {
		err = a.giveBack(ctx)
	}
	if err != nil {
		err = fmt.Errorf("%w; %d rows were removed; run the command again for the rest", err, removed)
	}
	return removed, err
}

func (t *tx) deleteRows(base, most int64) (int64, error) {
	first, err := t.conn.queries.FirstAuditSeq(t.conn.ctx)
	if err != nil || first == 0 || first > base {
		return 0, classify("find the first audit row", err)
	}
	n, err := t.conn.queries.DeleteAuditUpTo(t.conn.ctx, min(base, first+most-1))
	return n, classify("delete audit rows", err)
}

// CutByAge returns the seq of the last row older than before, or of the row in front of the
// log's first one if there is none.
func (l *AuditLog) CutByAge(ctx context.Context, before time.Time) (int64, error) {
	s, err := reader{l.db, l.queries}.span(ctx, audit.Filter{Until: before})
	if err != nil {
		return 0, l.unreadable(err)
	}
	return s.last, nil
}

// sampleRows is how many rows are looked at, at each of the sampled places.
const sampleRows, samplePlaces = 256, 32

// CutBySize returns the seq of the last row that must go for the rest of the log to take at
// most that many bytes, estimated from samples; of the row in front of the log's first one
// if none must go.
func (l *AuditLog) CutBySize(ctx context.Context, bytes int64) (int64, error) {
	s, err := reader{l.db, l.queries}.span(ctx, audit.Filter{})
	if err != nil {
		return 0, l.unreadable(err)
	}
	each, err := l.rowBytes(ctx, s)
	if err != nil || each == 0 {
		return s.after, err
	}
	return max(s.after, s.last-bytes/each), nil
}

// rowBytes estimates what a row of a span takes.
func (l *AuditLog) rowBytes(ctx context.Context, s span) (int64, error) {
	var sum, places int64
	step := max(sampleRows, (s.last-s.after)/samplePlaces)
	for after := s.after; after < s.last; after += step {
		n, err := l.queries.AuditRowBytes(ctx, sqlitedb.AuditRowBytesParams{After: after, Last: min(s.last, after+sampleRows)})
		if err != nil {
			return 0, l.unreadable(err)
		}
		sum, places = sum+n, places+1
	}
	return sum / max(1, places), nil
}
