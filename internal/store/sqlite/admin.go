package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	lib "modernc.org/sqlite/lib"

	"todomanager/internal/todos"
)

// Admin changes a database on behalf of an operator, beside the server or without one.
// What it does is recorded in the same transaction, as calls are. It is for one
// goroutine.
type Admin struct {
	o    Options
	db   *sql.DB
	conn *writeConn
}

// OpenAdmin opens the database at path for changes. It neither makes a database nor
// upgrades one, and refuses one of another schema version.
func OpenAdmin(ctx context.Context, path string) (_ *Admin, err error) {
	a := &Admin{o: Options{Path: path}.withDefaults()}
	if a.o.opened, err = os.Stat(path); err != nil {
		return nil, fmt.Errorf("open the database: %w; name the file that the server uses (--db)", err)
	}
	if err := sameVersion(ctx, path); err != nil {
		return nil, err
	}
	if a.db, err = a.o.pool(forWriting, 1); err != nil {
		return nil, err
	}
	if a.conn, err = connect(context.WithoutCancel(ctx), a.db, adminTurns); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w; run this as the server's user", path, err), a.db.Close())
	}
	return a, nil
}

// sameVersion refuses a schema that is not this program's.
func sameVersion(ctx context.Context, path string) error {
	c, err := schemaOf(ctx, path)
	switch {
	case err != nil:
		return fmt.Errorf("read the schema version of %s: %w", path, err)
	case c.Version > c.Known:
		return fmt.Errorf("%w: %s has schema version %d, this program knows %d; run the newer program", ErrTooNew, path, c.Version, c.Known)
	case c.Version < c.Known:
		return fmt.Errorf("%s has schema version %d, this program needs %d: start the server once, which upgrades it", path, c.Version, c.Known)
	}
	return nil
}

// Close closes the database.
func (a *Admin) Close() error { return errors.Join(a.conn.close(), a.db.Close()) }

// write runs fn in a transaction and returns once it is durable. Whatever fails, none stays
// open: nobody else could write until this command ends.
func (a *Admin) write(fn func(*tx) error) error {
	g, err := a.conn.begin(time.Now)
	if err == nil {
		if err = a.o.inPlace(); err != nil {
			err = fmt.Errorf("the database was removed or replaced meanwhile, so nothing more was changed: %w; run the command again", err)
		}
	}
	if err == nil {
		err = g.run(func(t todos.Tx) error { return fn(t.(*tx)) })
	}
	if err == nil {
		err = g.seal()
	}
	if err == nil {
		err = g.commit()
	}
	if err != nil {
		err = errors.Join(err, ignoreIdle(a.conn.rollback()))
	}
	return err
}

// ignoreIdle drops the error of a rollback for which SQLite has left nothing.
func ignoreIdle(err error) error {
	if code(err) == lib.SQLITE_ERROR { // no transaction is active
		return nil
	}
	return err
}
