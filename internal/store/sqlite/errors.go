package sqlite

import (
	"context"
	"errors"
	"fmt"

	sqlite "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// isConstraint reports whether err is SQLite's refusal of a value: the statement was
// undone and the transaction goes on. Any other error of the database may have undone
// the whole transaction.
func isConstraint(err error) bool { return code(err) == lib.SQLITE_CONSTRAINT }

// code returns SQLite's primary result code, 0 if err is not of SQLite.
func code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

// mendLooking says what to do when a database cannot be looked at.
func mendLooking(err error) string {
	switch code(err) {
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return "SQLite must be able to create its -shm file beside the database: run this as the server's user, or look at a copy in a folder of your own"
	case lib.SQLITE_CORRUPT:
		return "the file is damaged: restore a backup"
	case lib.SQLITE_ERROR, lib.SQLITE_NOTADB: // it has none of our tables, or none at all
		return "name the file that the server uses (--db)"
	default:
		return "look at the file and its disk"
	}
}

// withMend adds to an error of looking at a database what to do about it: nothing if the operator
// wanted no more.
func withMend(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w; %s", err, mendLooking(err))
}

// mendOpening says what to do when a database cannot be opened for serving.
func mendOpening(err error) string {
	if code(err) == lib.SQLITE_CORRUPT {
		return "the file is damaged: keep it, and restore a backup"
	}
	return "is it a database of this program?"
}

// errDamaged says what to do.
var errDamaged = errors.New("the file is damaged: stop the server, keep the file, restore a backup")

// damaged adds to the error of a damaged file what to do about it.
func damaged(err error) error {
	if c := code(err); c == lib.SQLITE_CORRUPT || c == lib.SQLITE_NOTADB {
		return fmt.Errorf("%w; %w", err, errDamaged)
	}
	return err
}

// damaged does what the function of that name does, and once it has seen damage the store is
// no longer ready: that does not go away by itself, though not every call meets it.
func (w *writer) damaged(err error) error {
	err = damaged(err)
	if errors.Is(err, errDamaged) {
		w.damage.Store(true)
	}
	return err
}
