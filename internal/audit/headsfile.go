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

// Append adds signed heads and returns once they are on the disk. It adds nothing to a file that
// begins with something else.
func (f HeadsFile) Append(notes ...string) error {
	err := f.recogniseBegin()
	if err == nil {
		err = appendLine(string(f), strings.Join(notes, "\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("the signed heads: %w; name a file that this user may write (--audit-heads)", err)
	}
	return nil
}

func (f HeadsFile) recogniseBegin() error {
	file, err := os.Open(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	begin, err := io.ReadAll(io.LimitReader(file, int64(len(noteBegin))))
	return errors.Join(err, f.recognise(string(begin), 0))
}

// Notes returns the signed heads as they are in the file, oldest first. A last one that is cut
// off is left out; anything else in the file is an error, since what is not recognised as
// evidence must not pass for none.
func (f HeadsFile) Notes() ([]string, error) {
	text, err := os.ReadFile(string(f))
	if err != nil {
		return nil, err
	}
	notes, rest := splitNotes(string(text))
	return notes, f.recognise(rest, len(notes))
}

// recognise returns an error unless the rest of the file, after some heads, is the beginning of
// another one.
func (f HeadsFile) recognise(rest string, heads int) error {
	if beginsNote(rest) {
		return nil
	}
	return fmt.Errorf("%s: after %d signed heads comes something that is not one, %.40q: give a file of heads as the server writes it, byte for byte", f, heads, rest)
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

// Mend removes a head that a crash cut off while it was written, or ends its last line if that alone
// is missing. The database still has it whole. Of anything else it removes nothing: that is not
// the server's.
func (f HeadsFile) Mend() error {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	notes, rest := splitNotes(string(text))
	if err == nil {
		err = f.recognise(rest, len(notes))
	}
	whole := rest == "" && (len(notes) == 0 || strings.HasSuffix(string(text), "\n\n"))
	if err != nil || whole {
		return err
	}
	if info, err := os.Stat(string(f)); err != nil || info.Size() != int64(len(text)) {
		return err // somebody is writing to it
	}
	if rest == "" {
		return appendLine(string(f), "", 0o600) // the empty line after the last head
	}
	return os.Truncate(string(f), int64(len(text)-len(rest)))
}

// splitNotes undoes Append: a note is text, an empty line and signatures, and has an empty line
// after it. The rest is what is not such a note, and what follows.
func splitNotes(text string) (notes []string, rest string) {
	for rest = text; strings.HasPrefix(rest, noteBegin); {
		body, after, _ := strings.Cut(rest, "\n\n")
		signature, after, whole := strings.Cut(after, "\n\n")
		signature, ends := strings.CutSuffix(signature, "\n") // with nothing after it
		if !whole && !ends {
			break
		}
		notes = append(notes, body+"\n\n"+signature+"\n")
		rest = after
	}
	return notes, rest
}

// noteBegin is how every [statement] begins.
const noteBegin = "todo-manager/audit"

// beginsNote reports whether a text may be what was written of a note, or nothing: it has no more
// lines than a note with one signature. After a power failure zeros may stand for what was not.
func beginsNote(text string) bool {
	text = strings.TrimRight(text, "\x00")
	begin := min(len(text), len(noteBegin))
	return text[:begin] == noteBegin[:begin] && strings.Count(text, "\n") < 7 && !strings.ContainsRune(text, '\r')
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
