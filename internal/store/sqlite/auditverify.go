package sqlite

import (
	"context"
	"time"

	"todomanager/internal/audit"
)

// verifyPage is how many rows are read in one transaction: a longer one would keep the
// server's WAL from being folded into the file.
const verifyPage = 2000

// Chain returns where the log begins and ends; see [audit.Stored].
func (l *AuditLog) Chain(ctx context.Context) (audit.Chain, error) {
	row, err := l.queries.AuditChain(ctx)
	if err != nil {
		return audit.Chain{}, l.unreadable(err)
	}
	c := audit.Chain{
		Base: audit.Head{LogID: row.LogID, Seq: row.BaseSeq}, Head: audit.Head{LogID: row.LogID, Seq: row.HeadSeq},
		HeadAt: time.UnixMilli(row.HeadAt).UTC(), FirstSeq: row.FirstSeq, LastSeq: row.LastSeq,
	}
	copy(c.Base.Hash[:], row.BaseHash)
	copy(c.Head.Hash[:], row.HeadHash)
	return c, nil
}

// Rows returns a page of consecutive rows; see [audit.Stored].
func (l *AuditLog) Rows(ctx context.Context, after, last int64) ([]audit.Row, error) {
	rows, err := reader{l.db, l.queries}.consecutive(ctx, span{after, last}, verifyPage)
	if err != nil {
		return nil, l.unreadable(err)
	}
	return rows, nil
}

// Checkpoints returns the signed heads that the database keeps, in order of their rows.
func (l *AuditLog) Checkpoints(ctx context.Context) ([]audit.Checkpoint, error) {
	rows, err := l.queries.AllCheckpoints(ctx)
	if err != nil {
		return nil, l.unreadable(err)
	}
	list := make([]audit.Checkpoint, len(rows))
	for i, r := range rows {
		list[i] = audit.Checkpoint{Seq: r.Seq, Note: r.Note}
	}
	return list, nil
}
