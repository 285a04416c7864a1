package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// Backup records that a copy is made, and writes one to a new file of mode 0600: the whole
// database as it was at one moment, that row included, without free pages and whatever
// was deleted. A server goes on meanwhile; its write-ahead log cannot be folded into the
// file until the copy is done. A file that exists is not overwritten.
func (a *Admin) Backup(ctx context.Context, to string, by Operator) error {
	return copyInto(ctx, a.conn, to, func() error {
		return a.write(func(t *tx) error { return t.Record(act(audit.Backup, todos.Owner{}, by)) })
	})
}

// copyInto copies a database into a new file of mode 0600, once first has succeeded, and
// returns when that is on the disk.
func copyInto(ctx context.Context, db execer, to string, first func() error) error {
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // SQLite takes an empty file
	if err != nil {
		return err
	}
	if err = first(); err == nil {
		_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(damaged(err), os.Remove(to))
	}
	return nil
}

// execer is a connection or a pool of them.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// CheckCopy looks through a database that nobody else uses: SQLite's own check, the schema
// version, and the whole chain of its audit log against the evidence.
func CheckCopy(ctx context.Context, path string, e audit.Evidence) (r audit.Report, schema int64, err error) {
	log, err := OpenAuditLog(ctx, path)
	if err != nil {
		return r, 0, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if schema, err = newest(); err != nil { // which it is, or it could not have been opened
		return r, 0, err
	}
	var verdict string
	if err := log.db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return r, schema, log.unreadable(err)
	}
	if verdict != "ok" {
		return r, schema, fmt.Errorf("%s is damaged: %s", path, verdict)
	}
	r, err = audit.Verify(ctx, log, e)
	return r, schema, err
}
