package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	sqlite "modernc.org/sqlite"
)

// errStrangeSchema means that somebody has changed the schema. A trigger can copy one person's
// todos to another, and a view can hide rows of the log.
var errStrangeSchema = errors.New("somebody has changed the schema")

// sameSchema returns an error unless the schema of a database is as this program makes it. It
// must be of the newest version. Views may be there besides, and tables of SQLite, goose and Litestream.
func sameSchema(ctx context.Context, db *sql.DB) error {
	want, err := newestSchema(ctx)
	if err != nil {
		return err
	}
	got, err := objects(ctx, db)
	if err != nil {
		return err
	}
	for _, o := range want {
		if !slices.Contains(got, o) {
			return fmt.Errorf("%w: the %s %q is missing or different", errStrangeSchema, o.kind, o.name)
		}
	}
	for _, o := range got {
		if !slices.Contains(want, o) && !o.harmless() {
			return fmt.Errorf("%w: the %s %q is not this program's", errStrangeSchema, o.kind, o.name)
		}
	}
	return nil
}

// object is an entry of a schema: a table, an index, a view or a trigger.
type object struct{ kind, name, statement string }

// harmless reports whether an object that is not ours may be there. SQLite goes by the statement
// alone, and so does this: somebody who writes to the schema can give a trigger another kind and name.
//
// A view does nothing to what is written. An index can keep rows out, and so can a table that
// refers to one of ours.
func (o object) harmless() bool {
	if strings.HasPrefix(o.statement, "CREATE VIEW ") { // as SQLite writes it, however it was given
		return true
	}
	for _, others := range []string{"CREATE TABLE _litestream_", "CREATE TABLE goose_", "CREATE TABLE sqlite_"} {
		if strings.HasPrefix(o.statement, others) {
			return !strings.Contains(strings.ToLower(o.statement), "references")
		}
	}
	return false
}

// newestSchema makes a schema in memory.
func newestSchema(ctx context.Context) (_ []object, err error) {
	connector, err := sqlite.NewConnector("file::memory:")
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1) // each has a memory of its own
	defer func() { err = errors.Join(err, db.Close()) }()
	migrations, err := migrationsFor(db)
	if err != nil {
		return nil, err
	}
	if _, err := migrations.Up(ctx); err != nil {
		return nil, err
	}
	all, err := objects(ctx, db)
	return slices.DeleteFunc(all, func(o object) bool { return strings.HasPrefix(o.name, "goose_") }), err // goose may write its own otherwise one day
}

// objects returns what a schema is made of, but for the indexes that belong to a constraint of a
// table: these have no statement. A kind that there is not is somebody's invention.
func objects(ctx context.Context, db *sql.DB) (all []object, err error) {
	rows, err := db.QueryContext(ctx, `SELECT CASE WHEN type IN ('table', 'index', 'view', 'trigger') THEN type ELSE 'entry' END, name, sql
		FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var o object
		if err := rows.Scan(&o.kind, &o.name, &o.statement); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, rows.Err()
}
