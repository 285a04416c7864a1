package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Chain is where a stored log begins and ends, all read at one moment.
type Chain struct {
	Base     Head      // the newest row that was pruned; seq 0 and a random hash if none was
	Head     Head      // what the log says is its end
	HeadAt   time.Time // what the log says is the time of its last row
	FirstSeq int64     // of the first row that is there, which pruning may have yet to remove; without rows, of the next
	LastSeq  int64     // of the last row that is there
}

// Checkpoint is a signed head as the database keeps it.
type Checkpoint struct {
	Seq  int64
	Note string
}

// Stored is a log to verify. It may be written to meanwhile.
type Stored interface {
	// Chain returns where the log begins and ends.
	Chain(ctx context.Context) (Chain, error)
	// Rows returns the rows with after < seq <= last, at most a page of them.
	Rows(ctx context.Context, after, last int64) ([]Row, error)
	// Checkpoints returns the signed heads that the database keeps.
	Checkpoints(ctx context.Context) ([]Checkpoint, error)
}

// Evidence is what a log is verified against: what whoever can change the database
// should not be able to change.
type Evidence struct {
	Keys  note.Verifiers // public keys; nil if there are none
	Heads []string       // signed heads from outside the database, oldest first
}

// Report is the result of a verification. Nothing in it is a secret.
type Report struct {
	LogID    string      `json:"log"`
	FirstSeq int64       `json:"first_seq"` // of the rows that were checked
	LastSeq  int64       `json:"last_seq"`
	Rows     int64       `json:"rows"`
	Erased   int64       `json:"erased"` // rows from which a person was erased
	Heads    int64       `json:"heads"`  // signed heads that agree with their row
	Newest   *SignedHead `json:"newest_head"`
	Unsigned int64       `json:"unsigned_rows"` // after the newest signed head
	Restored []Restored  `json:"restorations"`  // each a claim of whoever has the key: ask who did that
	Missing  []string    `json:"missing"`       // evidence that there was none of
	Fault    *Fault      `json:"fault"`
	blanks   int64       // erased identities that no user.erase row has accounted for yet
}

// Restored is a restoration: rows after one were given up, with what was signed for them.
type Restored struct {
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"`
	Void int       `json:"void_heads"` // how many signed heads that made void
}

// Complete reports whether nothing is wrong and no evidence was missing.
func (r *Report) Complete() bool { return r.Fault == nil && len(r.Missing) == 0 }

// Verify checks a whole log: every row by its hash and the row before, every signed head
// by its signature and the row it names, where the log begins and ends, and that no more
// was erased than was recorded. The report's fault is the first one; an error means that
// the log could not be read.
func Verify(ctx context.Context, log Stored, e Evidence) (Report, error) {
	v := &verification{log: log, evidence: e}
	// In this order: the log is ahead of its checkpoints, they are ahead of the file.
	err := v.gather(ctx)
	if err == nil && v.Fault == nil {
		err = v.walk(ctx)
	}
	var fault *Fault
	if errors.As(err, &fault) {
		v.Fault, err = fault, nil
	}
	return v.Report, err
}

type verification struct {
	Report
	log      Stored
	evidence Evidence
	chain    Chain
	heads    map[int64][]SignedHead
	w        walker
}

// gather opens the signed heads and finds the ends of the log.
func (v *verification) gather(ctx context.Context) error {
	notes, err := v.notes(ctx)
	if err != nil {
		return err
	}
	v.LogID = v.chain.Head.LogID
	e := v.evidence
	switch {
	case e.Keys == nil:
		v.Missing = append(v.Missing, "no public key: no signature was checked")
	case len(notes)+len(e.Heads) == 0 && v.chain.Head.Seq > 0:
		v.Missing = append(v.Missing, "no signed head: nothing shows that the log was not replaced as a whole")
	}
	return v.signed(notes)
}

// signed opens the signed heads, those of the database and those from outside it.
func (v *verification) signed(notes []Checkpoint) error {
	e := v.evidence
	if e.Keys == nil {
		return nil
	}
	var heads []SignedHead
	for _, c := range notes {
		h, err := v.open(c.Note, e.Keys, "in the database")
		if err != nil {
			return err
		}
		if h.Seq != c.Seq {
			return &Fault{c.Seq, "its checkpoint in the database holds the signed head of another row"}
		}
		heads = append(heads, h)
	}
	for _, text := range e.Heads {
		h, err := v.open(text, e.Keys, "in the file")
		if err != nil {
			return err
		}
		heads = append(heads, h)
	}
	v.Restored = restorations(heads)
	return v.expect(Live(heads))
}

// OpenHeads returns where a log begins and ends, and its signed heads that are not void, in order
// of seq: those that it keeps, and those of the evidence, all of which must be good and of rows
// that the log has or had.
func OpenHeads(ctx context.Context, log Stored, e Evidence) (Chain, []SignedHead, error) {
	v := &verification{log: log, evidence: e}
	if err := v.gather(ctx); err != nil {
		return v.chain, nil, err
	}
	heads := slices.Concat(slices.Collect(maps.Values(v.heads))...)
	slices.SortStableFunc(heads, func(a, b SignedHead) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.note, b.note)) })
	return v.chain, slices.CompactFunc(heads, func(a, b SignedHead) bool { return a.note == b.note }), nil
}

// notes reads the signed heads, and finds the ends of the log. That its base has moved is signed in
// the transaction that moves it, so the notes are good if it did not move while they were read.
// The log is read after its checkpoints, and these after the file: each is then ahead of the next.
func (v *verification) notes(ctx context.Context) (notes []Checkpoint, err error) {
	before, err := v.log.Chain(ctx)
	for err == nil {
		if notes, err = v.log.Checkpoints(ctx); err != nil {
			break
		}
		if v.chain, err = v.log.Chain(ctx); v.chain.Base == before.Base {
			break
		}
		before = v.chain
	}
	return notes, err
}

// open checks a signed head, wherever it is.
func (v *verification) open(text string, keys note.Verifiers, where string) (SignedHead, error) {
	h, err := OpenHead(text, keys)
	unknown := (*note.UnverifiedNoteError)(nil)
	switch {
	case errors.As(err, &unknown):
		return h, &Fault{0, fmt.Sprintf("a signed head %s is signed by none of the public keys: give all that the server ever had; if it fails then too, somebody else made it", where)}
	case err != nil:
		return h, &Fault{0, fmt.Sprintf("an entry among the signed heads %s is not a signed head: %v", where, err)}
	case h.LogID != v.LogID:
		return h, &Fault{0, fmt.Sprintf("a signed head %s is of another log, %s", where, h.LogID)}
	}
	return h, nil
}

// expect makes signed heads what the rows are compared with.
func (v *verification) expect(heads []SignedHead) error {
	v.heads, v.Newest = make(map[int64][]SignedHead), nil
	for _, h := range heads {
		if h.Seq > v.chain.Head.Seq {
			return &Fault{v.chain.Head.Seq + 1, fmt.Sprintf("is missing: a head was signed for row %d at %s; the end was cut off, or an older copy was put in place",
				h.Seq, h.SignedAt.UTC().Format(time.RFC3339))}
		}
		v.heads[h.Seq] = append(v.heads[h.Seq], h)
		if v.Newest == nil || v.Newest.Seq < h.Seq {
			v.Newest = &h
		}
	}
	return nil
}

// walk checks the rows, to the end as it was at the start.
func (v *verification) walk(ctx context.Context) error {
	v.FirstSeq = v.chain.Base.Seq + 1
	if err := v.begin(ctx); err != nil {
		return err
	}
	for extensions := 0; ; extensions++ {
		if err := v.rows(ctx); err != nil {
			return err
		}
		if v.blanks == 0 {
			break
		}
		// A person may be being erased: the row that accounts for it is then further on.
		chain, err := v.log.Chain(ctx)
		if err != nil {
			return err
		}
		if chain.Head.Seq == v.chain.Head.Seq || extensions == 10 {
			return &Fault{0, fmt.Sprintf("people were erased from rows, and no later user.erase row accounts for %d of them", v.blanks)}
		}
		v.chain.Head, v.chain.HeadAt, v.chain.LastSeq = chain.Head, chain.HeadAt, chain.LastSeq
	}
	v.Rows, v.Erased, v.LastSeq = v.w.Rows, v.w.Erased, v.w.Seq
	if v.Unsigned = v.LastSeq; v.Newest != nil {
		v.Unsigned = v.LastSeq - v.Newest.Seq
	}
	return nil
}

// begin puts the walk in front of the first row, which must be vouched for by a signature
// unless it is the first that ever was.
func (v *verification) begin(ctx context.Context) error {
	base := v.chain.Base
	v.w.Seq, v.w.Hash, v.w.at = base.Seq, base.Hash, time.Time{}
	if base.Seq > 0 && v.evidence.Keys != nil && !slices.ContainsFunc(v.heads[base.Seq], func(h SignedHead) bool { return h.says == saysBase }) {
		return &Fault{base.Seq + 1, "is the first row, and nothing signed says that those before it were pruned"}
	}
	if err := v.agree(base); err != nil {
		return err
	}
	return v.leftovers(ctx)
}

// leftovers checks the rows up to the base that pruning has yet to remove, or was interrupted before
// it did. It removes the oldest first, so those that are there are consecutive and lead to the base.
func (v *verification) leftovers(ctx context.Context) error {
	base, first := v.chain.Base, v.chain.FirstSeq
	if first < 1 {
		return &Fault{0, fmt.Sprintf("there is a row %d, and the first of a log is 1", first)}
	}
	w := walker{Seq: first - 1}
	for w.Seq < base.Seq {
		page, err := v.log.Rows(ctx, w.Seq, base.Seq)
		if err != nil {
			return err
		}
		if len(page) == 0 || page[0].Seq != w.Seq+1 {
			chain, err := v.log.Chain(ctx)
			switch {
			case err != nil:
				return err
			case chain.FirstSeq <= w.Seq+1:
				return &Fault{w.Seq + 1, "is missing, while rows before it are there that were to be pruned with it"}
			}
			w = walker{Seq: chain.FirstSeq - 1} // they were removed meanwhile
			continue
		}
		for i := range page {
			if err := v.leftover(&w, &page[i]); err != nil {
				return err
			}
		}
	}
	if w.Seq == base.Seq && w.Rows > 0 && w.Hash != base.Hash {
		return &Fault{base.Seq, "is not the last row that was pruned"}
	}
	return nil
}

// leftover checks the next of these rows. What the hash of the first one is computed from went with
// the row before it: unless a head was signed for that one, nothing can prove the first one's columns.
func (v *verification) leftover(w *walker, r *Row) error {
	fault, before := (*Fault)(nil), v.heads[w.Seq]
	switch {
	case w.Rows > 0:
		fault = w.next(r)
	case len(before) > 0:
		w.Hash = before[0].Hash
		fault = w.next(r)
	default:
		*w = walker{Seq: r.Seq, Hash: r.Hash, Rows: 1, at: r.OccurredAt}
		fault = r.identityFault()
	}
	switch {
	case fault != nil:
		return fault
	case r.Seq == v.chain.Base.Seq:
		return nil // compared with its heads as the base
	}
	return v.agree(Head{Seq: r.Seq, Hash: r.Hash})
}

// agree compares a row with the heads signed for it.
func (v *verification) agree(row Head) error {
	for _, h := range v.heads[row.Seq] {
		if h.Hash != row.Hash {
			return &Fault{row.Seq, fmt.Sprintf("is not the row for which a head was signed at %s: it, or one before it, was rewritten", h.SignedAt.UTC().Format(time.RFC3339))}
		}
		v.Heads++
	}
	return nil
}

// rows walks to the head.
func (v *verification) rows(ctx context.Context) error {
	w := &v.w
	for w.Seq < v.chain.Head.Seq {
		page, err := v.log.Rows(ctx, w.Seq, v.chain.Head.Seq)
		if err != nil {
			return err
		}
		if len(page) == 0 || page[0].Seq != w.Seq+1 {
			pruned, err := v.skipPruned(ctx)
			if err != nil {
				return err
			}
			if pruned {
				continue
			}
			if len(page) == 0 {
				return &Fault{w.Seq + 1, "is missing, and so is every row after it"}
			}
		}
		for i := range page {
			if err := v.row(&page[i]); err != nil {
				return err
			}
		}
	}
	switch {
	case w.Hash != v.chain.Head.Hash:
		return &Fault{w.Seq, "is not the end that the log says it has"}
	case !w.at.IsZero() && !w.at.Equal(v.chain.HeadAt):
		return &Fault{w.Seq, "does not have the time that the log gives for its last row"}
	case v.chain.LastSeq > v.chain.Head.Seq:
		return &Fault{v.chain.Head.Seq + 1, "comes after the end that the log says it has"}
	}
	return nil
}

// row checks one row and takes note of what it accounts for.
func (v *verification) row(r *Row) error {
	if fault := v.w.next(r); fault != nil {
		return fault
	}
	v.blanks += r.blanks()
	if r.Event == UserErase && r.Details != nil {
		var d struct{ Rows int64 }
		if err := json.Unmarshal([]byte(*r.Details), &d); err == nil {
			v.blanks -= min(v.blanks, max(0, d.Rows))
		}
	}
	return v.agree(Head{Seq: r.Seq, Hash: r.Hash})
}

// skipPruned moves the walk to the new beginning if rows were pruned under it. Anybody who can
// write to the database can move its base, so the signed heads are read again: there must be one
// that says so, as there must at the start.
func (v *verification) skipPruned(ctx context.Context) (bool, error) {
	chain, err := v.log.Chain(ctx)
	if err != nil || chain.Base.Seq <= v.w.Seq {
		return false, err
	}
	notes, err := v.notes(ctx)
	if err == nil {
		err = v.signed(notes)
	}
	if err != nil {
		return false, err
	}
	v.blanks = 0 // what accounts for those of rows that went may have gone, too
	return true, v.begin(ctx)
}
