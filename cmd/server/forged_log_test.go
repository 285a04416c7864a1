package main

import (
	"bytes"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// forgedLog is a log in which somebody without the audit key has written row 3, and all after it,
// anew, while the server went on and signed what it then found.
type forgedLog struct {
	path  string
	store *sqlite.Store
	sign  func()
}

func newForgedLog(t *testing.T) *forgedLog {
	t.Helper()
	l := newLogToForge(t)
	l.record(t, 5)
	l.sign()
	l.record(t, 7)
	l.change(t, `UPDATE audit_log SET decision = 'deny' WHERE seq = 3`)
	l.chain(t, 3)
	l.record(t, 2)
	l.sign()
	l.record(t, 8)
	l.sign()
	return l
}

func newLogToForge(t *testing.T) *forgedLog {
	t.Helper()
	l := &forgedLog{path: filepath.Join(t.TempDir(), "todos.db")}
	signer, _, err := audit.OpenSigner(l.path + ".audit-key")
	if err == nil {
		err = signer.Publish()
	}
	if err == nil {
		l.store, err = sqlite.Open(t.Context(), sqlite.Options{Path: l.path, Logger: slog.New(slog.DiscardHandler)})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.store.Close() })
	notary := audit.NewNotary(l.store, signer, audit.HeadsFile(l.path+".audit-heads"), slog.New(slog.DiscardHandler))
	l.sign = func() {
		t.Helper()
		if err := notary.Sign(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l *forgedLog) record(t *testing.T, rows int) {
	t.Helper()
	e := audit.Event{
		Call: audit.Call{Principal: auth.Principal{Issuer: "https://id.example", Subject: "alice"}, RequestID: "r"},
		Tool: todos.ToolCreate, Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope, ScopesUsed: auth.Scopes{"create:todos"},
	}
	for range rows {
		if err := l.store.Write(t.Context(), func(tx todos.Tx) error { return tx.Record(e) }); err != nil {
			t.Fatal(err)
		}
	}
}

// change does what triggers forbid.
func (l *forgedLog) change(t *testing.T, statements ...string) {
	t.Helper()
	err := withDatabase(l.path, func(db *sql.DB) error {
		var triggers string
		if err := db.QueryRow(`SELECT coalesce(group_concat('DROP TRIGGER ' || name || ';', ''), '') FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'audit%'`).Scan(&triggers); err != nil {
			return err
		}
		_, err := db.Exec(triggers + strings.Join(statements, ";"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// chain computes the hashes anew from a row on.
func (l *forgedLog) chain(t *testing.T, from int64) {
	t.Helper()
	log, err := sqlite.OpenAuditLog(t.Context(), l.path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	chain, err := log.Chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := chain.Base.Hash
	var statements []string
	if _, err := log.Each(t.Context(), audit.Filter{}, func(r audit.Row) error {
		if r.Seq >= from {
			r.Hash = r.HashAfter(last)
			statements = append(statements, "UPDATE audit_log SET hash = x'"+r.Hash.String()+"' WHERE seq = "+strconv.FormatInt(r.Seq, 10))
		}
		last = r.Hash
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	l.change(t, append(statements, "UPDATE audit_chain SET head_hash = x'"+last.String()+"'")...)
}

// run runs a command on the database.
func (l *forgedLog) run(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var b bytes.Buffer
	code = run(t.Context(), append(args, "--db", l.path), &b, &b)
	return code, b.String()
}

// TestForgedRowsAreKept: rows that agree with the newest signed head alone are neither exported
// nor pruned: an older head, in the database or only in the file, shows that they were changed.
func TestForgedRowsAreKept(t *testing.T) {
	for name, forge := range map[string]func(*forgedLog){
		"heads in the database": func(*forgedLog) {},
		"heads in the file":     func(l *forgedLog) { l.change(t, "DELETE FROM audit_checkpoint WHERE seq = 5") },
	} {
		t.Run(name, func(t *testing.T) {
			l := newForgedLog(t)
			forge(l)
			to := filepath.Join(t.TempDir(), "segments")
			for _, args := range [][]string{
				{"audit", "verify"},
				{"audit", "export", "--to", to},
				{"audit", "prune", "--max-size", "1KiB", "--archive", to},
				{"audit", "prune", "--max-size", "1KiB", "--discard"},
				{"backup", filepath.Join(t.TempDir(), "copy.db")},
				{"audit", "verify"}, // still
			} {
				if code, out := l.run(t, args...); code != exitTampered || !strings.Contains(out, "row 5: is not the row") {
					t.Errorf("%v: exit code %d, %s", args, code, out)
				}
			}
			if files, err := os.ReadDir(to); err != nil || len(files) != 0 {
				t.Errorf("segments: %v, %v", files, err)
			}
		})
	}
}

// TestCutLogIsNotCopied: what only the file of heads shows to be missing is not taken for the
// whole log.
func TestCutLogIsNotCopied(t *testing.T) {
	l := newLogToForge(t)
	l.record(t, 5)
	l.sign()
	l.record(t, 3)
	l.sign()
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	l.change(t, "DELETE FROM audit_log WHERE seq > 6", "DELETE FROM audit_checkpoint WHERE seq > 6",
		"UPDATE audit_chain SET head_seq = 6, head_hash = (SELECT hash FROM audit_log WHERE seq = 6), head_at = (SELECT occurred_at FROM audit_log WHERE seq = 6)")
	for _, args := range [][]string{
		{"audit", "verify"},
		{"backup", filepath.Join(t.TempDir(), "copy.db")},
		{"audit", "export", "--to", t.TempDir()},
		{"audit", "prune", "--max-size", "1KiB", "--discard"},
	} {
		if code, out := l.run(t, args...); code != exitTampered || !strings.Contains(out, ": is missing") {
			t.Errorf("%v: exit code %d, %s", args, code, out)
		}
	}
}
