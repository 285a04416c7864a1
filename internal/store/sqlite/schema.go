package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pressly/goose/v3"
	sqlite "modernc.org/sqlite"

	"todomanager/db/migrations"
)

// errStrangeSchema means that somebody has changed the schema. A trigger can copy one person's
// todos to another, and a view can hide rows of the log.
var errStrangeSchema = errors.New("somebody has changed the schema")

// object is a part of a schema, such as a trigger.
type object struct{ kind, name string }

// sameSchema returns an error unless the schema of a database is as this program makes it. It
// must be of the newest version. Tables, views and indexes may be there besides.
func sameSchema(ctx context.Context, db *sql.DB) error {
	want, err := newestSchema(ctx)
	if err != nil {
		return err
	}
	got, err := schemaOfDB(ctx, db)
	if err != nil {
		return err
	}
	byName := func(a, b object) int { return slices.Compare([]string{a.kind, a.name}, []string{b.kind, b.name}) }
	for _, o := range slices.SortedFunc(maps.Keys(want), byName) {
		if got[o] != want[o] {
			return fmt.Errorf("%w: the %s %s is missing or another", errStrangeSchema, o.kind, o.name)
		}
	}
	for _, o := range slices.SortedFunc(maps.Keys(got), byName) {
		if _, ours := want[o]; !ours && o.kind == "trigger" {
			return fmt.Errorf("%w: the trigger %q is not this program's", errStrangeSchema, o.name)
		}
	}
	return nil
}

// newestSchema makes a schema in memory.
func newestSchema(ctx context.Context) (schema map[object]string, err error) {
	connector, err := sqlite.NewConnector("file::memory:")
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1) // each has a memory of its own
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the embedded migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return nil, err
	}
	return schemaOfDB(ctx, db)
}

// schemaOfDB returns the statement that made each object of a schema, but for tables and indexes of
// goose and SQLite.
func schemaOfDB(ctx context.Context, db *sql.DB) (schema map[object]string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT type, name, sql FROM sqlite_schema 
		WHERE type IN ('trigger', 'view') OR sql IS NOT NULL AND tbl_name NOT GLOB 'goose_*' AND name NOT GLOB 'sqlite_*'`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	schema = make(map[object]string)
	for rows.Next() {
		var o object
		var text string
		if err := rows.Scan(&o.kind, &o.name, &text); err != nil {
			return nil, err
		}
		schema[o] = text
	}
	return schema, rows.Err()
}
