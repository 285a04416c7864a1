package sqlite

import (
	"errors"

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
	default:
		return "name the file that the server uses (--db)"
	}
}
