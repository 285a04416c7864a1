package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
	"todomanager/internal/todos"
)

// Checkpoint gives the head of the log to sign and keeps the signed note; see [audit.Log].
func (s *Store) Checkpoint(_ context.Context, sign audit.Sign) (signed audit.SignedHead, ok bool, err error) {
	var kept struct { // not to be looked at after an error: see todos.Store
		head audit.SignedHead
		ok   bool
	}
	err = s.writer.write(func(t todos.Tx) (err error) {
		kept.head, kept.ok, err = t.(*tx).checkpoint(sign)
		return err
	})
	if err != nil {
		return signed, false, fmt.Errorf("sign the head of the audit log: %w", err)
	}
	return kept.head, kept.ok, nil
}

// checkpoint signs the head as it is in the transaction, unless the last checkpoint is of
// the same one. Rows of the same group may follow. The first one is of a log without rows:
// it says which log it is.
func (t *tx) checkpoint(sign audit.Sign) (signed audit.SignedHead, ok bool, err error) {
	last, err := t.lastCheckpoint()
	if err != nil || last.Seq >= t.head.Seq {
		return signed, false, err
	}
	signed, err = t.keep(t.head, sign)
	return signed, err == nil, err
}

// lastCheckpoint returns the seq -1 for a log of which nothing was signed yet.
func (t *tx) lastCheckpoint() (sqlitedb.LastCheckpointRow, error) {
	last, err := t.conn.queries.LastCheckpoint(t.conn.ctx)
	if errors.Is(err, sql.ErrNoRows) {
		last.Seq, err = -1, nil
	}
	return last, classify("read the last checkpoint", err)
}

// keep signs a head and keeps that. Times of signing never go back, so that what was signed
// after a restoration can be told from what was before.
func (t *tx) keep(h audit.Head, sign audit.Sign) (audit.SignedHead, error) {
	last, err := t.lastCheckpoint()
	if err != nil {
		return audit.SignedHead{}, err
	}
	at := t.wall()
	if newest := time.UnixMilli(last.SignedAt); at.Before(newest) {
		at = newest
	}
	signed, err := sign(h, at)
	if err != nil {
		return signed, err
	}
	return signed, classify("append checkpoint", t.conn.queries.AppendCheckpoint(t.conn.ctx, sqlitedb.AppendCheckpointParams{
		Seq: signed.Seq, SignedAt: signed.SignedAt.UnixMilli(), Note: signed.Note(),
	}))
}

// SignDue receives when the log has grown enough for its head to be signed.
func (s *Store) SignDue() <-chan struct{} { return s.writer.due }

// Notes returns the notes of signed heads, oldest first.
func (s *Store) Notes(ctx context.Context) (notes []string, err error) {
	rows, err := s.queries.AllCheckpoints(ctx)
	for _, r := range rows {
		notes = append(notes, r.Note)
	}
	return notes, err
}

// Holds reports whether the log has a head's row, or had it before it was pruned.
func (s *Store) Holds(ctx context.Context, h audit.Head) (bool, error) {
	return holds(ctx, s.queries, h)
}

// Holds does for a log opened read-only what [Store.Holds] does.
func (l *AuditLog) Holds(ctx context.Context, h audit.Head) (bool, error) {
	return holds(ctx, l.queries, h)
}

func holds(ctx context.Context, queries *sqlitedb.Queries, h audit.Head) (bool, error) {
	chain, err := queries.AuditChain(ctx)
	if err != nil || h.LogID != chain.LogID {
		return false, err
	}
	if h.Seq < chain.BaseSeq {
		return true, nil
	}
	if h.Seq == chain.BaseSeq {
		return h.Hash == audit.Hash(chain.BaseHash), nil
	}
	hash, err := queries.AuditHashOf(ctx, h.Seq)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && h.Hash == audit.Hash(hash), err
}

// probe changes a row for no other reason than to see that the disk takes it.
func (t *tx) probe() error {
	return classify("probe", t.conn.queries.Probe(t.conn.ctx, t.wall().UTC().Truncate(time.Millisecond).UnixMilli()))
}
