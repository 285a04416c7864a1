package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// HeadsFile is where signed heads are kept outside the database: text to which a note
// is appended for each head, with an empty line after it. It proves something only
// where whoever can change the database cannot change it.
type HeadsFile string

// Append adds signed heads and returns once they are on the disk.
func (f HeadsFile) Append(notes ...string) error {
	if err := appendLine(string(f), strings.Join(notes, "\n"), 0o600); err != nil {
		return fmt.Errorf("the signed heads: %w; name a file that this user may write (--audit-heads)", err)
	}
	return nil
}

// Notes returns the signed heads as they are in the file, oldest first.
func (f HeadsFile) Notes() ([]string, error) {
	text, err := os.ReadFile(string(f))
	if err != nil {
		return nil, err
	}
	return splitNotes(string(text)), nil
}

// Read returns the heads, oldest first. Every signature must be good under one of the
// keys. A file that does not exist has none.
func (f HeadsFile) Read(keys note.Verifiers) ([]SignedHead, error) {
	notes, err := f.Notes()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var heads []SignedHead
	for n, signed := range notes {
		head, err := OpenHead(signed, keys)
		if err != nil {
			return heads, fmt.Errorf("%s, head number %d: %w", f, n+1, err)
		}
		heads = append(heads, head)
	}
	return heads, nil
}

// Mend removes a head that a crash cut off while it was written. The database still has
// it whole.
func (f HeadsFile) Mend() error {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	whole := 0
	for _, signed := range splitNotes(string(text)) {
		whole += len(signed) + 1
	}
	if err != nil || whole == len(text) {
		return err
	}
	if info, err := os.Stat(string(f)); err != nil || info.Size() != int64(len(text)) {
		return err // somebody is writing to it
	}
	return os.Truncate(string(f), int64(whole))
}

// splitNotes undoes Append: a note is text, an empty line and signatures. What is cut
// off at the end is left out.
func splitNotes(text string) (notes []string) {
	parts := strings.Split(text, "\n\n")
	for i := 0; i+2 < len(parts); i += 2 {
		notes = append(notes, parts[i]+"\n\n"+parts[i+1]+"\n")
	}
	return notes
}

// appendLine adds a line to a file, which it makes if there is none. If the disk takes only
// a part of it that is taken back: the next line must not be joined to it.
func appendLine(name, line string, mode fs.FileMode) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, mode)
	if err != nil {
		return err
	}
	n, err := file.WriteString(line + "\n")
	if err != nil {
		err = errors.Join(err, takeBack(file, n))
	}
	return errors.Join(err, file.Sync(), file.Close())
}

// takeBack undoes the last write to a file, of n bytes.
func takeBack(file *os.File, n int) error {
	end, err := file.Seek(0, io.SeekCurrent)
	if err == nil && n > 0 {
		err = file.Truncate(end - int64(n))
	}
	return err
}
