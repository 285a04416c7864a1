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

// ErrNotSegment is returned for a file that is not a verifiable segment.
var ErrNotSegment = errors.New("not a segment that can be verified")

// maxLine bounds a row in a segment, in bytes.
const maxLine = 16 << 20

// SegmentReport is the result of verifying a segment.
type SegmentReport struct {
	Manifest
	Erased int64  `json:"erased"` // rows from which a person had been erased by then
	Fault  *Fault `json:"fault"`
}

// VerifySegment checks a segment, by its own name or its manifest's, without the
// database: its checksum, every row by its hash and the row before, and its signed head.
// Without keys the signature is not checked.
func VerifySegment(name string, keys note.Verifiers) (r SegmentReport, err error) {
	name = strings.TrimSuffix(name, manifestSuffix)
	text, err := os.ReadFile(name + manifestSuffix)
	if err != nil {
		return r, fmt.Errorf("%w: its manifest: %w", ErrNotSegment, err)
	}
	if err := json.Unmarshal(text, &r.Manifest); err != nil || r.Version != 1 {
		return r, fmt.Errorf("%w: %s%s is not a manifest of a known version", ErrNotSegment, name, manifestSuffix)
	}
	if r.Form != FormJSONL {
		return r, fmt.Errorf("%w: %s is for spreadsheets and does not hold all that was hashed; export as jsonl for proof", ErrNotSegment, name)
	}
	err = r.verify(name, keys)
	errors.As(err, &r.Fault)
	if r.Fault != nil {
		err = nil
	}
	return r, err
}

func (r *SegmentReport) verify(name string, keys note.Verifiers) error {
	if r.File != filepath.Base(name) {
		return &Fault{0, fmt.Sprintf("the manifest is of another segment, %s", r.File)}
	}
	if keys != nil {
		h, err := OpenHead(r.Head, keys)
		if err != nil || !h.EndsSegment() || h.LogID != r.LogID || h.Seq != r.LastSeq || h.Hash != r.LastHash {
			return &Fault{r.LastSeq, "the manifest has no signed head for it"}
		}
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	w := Walker{Seq: r.FirstSeq - 1, Hash: r.PrevHash}
	first, err := r.rows(io.TeeReader(file, sum), &w)
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
func (r *SegmentReport) rows(from io.Reader, w *Walker) (first time.Time, err error) {
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
		if fault := w.Next(&row); fault != nil {
			return first, fault
		}
		if w.Rows == 1 {
			first = row.OccurredAt
		}
	}
	return first, lines.Err()
}
