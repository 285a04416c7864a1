package main

import (
	"database/sql"
	"net/url"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// withDatabase opens the file beside the server, to see what is really there.
func withDatabase(path string, do func(*sql.DB) error) error {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=rw&_busy_timeout=5000"}).String())
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}

// keptTodos returns "subject content" of all todos in the file, oldest first.
func keptTodos(path string) (kept []string, err error) {
	err = withDatabase(path, func(db *sql.DB) error {
		rows, err := db.Query("SELECT subject, content FROM todos ORDER BY created_at, id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var subject, content string
			if err := rows.Scan(&subject, &content); err != nil {
				return err
			}
			kept = append(kept, subject+" "+content)
		}
		return rows.Err()
	})
	return kept, err
}

// kept [TODO]... compares the todos in the file, each subject and content, with these,
// in any order.
func (s *script) checkTodos(ts *testscript.TestScript, want []string) {
	got, err := keptTodos(database(ts))
	ts.Check(err)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		ts.Fatalf("todos:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// sql STATEMENT runs a statement on the file of the script's server.
func (s *script) sql(ts *testscript.TestScript, args []string) {
	ts.Check(withDatabase(database(ts), func(db *sql.DB) error {
		_, err := db.Exec(args[0])
		return err
	}))
}
