package audit

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"todomanager/internal/atomicfile"
)

// Form is the form of the rows in a segment.
type Form string

// The forms. Only JSONL holds all that a row's hash covers.
const (
	FormJSONL Form = "jsonl"
	FormCSV   Form = "csv"
)

// Manifest describes a segment: a file with consecutive rows of a log, of which the last
// is one whose head was signed. It is the file NAME.json beside the segment NAME, and
// is written after it: a segment without a manifest is not complete.
type Manifest struct {
	Version  int       `json:"version"` // 1
	LogID    string    `json:"log"`
	File     string    `json:"file"` // name of the segment, without folder
	Form     Form      `json:"form"`
	Bytes    int64     `json:"bytes"`
	SHA256   Hash      `json:"sha256"` // of the file
	Rows     int64     `json:"rows"`
	FirstSeq int64     `json:"first_seq"`
	LastSeq  int64     `json:"last_seq"`
	FirstAt  time.Time `json:"first_at"`
	LastAt   time.Time `json:"last_at"`
	PrevHash Hash      `json:"prev_hash"` // of the row before the first
	LastHash Hash      `json:"last_hash"` // of the last row
	Head     string    `json:"head"`      // signed note of the last row
}

// manifestSuffix is what the name of a manifest has besides its segment's.
const manifestSuffix = ".json"

// Archive is a folder of segments.
type Archive struct {
	Folder string
	Form   Form
}

// Write makes the segment of the rows after a head, up to a signed one, and returns its
// manifest. Rows that do not verify are a [*Fault], and then there is no segment. They are
// compared with all signed heads, which are in order of seq: the last one alone may have been
// signed after somebody had written the rows before it anew.
func (a Archive) Write(ctx context.Context, log Stored, after Head, end SignedHead, heads []SignedHead) (Manifest, error) {
	m := Manifest{
		Version: 1, LogID: after.LogID, Form: a.Form, FirstSeq: after.Seq + 1, LastSeq: end.Seq,
		PrevHash: after.Hash, LastHash: end.Hash, Head: end.note,
	}
	m.File = fmt.Sprintf("audit-%.8s-%012d-%012d.%s", m.LogID, m.FirstSeq, m.LastSeq, a.Form)
	name := filepath.Join(a.Folder, m.File)
	err := atomicfile.Write(name, func(w io.Writer) error { return m.write(ctx, log, heads, w) })
	if err != nil {
		return m, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	return m, atomicfile.WriteBytes(name+manifestSuffix, append(text, '\n'))
}

// write copies the rows, each of which it checks, and completes the manifest.
func (m *Manifest) write(ctx context.Context, log Stored, heads []SignedHead, to io.Writer) error {
	sum := sha256.New()
	size := &counter{w: io.MultiWriter(to, sum)}
	var p Printer = NewJSONL(size)
	if m.Form == FormCSV {
		p = NewCSV(size)
	}
	after := Head{LogID: m.LogID, Seq: m.FirstSeq - 1, Hash: m.PrevHash}
	err := VerifyRange(ctx, log, after, heads, m.LastSeq, func(r *Row) error {
		if m.Rows++; m.Rows == 1 {
			m.FirstAt = r.OccurredAt
		}
		m.LastAt = r.OccurredAt
		return p.Print(*r)
	})
	if err == nil {
		err = p.Flush()
	}
	m.Bytes = size.n
	sum.Sum(m.SHA256[:0])
	return err
}

const notSigned = "is not the row for which a head was signed: it, or one before it, was rewritten"

// counter counts what is written through it.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Ends picks the heads at which to cut the rows after one seq, up to another, into segments:
// each ends at the last head within rows, or at the next head where none is within. The last is
// the last head that may end a segment. Heads are in order of seq.
func Ends(heads []SignedHead, after, last, rows int64) (ends []SignedHead) {
	heads = slices.DeleteFunc(slices.Clone(heads), func(h SignedHead) bool { return !h.EndsSegment() || h.Seq <= after || h.Seq > last })
	for i, h := range heads {
		if i+1 == len(heads) || heads[i+1].Seq-after > rows && heads[i+1].Seq != h.Seq {
			ends = append(ends, h)
			after = h.Seq
		}
	}
	return ends
}

// ErrPruned means that the beginning of a log moved while it was read: somebody pruned it.
var ErrPruned = errors.New("the log was pruned meanwhile; run the command again")

// VerifyRange walks through the rows after a head, up to a seq, compares them with the
// signed heads, which are in order of seq, and gives each to yield. What is wrong with
// one is a [*Fault]; it returns [ErrPruned] if they are removed under it.
func VerifyRange(ctx context.Context, log Stored, after Head, heads []SignedHead, last int64, yield func(*Row) error) error {
	w := walker{Seq: after.Seq, Hash: after.Hash}
	agree := func() error {
		for ; len(heads) > 0 && heads[0].Seq <= w.Seq; heads = heads[1:] {
			if heads[0].Seq == w.Seq && heads[0].Hash != w.Hash {
				return &Fault{w.Seq, notSigned}
			}
		}
		return nil
	}
	if err := agree(); err != nil {
		return err
	}
	for w.Seq < last {
		page, err := log.Rows(ctx, w.Seq, last)
		if err != nil {
			return err
		}
		if len(page) == 0 || page[0].Seq != w.Seq+1 {
			chain, err := log.Chain(ctx)
			switch {
			case err != nil:
				return err
			case chain.Base.Seq > w.Seq:
				return ErrPruned
			}
			return &Fault{w.Seq + 1, "is missing"}
		}
		for i := range page {
			if fault := w.next(&page[i]); fault != nil {
				return fault
			}
			if err := agree(); err != nil {
				return err
			}
			if err := yield(&page[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
