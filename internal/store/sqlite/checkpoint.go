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
func (s *Store) Checkpoint(_ context.Context, sign func(audit.Head) (string, error)) (string, error) {
	var signed string // not to be looked at after an error: see todos.Store
	err := s.writer.write(func(t todos.Tx) (err error) {
		signed, err = t.(*tx).checkpoint(sign)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("sign the head of the audit log: %w", err)
	}
	return signed, nil
}

// checkpoint signs the head as it is in the transaction, unless the last checkpoint is of
// the same one. Rows of the same group may follow. The first one is of a log without rows:
// it says which log it is.
func (t *tx) checkpoint(sign func(audit.Head) (string, error)) (string, error) {
	last, err := t.conn.queries.LastCheckpoint(t.conn.ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", classify("read the last checkpoint", err)
	}
	if err == nil && last.Seq >= t.head.Seq {
		return "", nil
	}
	signed, err := sign(t.head)
	if err != nil {
		return "", err
	}
	return signed, t.keep(t.head, signed)
}

func (t *tx) keep(h audit.Head, signed string) error {
	return classify("append checkpoint", t.conn.queries.AppendCheckpoint(t.conn.ctx, sqlitedb.AppendCheckpointParams{
		Seq: h.Seq, SignedAt: t.wall().UnixMilli(), Note: signed,
	}))
}

// SignDue receives when the log has grown enough for its head to be signed.
func (s *Store) SignDue() <-chan struct{} { return s.writer.due }

// Checkpoints returns the notes of signed heads after a seq, oldest first.
func (s *Store) Checkpoints(ctx context.Context, after int64) ([]string, error) {
	return s.queries.CheckpointsAfter(ctx, after)
}

// Holds reports whether the log has a head's row, or had it before it was pruned.
func (s *Store) Holds(ctx context.Context, h audit.Head) (bool, error) {
	return holds(ctx, s.queries, h)
}

// Holds is that of [Store.Holds].
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
