package sqlite

import (
	"fmt"
	"io/fs"
	"os"
)

// statLog returns the write-ahead log of a database that was just opened, or nil.
func statLog(path string) fs.FileInfo {
	info, err := os.Stat(path + "-wal")
	if err != nil {
		return nil
	}
	return info
}

// logInPlace reports whether the write-ahead log is still the file that was opened. SQLite
// goes on with one that was unlinked: until it is folded into the database, what is
// acknowledged is in a file that is gone when the process ends.
func logInPlace(path string, opened fs.FileInfo) error {
	if opened == nil {
		return nil
	}
	now, err := os.Stat(path + "-wal")
	if err == nil && !os.SameFile(opened, now) {
		err = fmt.Errorf("%s-wal is another file now", path)
	}
	if err != nil {
		return fmt.Errorf("the database's write-ahead log was removed or replaced while it was served: %w; stop the server and start it again, and leave that file alone", err)
	}
	return nil
}

// fold puts what is in the write-ahead log into the database file, as far as no reader
// needs it there.
func (c *writeConn) fold() error {
	_, err := c.ExecContext(c.ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	return err
}
