package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"

	"todomanager/db/migrations"
)

// ErrTooNew means that a newer version of this program has upgraded the database.
var ErrTooNew = errors.New("the database is newer than this program")

// Migrate brings the schema of a database up to date, as [Open] does, and returns the
// versions before and after. It takes the lock. Without keep no copy is made first.
func Migrate(ctx context.Context, path string, keep bool, logger *slog.Logger) (from, to int64, err error) {
	o := Options{Path: path, Logger: logger}.withDefaults()
	if o.Path, err = filepath.EvalSymlinks(path); err == nil {
		o.opened, err = os.Stat(o.Path)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("open the database: %w; name the file that the server uses (--db)", err)
	}
	c, err := schemaOf(ctx, o.Path)
	if err != nil {
		return 0, 0, err
	}
	lock, err := takeLock(o.Path)
	if err != nil {
		return 0, 0, err
	}
	return c.Version, c.Known, errors.Join(migrate(ctx, o, keep), lock.release())
}

// migrate brings the schema up to date, after the database was copied if keep is set. goose
// itself would serve a newer database without a word, so that is looked at first.
func migrate(ctx context.Context, o Options, keep bool) (err error) {
	if err := ours(ctx, o); err != nil {
		return err
	}
	db, err := o.pool(forWriting, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	provider, err := migrationsFor(db)
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the schema version of %s: %w; %s", o.Path, err, mendOpening(err))
	case current > target:
		return fmt.Errorf("%w: %s has schema version %d, this program knows %d; run the newer program, or restore a backup made before the upgrade",
			ErrTooNew, o.Path, current, target)
	case current == target:
		return nil
	case current > 0 && keep:
		if err := copyBefore(ctx, o, db, current); err != nil {
			return err
		}
	case current == 0:
		// Litestream may have made its tables first, and auto_vacuum is settled by then. It is no
		// setting of a connection: to open one would then have to wait for its turn to write.
		if _, err := db.ExecContext(ctx, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM"); err != nil {
			return fmt.Errorf("prepare the new database %s: %w", o.Path, err)
		}
	}
	applied, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("upgrade the schema of %s: %w; nothing was changed, run the program that served it before", o.Path, damaged(err))
	}
	for _, m := range applied {
		o.Logger.Info("database schema upgraded", "path", o.Path, "version", m.Source.Version)
	}
	return nil
}

func migrationsFor(db *sql.DB) (*goose.Provider, error) {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the embedded migrations: %w", err)
	}
	return provider, nil
}

// copyBefore keeps the database as it is before it is changed: an older program cannot
// open it afterwards.
func copyBefore(ctx context.Context, o Options, db *sql.DB, version int64) error {
	to := fmt.Sprintf("%s.schema-%d-%s", o.Path, version, o.Now().UTC().Format("20060102T150405Z"))
	if err := copyInto(ctx, db, to, func() error { return nil }); err != nil {
		return fmt.Errorf("copy the database before its schema is upgraded: %w; free as much space as it takes, or make a backup with the program that served it and then run migrate --no-copy", err)
	}
	o.Logger.Warn("the database's schema is about to be upgraded; a copy was made in case you need to go back, and can be removed when all is well", "copy", to, "from_version", version)
	return nil
}

// ours refuses a database of some other program, before anything in it is changed:
// adding our tables would be easy to do by a slip of the path, and hard to undo. Tables of
// Litestream, which may have found the new file first, tell nothing.
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
	err = db.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE name = 'goose_db_version') FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\_litestream\_%' ESCAPE '\'`).
		Scan(&tables, &versioned)
	if err == nil && versioned > 0 { // goose takes a table that it cannot read for a missing one
		err = db.QueryRowContext(ctx, `SELECT count(*) FROM goose_db_version`).Scan(new(int))
	}
	if err != nil {
		return fmt.Errorf("read the schema of %s: %w; %s", o.Path, err, mendOpening(err))
	}
	if tables > 0 && versioned == 0 {
		return fmt.Errorf("%s belongs to another program; name another file (--db)", o.Path)
	}
	return nil
}
