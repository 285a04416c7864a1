package sqlite

import (
	"errors"
	"fmt"

	"github.com/gofrs/flock"
)

// ErrServed means that another process serves the database.
var ErrServed = errors.New("another process serves this database")

// fileLock keeps a second serving process off a database. It is a file of its own,
// because SQLite's locks are on the database file and closing any descriptor of that
// would drop them.
type fileLock struct{ *flock.Flock }

func takeLock(path string) (*fileLock, error) {
	l := &fileLock{flock.New(path+".lock", flock.SetPermissions(0o600))}
	ok, err := l.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock the database: %w; the folder of %s must be writable", err, path)
	case !ok:
		return nil, fmt.Errorf("%w: %s (lock file %s.lock); stop that one or name another file (--db)", ErrServed, path, path)
	}
	return l, nil
}

// release gives the lock up. The file stays: removing it would race with the next owner.
func (l *fileLock) release() error { return l.Unlock() }
