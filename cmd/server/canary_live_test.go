package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCanariesBesideTheServer: while the server runs, with all that it wrote still in the
// write-ahead log, no part of a token is in any file, and the text of a todo is in one
// column of one table. Neither is in what the server and the commands show to others.
func TestCanariesBesideTheServer(t *testing.T) {
	ops := "127.0.0.1:" + freePort()
	p := startDev(t, "--log-level", "debug", "--ops-listen", ops)
	good := p.token(t, "alice")
	parts := strings.Split(good, ".")
	const forged, opaque, text = "Q2FuYXJ5U2lnbmF0dXJl", "canary-token-5d1c", "canary-todo-9b7e"
	secrets := []string{parts[1], parts[2], forged, opaque}
	sing(t, p, text, good, parts[0]+"."+parts[1]+"."+forged, opaque)

	if got, want := columnsWith(t, p.db, text), []string{"todos.content"}; !slices.Equal(got, want) {
		t.Errorf("the text of a todo is in %v, want %v", got, want)
	}
	for _, secret := range secrets {
		if got := columnsWith(t, p.db, secret); len(got) > 0 {
			t.Errorf("part of a token, %q, is in %v", secret, got)
		}
	}
	if !holds(t, p.db+"-wal", text) {
		t.Error("the search of the write-ahead log does not find what is there")
	}
	for _, name := range filesBelow(t, filepath.Dir(p.db)) {
		for _, secret := range secrets {
			if holds(t, name, secret) {
				t.Errorf("part of a token, %q, is in %s", secret, name)
			}
		}
		if !slices.Contains([]string{p.db, p.db + "-wal"}, name) && holds(t, name, text) {
			t.Errorf("the text of a todo is in %s", name)
		}
	}
	for name, shown := range p.shown(t, "http://"+ops) {
		for _, canary := range append(secrets, text) {
			if strings.Contains(shown, canary) {
				t.Errorf("%q is in %s", canary, name)
			}
		}
	}
}

// TestLeftOfDeletedTodo states what is left of a todo that its owner deleted. In SQL:
// nothing. In the bytes of the files: what is short is gone from the database file once
// the write-ahead log is folded into it. Of a long one, what had a page of its own may
// stay in that page, which is free, until it is used again; erasing the person removes
// that too, though the todo was deleted before.
func TestLeftOfDeletedTodo(t *testing.T) {
	const short, long, many = "canary-short-3f1a", "canary-long-c08d", 20
	p := startDev(t, "--rate", "1e6", "--burst", "1000000")
	token := p.token(t, "alice")
	ids := []string{p.create(t, token, short)}
	for range many {
		ids = append(ids, p.create(t, token, strings.Repeat("long ", 790)+long))
	}
	p.create(t, token, "kept")
	foldLog(t, p.db)
	if !holds(t, p.db, short) || occurrences(t, p.db, long) != many {
		t.Fatal("the search does not find what is there")
	}
	for _, id := range ids {
		p.text(t, token, "delete-todo", `{"id":"`+id+`"}`)
	}
	if got := append(columnsWith(t, p.db, short), columnsWith(t, p.db, long)...); len(got) > 0 {
		t.Errorf("a deleted todo is in %v", got)
	}
	foldLog(t, p.db)
	if holds(t, p.db, short) {
		t.Error("a short todo is in the file after its deletion")
	}
	folded := occurrences(t, p.db, long)
	p.stop()
	<-p.exited
	t.Logf("of %d long todos that were deleted %d are in free pages of the file, and %d after the server ended", many, folded, occurrences(t, p.db, long))

	var out log
	if code := run(t.Context(), []string{"user", "erase", "alice", "--issuer", p.issuer, "--yes", "--db", p.db}, &out, &out); code != exitOK {
		t.Fatal(out.String())
	}
	if n := occurrences(t, p.db, long); n > 0 || holds(t, p.db, short) || holds(t, p.db, "kept") {
		t.Errorf("after the erasure %d long todos are in the file, or a short one", n)
	}
}

// foldLog brings the write-ahead log into the database file.
func foldLog(t *testing.T, path string) {
	t.Helper()
	err := withDatabase(path, func(db *sql.DB) error {
		var busy, frames, folded int
		err := db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &folded)
		if err == nil && busy != 0 {
			err = errors.New("the write-ahead log is in use")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func occurrences(t *testing.T, name, text string) int {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(content, []byte(text))
}

// shown is what the running server and the commands beside it show, by name.
func (p *program) shown(t *testing.T, ops string) map[string]string {
	t.Helper()
	shown := map[string]string{"the server's log": p.log.String()}
	for _, url := range []string{p.url + "/readyz", p.url + "/livez", ops + "/readyz", ops + "/metrics"} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
		}
		shown[url] = fmt.Sprint(resp.Header, string(body))
	}
	for _, form := range []string{"table", "jsonl", "csv"} {
		var out log
		if code := run(t.Context(), []string{"audit", "list", "-o", form, "--db", p.db}, &out, &out); code != exitOK {
			t.Fatalf("audit list -o %s: exit code %d\n%s", form, code, out.String())
		}
		shown["audit list -o "+form] = out.String()
	}
	return shown
}

// columnsWith names every column of every table, as TABLE.COLUMN, that has a text in it.
func columnsWith(t *testing.T, path, text string) (found []string) {
	t.Helper()
	err := withDatabase(path, func(db *sql.DB) error {
		rows, err := db.Query(`SELECT s.name, c.name FROM sqlite_schema s, pragma_table_xinfo(s.name) c WHERE s.type = 'table' ORDER BY 1, 2`)
		if err != nil {
			return err
		}
		var columns [][2]string
		for rows.Next() {
			var c [2]string
			if err := rows.Scan(&c[0], &c[1]); err != nil {
				return err
			}
			columns = append(columns, c)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(columns) < 30 {
			return fmt.Errorf("%d columns, %w", len(columns), err)
		}
		for _, c := range columns {
			var has bool
			query := fmt.Sprintf(`SELECT EXISTS (SELECT 1 FROM %q WHERE instr(CAST(%q AS BLOB), CAST(? AS BLOB)))`, c[0], c[1])
			if err := db.QueryRow(query, text).Scan(&has); err != nil {
				return err
			}
			if has {
				found = append(found, c[0]+"."+c[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
