package sqlite

import (
	"errors"

	sqlite "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// isConstraint reports whether err is SQLite's refusal of a value: the statement was
// undone and the transaction goes on. Any other error of the database may have undone
// the whole transaction.
func isConstraint(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_CONSTRAINT
}
