package audit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// errNotSegment is returned for a file that is not a verifiable segment.
var errNotSegment = errors.New("not a segment that can be verified")

// maxLine bounds a row in a segment, in bytes.
const maxLine = 16 << 20

// SegmentReport is the result of verifying a segment.
type SegmentReport struct {
	Manifest
	Erased int64  `json:"erased"` // rows from which a person had been erased by then
	Fault  *Fault `json:"fault"`
	name   string
	ends   map[int64]Hash // of the rows with which other segments end; see [SegmentReport.Continues]
}

// VerifySegments checks segments, by their own names or their manifests', without the
// database: the checksum, every row by its hash and the row before, and the signed head.
// Without keys the signature is not checked.
func VerifySegments(names []string, keys note.Verifiers) ([]SegmentReport, error) {
	list := make([]SegmentReport, len(names))
	ends := make(map[int64]bool)
	for i, name := range names {
		var err error
		if list[i], err = openSegment(strings.TrimSuffix(name, manifestSuffix)); err != nil {
			return nil, err
		}
		ends[list[i].LastSeq] = true
	}
	for i := range list {
		r := &list[i]
		if err := r.verify(keys, ends); err != nil && !errors.As(err, &r.Fault) {
			return nil, err
		}
	}
	return list, nil
}

// Continues reports whether a segment has the row with which another ends. Since a row's hash covers
// all before it, they then have the same rows wherever they overlap.
func (r *SegmentReport) Continues(other *SegmentReport) bool {
	hash, ok := r.ends[other.LastSeq]
	return ok && hash == other.LastHash
}

// openSegment reads the manifest of a segment.
func openSegment(name string) (r SegmentReport, err error) {
	r.name, r.ends = name, make(map[int64]Hash)
	text, err := os.ReadFile(name + manifestSuffix)
	if err != nil {
		return r, fmt.Errorf("%w: its manifest: %w", errNotSegment, err)
	}
	if err := json.Unmarshal(text, &r.Manifest); err != nil || r.Version != 1 {
		return r, fmt.Errorf("%w: %s%s is not a manifest of a known version", errNotSegment, name, manifestSuffix)
	}
	if r.Form != FormJSONL {
		return r, fmt.Errorf("%w: %s is for spreadsheets and does not hold all that was hashed; export as jsonl for proof", errNotSegment, name)
	}
	return r, nil
}

// verify also takes note of the rows with which segments end.
func (r *SegmentReport) verify(keys note.Verifiers, ends map[int64]bool) error {
	if r.File != filepath.Base(r.name) {
		return &Fault{0, fmt.Sprintf("the manifest is of another segment, %s", r.File)}
	}
	if keys != nil {
		h, err := OpenHead(r.Head, keys)
		if err != nil || !h.EndsSegment() || h.LogID != r.LogID || h.Seq != r.LastSeq || h.Hash != r.LastHash {
			return &Fault{r.LastSeq, "the manifest has no signed head for it"}
		}
	}
	file, err := os.Open(r.name)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	w := walker{Seq: r.FirstSeq - 1, Hash: r.PrevHash}
	first, err := r.rows(io.TeeReader(file, sum), &w, ends)
	if err != nil {
		return err
	}
	r.Erased = w.Erased
	if w.Seq != r.LastSeq || w.Hash != r.LastHash {
		return &Fault{w.Seq, notSigned}
	}
	if !r.FirstAt.Equal(first) || !r.LastAt.Equal(w.at) {
		return &Fault{0, "the times in the manifest are not those of the rows"}
	}
	if Hash(sum.Sum(nil)) != r.SHA256 || w.Rows != r.Rows {
		return &Fault{0, "the file is not the one that the manifest was made for: its checksum differs"}
	}
	return nil
}

// rows walks through the lines of a segment, and returns the time of the first. A line must be
// exactly what its row is written as, since the hash sees nothing of a member that was added or
// given twice.
func (r *SegmentReport) rows(from io.Reader, w *walker, ends map[int64]bool) (first time.Time, err error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLine)
	var text bytes.Buffer
	p := NewJSONL(&text)
	for lines.Scan() {
		var row Row
		text.Reset()
		err := json.Unmarshal(lines.Bytes(), &row)
		if err == nil {
			err = errors.Join(p.Print(row), p.Flush())
		}
		if err != nil || text.String() != lines.Text()+"\n" {
			return first, &Fault{w.Seq + 1, "is not in the form in which rows are exported"}
		}
		if fault := w.next(&row); fault != nil {
			return first, fault
		}
		if w.Rows == 1 {
			first = row.OccurredAt
		}
		if ends[w.Seq] {
			r.ends[w.Seq] = w.Hash
		}
	}
	return first, lines.Err()
}
