package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// Backup records that a copy is made, and writes one to a new file of mode 0600: the whole
// database as it was at one moment, that row included, without free pages and whatever
// was deleted. A server goes on meanwhile; its write-ahead log cannot be folded into the
// file until the copy is done. What is there already is not written over.
func (a *Admin) Backup(ctx context.Context, to string, by Operator) error {
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // SQLite takes an empty file
	if err != nil {
		return err
	}
	err = a.write(func(t *tx) error { return t.Record(act(audit.Backup, todos.Owner{}, by)) })
	if err == nil {
		_, err = a.conn.ExecContext(ctx, "VACUUM INTO ?", to)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// CheckCopy looks through a database that nobody else uses: SQLite's own check, the schema
// version, and the whole chain of its audit log against the evidence.
func CheckCopy(ctx context.Context, path string, e audit.Evidence) (r audit.Report, schema int64, err error) {
	c, err := schemaOf(ctx, path)
	if err != nil {
		return r, 0, err
	}
	log, err := OpenAuditLog(path)
	if err != nil {
		return r, c.Version, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	var verdict string
	if err := log.db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil || verdict != "ok" {
		return r, c.Version, fmt.Errorf("%s is damaged: %s; %w", path, verdict, err)
	}
	r, err = audit.Verify(ctx, log, e)
	return r, c.Version, err
}
