package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// disturbed is a log to which something happens while it is read.
type disturbed struct {
	*sqlite.AuditLog

	afterNotes func() // once the signed heads were read
	afterRows  func() // once the first page was read
}

func (d *disturbed) Checkpoints(ctx context.Context) ([]audit.Checkpoint, error) {
	notes, err := d.AuditLog.Checkpoints(ctx)
	disturb(&d.afterNotes)
	return notes, err
}

func (d *disturbed) Rows(ctx context.Context, after, last int64) ([]audit.Row, error) {
	rows, err := d.AuditLog.Rows(ctx, after, last)
	disturb(&d.afterRows)
	return rows, err
}

func disturb(do *func()) {
	if f := *do; f != nil {
		*do = nil
		f()
	}
}

// signedLog is a log of twice fifty rows by bob and four times 550 by alice, more than are read at a
// time, each with a signed head.
type signedLog struct {
	path   string
	store  *sqlite.Store
	admin  *sqlite.Admin
	signer *audit.Signer
	heads  []audit.Head
}

func newSignedLog(t *testing.T) *signedLog {
	t.Helper()
	l := openSignedLog(t, t.TempDir())
	for range 2 {
		l.write(t, "bob", 50)
	}
	for range 4 {
		l.write(t, "alice", 550)
	}
	return l
}

func openSignedLog(t *testing.T, folder string) *signedLog {
	t.Helper()
	l := &signedLog{path: filepath.Join(folder, "todos.db")}
	l.store = open(t, sqlite.Options{Path: l.path})
	l.admin = openAdmin(t, l.path)
	var err error
	if l.signer, _, err = audit.OpenSigner(l.path + ".key"); err != nil {
		t.Fatal(err)
	}
	return l
}

// copy returns a log of its own for a test, sooner than all is written again.
func (l *signedLog) copy(t *testing.T) *signedLog {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Dir(l.path))); err != nil {
		t.Fatal(err)
	}
	c := openSignedLog(t, folder)
	c.heads = slices.Clone(l.heads)
	return c
}

// write adds rows and signs the last of them.
func (l *signedLog) write(t *testing.T, subject string, rows int) {
	t.Helper()
	writeMany(t, l.store, todos.Owner{Issuer: alice.Issuer, Subject: subject}, rows)
	signed, _, err := l.store.Checkpoint(t.Context(), l.signer.Head)
	if err != nil {
		t.Fatal(err)
	}
	l.heads = append(l.heads, signed.Head)
}

func (l *signedLog) prune(t *testing.T, base audit.Head) {
	t.Helper()
	if _, err := l.admin.MoveBase(base, l.signer.Base, sqlite.Archiving{FirstSeq: 1, LastSeq: base.Seq}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.admin.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (l *signedLog) eraseBob(t *testing.T) {
	t.Helper()
	if _, err := l.admin.Erase(t.Context(), todos.Owner{Issuer: alice.Issuer, Subject: "bob"}, sqlite.Operator{Name: "root"}, false); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyWhilePruned prunes a log at the worst moments of its verification: that is no fault.
func TestVerifyWhilePruned(t *testing.T) {
	all := newSignedLog(t)
	verify := func(t *testing.T, l *signedLog, log audit.Stored) {
		t.Helper()
		r, err := audit.Verify(t.Context(), log, audit.Evidence{Keys: l.signer.Keys()})
		if err != nil || !r.Complete() {
			t.Errorf("%v, fault: %v, missing: %v", err, r.Fault, r.Missing)
		}
	}
	t.Run("once the heads were read", func(t *testing.T) {
		l := all.copy(t)
		log := &disturbed{AuditLog: openLog(t, l.path), afterNotes: func() { l.prune(t, l.heads[2]) }}
		verify(t, l, log)
	})
	t.Run("up to the end", func(t *testing.T) {
		l := all.copy(t)
		log := &disturbed{AuditLog: openLog(t, l.path), afterRows: func() { l.prune(t, l.heads[5]) }}
		verify(t, l, log)
	})
	t.Run("beyond the end that it began with", func(t *testing.T) {
		l := all.copy(t)
		log := &disturbed{AuditLog: openLog(t, l.path), afterRows: func() {
			l.write(t, "bob", 10)
			l.prune(t, l.heads[6])
		}}
		verify(t, l, log)
	})
	t.Run("with the record of an erasure", func(t *testing.T) {
		l := all.copy(t)
		l.eraseBob(t)
		l.write(t, "carol", 100)
		last := l.heads[len(l.heads)-1]
		l.write(t, "carol", 100)
		log := &disturbed{AuditLog: openLog(t, l.path), afterRows: func() { l.prune(t, last) }}
		verify(t, l, log)
		verify(t, l, openLog(t, l.path))
	})
	t.Run("while it is archived", func(t *testing.T) {
		l := all.copy(t)
		log := &disturbed{AuditLog: openLog(t, l.path), afterRows: func() { l.prune(t, l.heads[5]) }}
		begin := audit.Head{LogID: l.heads[0].LogID}
		chain, err := log.Chain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		begin.Hash = chain.Base.Hash
		err = audit.VerifyRange(t.Context(), log, begin, nil, l.heads[5].Seq, func(*audit.Row) error { return nil })
		if !errors.Is(err, audit.ErrPruned) {
			t.Errorf("%v, want %v", err, audit.ErrPruned)
		}
	})
}

// TestBaseMovedWithoutSignature: while a log is verified, somebody without the key passes rows off as
// pruned, of which one that the verification has not reached yet was changed.
func TestBaseMovedWithoutSignature(t *testing.T) {
	all := newSignedLog(t)
	for _, c := range []struct {
		name   string
		base   string // what the base is said to be
		signed bool   // whether there is a base statement for that row as it was
		want   int64
	}{
		{"at any row", "SELECT seq, hash FROM audit_log WHERE seq = 2110", false, 2111},
		{"at a row whose head was signed", "SELECT seq, hash FROM audit_log WHERE seq = 2300", false, 2301},
		{"with another hash than was signed", "SELECT 2300, zeroblob(32)", true, 2300},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := all.copy(t)
			writeMany(t, l.store, todos.Owner{Issuer: alice.Issuer, Subject: "carol"}, 10) // not signed yet
			e := evidence{path: l.path}
			db := e.plain(t)
			exec := func(text string, args ...any) {
				if _, err := db.Exec(text, args...); err != nil {
					t.Fatal(err)
				}
			}
			if c.signed {
				signed, err := l.signer.Base(l.heads[5], time.Now())
				if err != nil {
					t.Fatal(err)
				}
				exec("INSERT INTO audit_checkpoint SELECT max(id) + 1, 2300, 0, ? FROM audit_checkpoint", signed.Note())
			}
			exec("UPDATE audit_log SET decision = 'deny' WHERE seq = 2105") // on the second page
			log := &disturbed{AuditLog: openLog(t, l.path), afterRows: func() {
				exec("UPDATE audit_chain SET (base_seq, base_hash) = (" + c.base + ")")
				exec("DELETE FROM audit_log WHERE seq <= (SELECT base_seq FROM audit_chain)")
				rewrite(t, db, e, 2301)
			}}
			r, err := audit.Verify(t.Context(), log, audit.Evidence{Keys: l.signer.Keys()})
			if err != nil || r.Fault == nil || r.Fault.Seq != c.want {
				t.Errorf("%v, fault %v, want one of row %d", err, r.Fault, c.want)
			}
		})
	}
}

// TestBlankedAfterErasure: an erasure accounts for rows before it alone, also where some of these
// were pruned since.
func TestBlankedAfterErasure(t *testing.T) {
	l := newSignedLog(t)
	l.eraseBob(t)
	l.write(t, "mallory", 10)
	l.prune(t, l.heads[0])
	verify := func() *audit.Fault {
		r, err := audit.Verify(t.Context(), openLog(t, l.path), audit.Evidence{Keys: l.signer.Keys()})
		if err != nil {
			t.Fatal(err)
		}
		return r.Fault
	}
	if fault := verify(); fault != nil {
		t.Fatal(fault)
	}
	e := evidence{path: l.path}
	blank(t, e, e.plain(t, "all"), l.heads[6].Seq)
	if verify() == nil {
		t.Error("somebody blanked who acted after the only erasure, unnoticed")
	}
}

// TestNoTurnToOpen: an operator's command opens the database while somebody writes, and only then
// waits for its turn.
func TestNoTurnToOpen(t *testing.T) {
	l := newSignedLog(t)
	conn, err := writerPool(t, sqlite.Options{Path: l.path}).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	openAdmin(t, l.path) // SQLite would wait for five seconds, and fail
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
}
