package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"todomanager/internal/store/sqlite/internal/sqlitedb"
)

// Options configure a [Store].
type Options struct {
	Path    string                       // the database file
	Logger  *slog.Logger                 // required by [Open]
	MinFree func() uint64                // how many bytes must be free on its disk for changes to be made, for any goroutine; 0, or nil: no limit
	Free    func(string) (uint64, error) // how many bytes are free where a file is, for any goroutine; nil: asks the system
	Now     func() time.Time             // nil: time.Now

	// Committed and Failed, if set, are told of each transaction of calls: how many they
	// were and how long it took; whether it was "lost" or its outcome is "unknown". They
	// must not block.
	Committed func(calls int, took time.Duration)
	Failed    func(outcome string)

	opened fs.FileInfo                             // the file, to tell when another or none is in its place
	turns  turns                                   // how the writer waits for other processes
	wrap   func(driver.Connector) driver.Connector // tests inject faults here
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	options Options
	lock    *fileLock
	writer  *writer
	readers *sql.DB
	queries *sqlitedb.Queries // prepared on readers
	reading chan struct{}     // holds one for each listing or page of the log under way
}

// Open opens the database for serving: it takes the lock file, creates the database if
// there is no file, brings its schema up to date, and starts the writer. It refuses a
// database that another process serves or that is newer than this program. Errors say
// how to fix them.
func Open(ctx context.Context, o Options) (_ *Store, err error) {
	s := new(Store)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	o = o.withDefaults()
	if err := create(o); err != nil {
		return nil, err
	}
	// The lock is on a file beside the database, so a second name must lead to the same.
	if o.Path, err = filepath.EvalSymlinks(o.Path); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if o.opened, err = os.Stat(o.Path); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s.options = o
	if s.lock, err = takeLock(o.Path); err != nil {
		return nil, err
	}
	if err := migrate(ctx, o, true); err != nil {
		return nil, err
	}
	s.reading = make(chan struct{}, min(8, 2*runtime.NumCPU()))
	if s.readers, err = o.pool(forReading, cap(s.reading)); err != nil {
		return nil, err
	}
	if s.queries, err = sqlitedb.Prepare(ctx, s.readers); err != nil {
		return nil, fmt.Errorf("open database %s: %w", o.Path, err)
	}
	if s.writer, err = startWriter(ctx, o); err != nil {
		return nil, err
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Free == nil {
		o.Free = freeBytes
	}
	if o.Committed == nil {
		o.Committed = func(int, time.Duration) {}
	}
	if o.Failed == nil {
		o.Failed = func(string) {}
	}
	if o.turns == (turns{}) {
		o.turns = serverTurns
	}
	return o
}

// Close waits for the calls under way, then closes the database. Calls that come after
// it are refused.
func (s *Store) Close() error {
	var errs []error
	if s.queries != nil {
		errs = append(errs, s.queries.Close())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil { // last of the connections: it folds the WAL into the file
		errs = append(errs, s.writer.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}

// create makes an empty file where there is none, so that connections never have to:
// they open mode=rw, and a file that vanishes later is an error, not a fresh start.
func create(o Options) error {
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
		return fmt.Errorf("create the folder of the database: %w; name a path in a folder that this user may write (--db)", err)
	}
	if err := orphanedLog(o.Path); err != nil {
		return err
	}
	file, err := os.OpenFile(o.Path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return writable(o.Path)
	case err != nil:
		return fmt.Errorf("create the database: %w; name a path that this user may write (--db)", err)
	}
	o.Logger.Warn("no database at this path: a new, empty one was created", "path", o.Path)
	return file.Close()
}

// orphanedLog refuses a database that is missing or empty where its write-ahead log is not:
// to make a new one, or merely to open an empty one, which has SQLite remove the log, would
// lose what is in there. An empty log does not count: readers leave it beside a stopped database.
func orphanedLog(path string) error {
	if resolved, err := filepath.EvalSymlinks(path); err == nil { // the log is beside the file that a link leads to
		path = resolved
	}
	state := "missing"
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		state = "empty"
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil // whoever opens it will tell
	}
	if wal, err := os.Lstat(path + "-wal"); err != nil || wal.Size() == 0 {
		return nil //nolint:nilerr // no log is what is hoped for
	}
	return fmt.Errorf("%s is %s but its write-ahead log %s-wal is there, with data that belongs to it: put the database back, or move the log away to start with an empty database", path, state, path)
}

// inPlace reports whether the database is still the file that was opened. SQLite goes
// on with a file that was unlinked, and everything it then writes is lost.
func (o Options) inPlace() error {
	now, err := os.Stat(o.Path)
	if err == nil && !os.SameFile(o.opened, now) {
		err = fmt.Errorf("%s is another file now", o.Path)
	}
	return err
}

func writable(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err == nil {
		var file *os.File
		if file, err = os.OpenFile(path, os.O_RDWR, 0); err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("open the database: %w; name a file that this user may write (--db)", err)
	}
	return nil
}
