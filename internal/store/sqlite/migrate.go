package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"todomanager/db/migrations"
)

// ErrTooNew means that a newer version of this program has upgraded the database.
var ErrTooNew = errors.New("the database is newer than this program")

// migrate brings the schema up to date. goose itself would serve a newer database
// without a word, so that is looked at first.
func migrate(ctx context.Context, o Options) (err error) {
	if err := ours(ctx, o); err != nil {
		return err
	}
	db, err := o.pool(forWriting, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the embedded migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema version of %s: %w; is it a database of this program?", o.Path, err)
	}
	if current > target {
		return fmt.Errorf("%w: %s has schema version %d, this program knows %d; run the newer program, or restore a backup made before the upgrade",
			ErrTooNew, o.Path, current, target)
	}
	applied, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("upgrade the schema of %s: %w", o.Path, err)
	}
	for _, m := range applied {
		o.Logger.Info("database schema upgraded", "path", o.Path, "version", m.Source.Version)
	}
	return nil
}

// ours refuses a database of some other program, before anything in it is changed:
// adding our tables would be easy to do by a slip of the path, and hard to undo.
func ours(ctx context.Context, o Options) (err error) {
	if o.opened.Size() == 0 {
		return nil // just created
	}
	db, err := o.pool(forLooking, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var tables, versioned int
	err = db.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE name = 'goose_db_version') FROM sqlite_schema WHERE type = 'table'`).
		Scan(&tables, &versioned)
	if err != nil {
		return fmt.Errorf("read the schema of %s: %w; is it a database of this program?", o.Path, err)
	}
	if tables > 0 && versioned == 0 {
		return fmt.Errorf("%s is a database of another program; name another file (--db)", o.Path)
	}
	return nil
}
