package sqlite

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	sqlite "modernc.org/sqlite"
)

// purpose is what a connection is for.
type purpose int

const (
	forWriting purpose = iota // the one writer, and migrations
	forReading                // readers of the serving process
	forLooking                // other processes: opened read-only, writes nothing at all
)

// dsn is the whole configuration of a connection. The path is the only part that
// comes from outside, and it is escaped.
func dsn(path string, use purpose) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("path of the database: %w", err)
	}
	q := url.Values{
		"mode":          {"rw"}, // never create: see create
		"_busy_timeout": {"5000"},
		"_foreign_keys": {"1"},
		"_dqs":          {"0"},
		"_defensive":    {"1"},
		"_pragma":       {"recursive_triggers(1)", "trusted_schema(0)", "cell_size_check(1)", "temp_store(MEMORY)"},
	}
	switch use {
	case forWriting:
		q.Set("_txlock", "immediate") // a deferred transaction that reads first fails with SQLITE_BUSY_SNAPSHOT
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", "FULL") // NORMAL may lose acknowledged rows on power failure
		q["_pragma"] = append(q["_pragma"], "cache_size(-6000)", "journal_size_limit(67108864)", "secure_delete(FAST)",
			"wal_autocheckpoint(4000)") // pages, 16 MiB: one that is written often is then moved to the file once
	case forReading:
		q.Set("_query_only", "1")
		q["_pragma"] = append(q["_pragma"], "cache_size(-2000)")
	case forLooking:
		q.Set("mode", "ro")
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: q.Encode()}
	return name.String(), nil
}

// pool opens at most size connections, each when it is first needed.
func (o Options) pool(use purpose, size int) (*sql.DB, error) {
	name, err := dsn(o.Path, use)
	if err != nil {
		return nil, err
	}
	if err := orphanedLog(o.Path); err != nil {
		return nil, err
	}
	if use == forWriting {
		if err := secondName(o.Path); err != nil {
			return nil, err
		}
	}
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", o.Path, err)
	}
	if o.wrap != nil {
		connector = o.wrap(connector)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(5 * time.Minute) // a reader's memory is not the Go heap's: give it back
	return db, nil
}
