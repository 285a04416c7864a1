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

// Path is where the database is, or will be: where a link leads to, if it was named by one.
func (r *Restoration) Path() string { return r.path }

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

// Upgrade brings the copy's schema up to date. It refuses what is no database of this
// program, or of a newer one.
func (r *Restoration) Upgrade(ctx context.Context, logger *slog.Logger) error {
	if _, err := schemaOf(ctx, r.Copy()); err != nil {
		return fmt.Errorf("what is to be restored is no database of this program: %w", err)
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
// an [audit.Signer.Restored], makes: from the last row of the copy the log goes on.
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

// Unused returns an error if another program has the database open, as Litestream does. What
// is in its write-ahead log is moved into it.
func (r *Restoration) Unused(ctx context.Context) error {
	if _, err := os.Stat(r.path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := fold(ctx, r.path)
	if code(err) == lib.SQLITE_BUSY {
		err = fmt.Errorf("%w: %w", errUsed, err)
	}
	if errors.Is(err, errUsed) { // any other: it is damaged, and kept as it is
		return err
	}
	return nil
}

// Keep makes all ready for Swap, so that little of that can fail: it gives the database that is
// there another name besides its own, with its write-ahead log if that could not be folded into it.
func (r *Restoration) Keep(ctx context.Context, kept string) error {
	if err := fold(ctx, r.Copy()); err != nil {
		return err
	}
	if err := r.Unused(ctx); err != nil {
		return err
	}
	if err := r.keep(kept); err != nil {
		return fmt.Errorf("keep the database that is there: %w", err)
	}
	return nil
}

// Swap puts the copy in the place of what Keep has kept. Killed at any moment it leaves one of the
// two in place, whole.
func (r *Restoration) Swap() error {
	if err := removeLogs(r.path); err != nil {
		return err
	}
	if err := os.Rename(r.Copy(), r.path); err != nil {
		return err
	}
	return atomicfile.SyncFolder(filepath.Dir(r.path))
}

// keep gives the database a second name, if there is one. Its write-ahead log is kept even
// where the database itself is gone: left behind, SQLite would take it for the copy's.
func (r *Restoration) keep(kept string) error {
	for _, suffix := range []string{"", "-wal", "-journal"} {
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
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return fmt.Errorf("%w: %s; stop that first", errUsed, path)
	}
	return nil
}

// removeLogs removes what SQLite keeps beside a database.
func removeLogs(path string) error {
	var errs []error
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (r *Restoration) clean() error {
	err := os.Remove(r.Copy())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, removeLogs(r.Copy()))
}

// Close removes the copy if it was not put in place, and gives up the lock.
func (r *Restoration) Close() error { return errors.Join(r.clean(), r.lock.release()) }
