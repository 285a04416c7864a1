package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	lib "modernc.org/sqlite/lib"

	"todomanager/internal/atomicfile"
	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// Restored is the details column of chain.restored.
type Restored struct {
	Operator
	SHA256  audit.Hash `json:"sha256"`   // of the copy, as it was
	LastSeq int64      `json:"last_seq"` // of the copy's last row
	LostSeq int64      `json:"lost_seq"` // of the last row known to have been written before; 0 if nothing is known
}

// Restoration puts a copy of a database in the place of another. It holds the lock, so
// nobody serves the database meanwhile. Until [Restoration.Swap] only the copy is changed.
type Restoration struct {
	path string
	lock *fileLock
	kept string // the other name of the database that is there, once it has one
}

// BeginRestoration takes the lock of the database at path, which need not exist.
func BeginRestoration(path string) (*Restoration, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create the folder of the database: %w; name a path in a folder that this user may write (--db)", err)
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil { // the server locks the file that a link leads to
		path = resolved
	}
	lock, err := takeLock(path)
	if err != nil {
		return nil, err
	}
	r := &Restoration{path: path, lock: lock}
	if err := r.clean(); err != nil { // of what a run left that was killed
		return nil, errors.Join(err, lock.release())
	}
	return r, nil
}

// keptInfix stands in the name of a database that was kept between its path and the time.
const keptInfix = ".before-"

// Kept returns the name under which the present database is kept, beside the file itself where the
// path is a link.
func (r *Restoration) Kept(at time.Time) string {
	return r.path + keptInfix + at.UTC().Format("20060102T150405.000Z")
}

// Copy is the path of the copy, beside the database.
func (r *Restoration) Copy() string { return r.path + ".restoring" }

// Fill makes the copy, with mode 0600.
func (r *Restoration) Fill(from io.Reader) error {
	file, err := os.OpenFile(r.Copy(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Sync(), file.Close())
}

// Upgrade brings the copy's schema up to date. It refuses what is not a database of this
// program, or is one of a newer program.
func (r *Restoration) Upgrade(ctx context.Context, logger *slog.Logger) error {
	if _, err := schemaOf(ctx, r.Copy()); err != nil {
		return fmt.Errorf("the file to restore is not a database of this program: %w", err)
	}
	o := Options{Path: r.Copy(), Logger: logger}.withDefaults()
	var err error
	if o.opened, err = os.Stat(o.Path); err != nil {
		return err
	}
	return migrate(ctx, o, false)
}

// SameSchema refuses a copy whose schema somebody has changed: a trigger in it would do its
// work on what the server writes later.
func (r *Restoration) SameSchema(ctx context.Context) error {
	db, err := Options{Path: r.Copy()}.pool(forLooking, 1)
	if err != nil {
		return err
	}
	if err := errors.Join(sameSchema(ctx, db), db.Close()); err != nil {
		return fmt.Errorf("%w; nothing was restored: take another copy", err)
	}
	return nil
}

// Record appends a row that tells of the restoration, and the statement about it that sign,
// an [audit.Signer.Restored], makes: the log continues from the last row of the copy.
func (r *Restoration) Record(ctx context.Context, sign audit.Sign, d Restored) (signed audit.SignedHead, err error) {
	a, err := OpenAdmin(ctx, r.Copy())
	if err != nil {
		return signed, err
	}
	err = a.write(func(t *tx) (err error) {
		if signed, err = t.keep(t.head, sign); err != nil {
			return err
		}
		return t.Record(act(audit.ChainRestored, todos.Owner{}, d))
	})
	return signed, errors.Join(err, a.Close())
}

// unused returns an error if another program reads or writes the database at the moment, as
// Litestream does all the time. What is in its write-ahead log is moved into it.
func (r *Restoration) unused(ctx context.Context) error {
	if _, err := os.Stat(r.path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := fold(ctx, r.path)
	if errors.Is(err, errUsed) || ctx.Err() != nil { // any other: it is damaged, and kept as it is
		return err
	}
	return nil
}

// Keep prepares Swap, so that little of that can fail: it gives the present database a second
// name, with its write-ahead log if that could not be folded into it. It keeps that name
// once Swap has put the copy in its place.
func (r *Restoration) Keep(ctx context.Context, kept string) error {
	if err := fold(ctx, r.Copy()); err != nil {
		return err
	}
	if err := r.unused(ctx); err != nil {
		return err
	}
	if err := r.keep(kept); err != nil {
		return fmt.Errorf("keep the present database: %w", err)
	}
	return nil
}

// Swap puts the copy in the place of what Keep has kept. Whenever it is killed, one of the two is
// in place, whole; but a write-ahead log that could not be folded into its database is then beside
// the other name alone.
func (r *Restoration) Swap(ctx context.Context) error {
	if err := r.unused(ctx); err != nil { // who opened it meanwhile
		return err
	}
	err := removeLogs(r.path)
	if err == nil {
		err = os.Rename(r.Copy(), r.path)
	}
	if err != nil {
		return errors.Join(err, r.giveBackLogs())
	}
	return atomicfile.SyncFolder(filepath.Dir(r.path))
}

// giveBackLogs puts the logs of the database that stays in its place beside it again.
func (r *Restoration) giveBackLogs() error {
	var errs []error
	for _, suffix := range logSuffixes {
		err := os.Link(r.kept+suffix, r.path+suffix)
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// logSuffixes end the names of what can hold data that is not in the database itself.
var logSuffixes = []string{"-wal", "-journal"}

// keep gives the database a second name, if there is one. Its write-ahead log is kept even
// where the database itself is gone: left behind, SQLite would take it for the copy's.
func (r *Restoration) keep(kept string) error {
	r.kept = kept
	for _, suffix := range append([]string{""}, logSuffixes...) {
		if err := os.Link(r.path+suffix, kept+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return atomicfile.SyncFolder(filepath.Dir(r.path))
}

var errUsed = errors.New("another program uses the database")

// fold moves what is in the write-ahead log into the database.
func fold(ctx context.Context, path string) (err error) {
	db, err := Options{Path: path}.pool(forWriting, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var busy, pages, moved int
	err = db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	if err != nil && code(err) != lib.SQLITE_BUSY {
		return err
	}
	if err != nil || busy != 0 {
		return fmt.Errorf("%w: %s; stop that first", errUsed, path)
	}
	return nil
}

// removeLogs removes what SQLite keeps beside a database.
func removeLogs(path string) error {
	var errs []error
	for _, suffix := range append(slices.Clone(logSuffixes), "-shm") {
		if err := os.Remove(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// clean removes the copy, and other names of the database that is still in its place: to open it
// by one of these would damage it.
func (r *Restoration) clean() error {
	err := os.Remove(r.Copy())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, removeLogs(r.Copy()), r.unkeep())
}

func (r *Restoration) unkeep() error {
	folder := filepath.Dir(r.path)
	entries, err := os.ReadDir(folder)
	errs := []error{err}
	for _, entry := range entries {
		kept := filepath.Join(folder, entry.Name())
		if strings.HasPrefix(kept, filepath.Clean(r.path)+keptInfix) && sameFile(r.path, kept) {
			errs = append(errs, r.forget(kept))
		}
	}
	return errors.Join(errs...)
}

// forget removes another name of the database, and those of its logs. A log that has no other name
// is left: it holds what could not be folded. It is not moved back either, since a server may have
// written to the database without it.
func (r *Restoration) forget(kept string) error {
	var errs []error
	for _, suffix := range append(slices.Clone(logSuffixes), ".audit-heads", "") {
		if slices.Contains(logSuffixes, suffix) && !sameFile(r.path+suffix, kept+suffix) {
			continue
		}
		if err := os.Remove(kept + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func sameFile(a, b string) bool {
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	return errOne == nil && errOther == nil && os.SameFile(one, other)
}

// secondName refuses a name that a killed restoration gave to a database that is still in its
// place: SQLite would keep another write-ahead log beside it, and the two would overwrite each other.
func secondName(path string) error {
	end := strings.LastIndex(path, keptInfix)
	if end < 0 {
		return nil
	}
	if first := path[:end]; sameFile(first, path) {
		return fmt.Errorf("%s is another name of %s, left by a restoration that was killed: name that one (--db), and remove the other name", path, first)
	}
	return nil
}

// Close removes the copy if it was not put in place, and gives up the lock.
func (r *Restoration) Close() error { return errors.Join(r.clean(), r.lock.release()) }
