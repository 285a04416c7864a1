package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

const (
	// SignEvery is how many rows the newest signed head may lag behind.
	SignEvery = 1000
	// signInterval is how long it may lag behind, if there are new rows at all.
	signInterval = 5 * time.Minute
)

// Log is the part of a store that a [Notary] needs.
type Log interface {
	// Checkpoint calls sign with the head, in a transaction, and keeps the result. It returns
	// once that is durable; ok is false if the head was signed before.
	Checkpoint(ctx context.Context, sign Sign) (signed SignedHead, ok bool, err error)
	// Notes returns the kept notes of heads, oldest first.
	Notes(ctx context.Context) ([]string, error)
	// SignDue receives when [SignEvery] rows have come since the last checkpoint.
	SignDue() <-chan struct{}
	// Holds reports whether the log has a head's row, or had it before it was pruned.
	Holds(ctx context.Context, h Head) (bool, error)
}

// Sign is one of the ways in which a [Signer] signs. The time is the clock's, but never
// before the newest head that the log keeps.
type Sign = func(h Head, at time.Time) (SignedHead, error)

// Notary signs heads of the chain while the log is written, and puts them where they
// are out of the database's reach: into a file and into the program's log.
type Notary struct {
	log    Log
	signer *Signer
	heads  HeadsFile
	logger *slog.Logger
}

// NewNotary returns a notary, which does nothing until it runs.
func NewNotary(log Log, signer *Signer, heads HeadsFile, logger *slog.Logger) *Notary {
	return &Notary{log, signer, heads, logger}
}

// Run signs the head at the start, every [SignEvery] rows and every five minutes, until
// ctx ends. A head that cannot be signed is reported and tried again; one that cannot be added
// to the file is reported and added at the next start. Either stops nothing, and shows in
// "audit verify". Call [Notary.Sign] when the last row has been written.
func (n *Notary) Run(ctx context.Context) {
	n.compare(ctx)
	tick := time.NewTicker(signInterval)
	defer tick.Stop()
	for {
		if err := n.Sign(ctx); err != nil {
			n.logger.ErrorContext(ctx, "the audit log continues without a newer signed head", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-n.log.SignDue():
		}
	}
}

// compare brings the file up to date after a crash, and tells the operator when the
// database is not the successor of what was signed for it: somebody put an older copy
// in its place, or changed it.
func (n *Notary) compare(ctx context.Context) {
	err := n.heads.Mend()
	var heads []SignedHead
	if err == nil {
		heads, err = n.heads.Read(n.signer.verifiers)
	}
	var last SignedHead // the base of a pruned log is signed later and is before it
	for _, h := range Live(heads) {
		if h.Seq >= last.Seq {
			last = h
		}
	}
	if len(heads) > 0 {
		if err := n.follows(ctx, last); err != nil {
			n.logger.ErrorContext(ctx, "the audit log does not agree with its signed heads, or cannot be read; run audit verify", "file", n.heads, "seq", last.Seq, "err", err)
			return
		}
	}
	if err == nil {
		err = n.complete(ctx, heads)
	}
	if err != nil {
		n.logger.WarnContext(ctx, "the file of signed heads cannot be read or completed; run audit verify", "file", n.heads, "err", err)
	}
}

// follows returns an error unless the database still holds the row of a signed head.
func (n *Notary) follows(ctx context.Context, last SignedHead) error {
	holds, err := n.log.Holds(ctx, last.Head)
	if err == nil && !holds {
		err = errors.New("the row of the newest signed head is not in the database: it is an older copy, another database, or was changed")
	}
	return err
}

// complete adds to the file what only the database has: what was signed while the file could not
// be written, or by a command that was killed before it wrote there.
func (n *Notary) complete(ctx context.Context, heads []SignedHead) error {
	kept := make(map[string]bool, len(heads))
	for _, h := range heads {
		kept[h.note] = true
	}
	notes, err := n.log.Notes(ctx)
	missing := slices.DeleteFunc(notes, func(note string) bool { return kept[note] })
	if err != nil || len(missing) == 0 {
		return err
	}
	return n.heads.Append(missing...)
}

// Sign signs the head if it is new, and adds it to the file and the log.
func (n *Notary) Sign(ctx context.Context) error {
	signed, ok, err := n.log.Checkpoint(ctx, n.signer.Head)
	if err == nil && ok {
		n.logger.InfoContext(ctx, "audit head signed", "log", signed.LogID, "seq", signed.Seq, "hash", signed.Hash, "note", signed.Note())
		err = n.heads.Append(signed.Note())
	}
	if err != nil {
		return fmt.Errorf("the head of the audit log could not be signed and kept: %w", err)
	}
	return nil
}
