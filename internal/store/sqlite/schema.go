package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	sqlite "modernc.org/sqlite"
)

// errStrangeSchema means that somebody has changed the schema. A trigger can copy one person's
// todos to another, and a view can hide rows of the log.
var errStrangeSchema = errors.New("somebody has changed the schema")

// sameSchema returns an error unless the schema of a database is as this program makes it. It
// must be of the newest version. Tables, views and indexes may be there besides.
func sameSchema(ctx context.Context, db *sql.DB) error {
	want, err := newestSchema(ctx)
	if err != nil {
		return err
	}
	got, err := objects(ctx, db)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			return fmt.Errorf("%w: the %s is missing or different", errStrangeSchema, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ours := want[name]; !ours && strings.HasPrefix(name, "trigger ") {
			return fmt.Errorf("%w: the %s is not this program's", errStrangeSchema, name)
		}
	}
	return nil
}

// newestSchema makes a schema in memory.
func newestSchema(ctx context.Context) (_ map[string]string, err error) {
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
	return objects(ctx, db)
}

// objects returns what a schema is made of, such as `trigger "audit_log_insert"`, each with the statement
// that made it, but for tables and indexes of goose and SQLite.
func objects(ctx context.Context, db *sql.DB) (statements map[string]string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT type, name, sql FROM sqlite_schema
		WHERE type IN ('trigger', 'view') OR sql IS NOT NULL AND tbl_name NOT GLOB 'goose_*' AND name NOT GLOB 'sqlite_*'`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	statements = make(map[string]string)
	for rows.Next() {
		var kind, name, text string
		if err := rows.Scan(&kind, &name, &text); err != nil {
			return nil, err
		}
		statements[fmt.Sprintf("%s %q", kind, name)] = text
	}
	return statements, rows.Err()
}
