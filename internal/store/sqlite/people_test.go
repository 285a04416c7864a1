package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestEraseBesideServer erases a person with thousands of rows and todos while a server
// goes on writing rows of others and of theirs.
func TestEraseBesideServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	eve, mallory := todos.Owner{Issuer: "https://id.example", Subject: "eve"}, todos.Owner{Issuer: "https://id.example", Subject: "mallory"}
	before := 5000 // more than a block of rows
	if raced() {
		before = 800
	}
	everybody := []todos.Owner{eve, mallory, {Issuer: "https://id.example", Tenant: "other", Subject: "eve"}, {Issuer: "https://other.example", Subject: "eve"}}
	for _, who := range everybody {
		writeMany(t, s, who, before/len(everybody))
	}
	admin := openAdmin(t, path)
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range before / 50 {
				writeMany(t, s, mallory, 10)
			}
		})
	}
	done, err := admin.Erase(t.Context(), eve, sqlite.Operator{Name: "test"}, false)
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if int(done.Rows) != before/4 || int(done.Todos) != before/4 {
		t.Errorf("erased %d rows and %d todos, want %d", done.Rows, done.Todos, before/4)
	}

	report, err := audit.Verify(t.Context(), openLog(t, path), audit.Evidence{})
	if err != nil || report.Fault != nil || report.Erased != done.Rows {
		t.Errorf("verify: %v, %v, %d rows erased", err, report.Fault, report.Erased)
	}
	for i, who := range everybody {
		found, err := admin.Person(t.Context(), who)
		switch {
		case err != nil:
			t.Fatal(err)
		case i == 0 && found.Known():
			t.Errorf("left of the erased: %+v", found)
		case i > 1 && (int(found.Rows) != before/4 || int(found.Todos) != before/4):
			t.Errorf("another %+v: %+v", who, found)
		}
	}
	var free int
	if err := writerPool(t, sqlite.Options{Path: path}).QueryRow("PRAGMA freelist_count").Scan(&free); err != nil || free > 10 {
		t.Errorf("%d free pages were not given back, %v", free, err)
	}
}

// TestAdminWithoutHead: a transaction whose beginning fails is over for others, too.
func TestAdminWithoutHead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	open(t, sqlite.Options{Path: path})
	admin, db := openAdmin(t, path), writerPool(t, sqlite.Options{Path: path})
	eve := todos.Owner{Issuer: "https://id.example", Subject: "eve"}
	if _, err := db.Exec("ALTER TABLE blocked RENAME TO away"); err != nil { // what the head is read with
		t.Fatal(err)
	}
	if _, err := admin.Block(eve, sqlite.Operator{Name: "test"}); err == nil {
		t.Fatal("somebody was blocked in a table that is not there")
	}
	if _, err := db.Exec("ALTER TABLE away RENAME TO blocked"); err != nil {
		t.Fatalf("nobody else can write: %v", err)
	}
	if blocked, err := admin.Block(eve, sqlite.Operator{Name: "test"}); err != nil || !blocked {
		t.Errorf("afterwards: %v, %v", blocked, err)
	}
}

func openAdmin(t *testing.T, path string) *sqlite.Admin {
	t.Helper()
	admin, err := sqlite.OpenAdmin(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	return admin
}

// writeMany makes todos of a person, each with its row, in transactions that are short also
// where everything is slow.
func writeMany(t *testing.T, s *sqlite.Store, who todos.Owner, n int) {
	const together = 250
	for ; n > together; n -= together {
		writeSome(t, s, who, together)
	}
	writeSome(t, s, who, n)
}

func writeSome(t *testing.T, s *sqlite.Store, who todos.Owner, n int) {
	err := s.Write(t.Context(), func(tx todos.Tx) error {
		for i := range n {
			todo := todos.Todo{ID: todos.NewIDs().Next(), Content: fmt.Sprintf("todo %d", i), OwnerID: who.Subject, CreatedAt: tx.Now()}
			if err := tx.Insert(who, todo); err != nil {
				return err
			}
			err := tx.Record(audit.Event{
				Call: audit.Call{Principal: auth.Principal{Issuer: who.Issuer, Tenant: who.Tenant, Subject: who.Subject, ClientID: "client"}},
				Tool: todos.ToolCreate, Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope, TargetID: todo.ID,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestAdminOfReplacedDatabase: what an operator's command does after another database was put in
// place would be lost, so it fails.
func TestAdminOfReplacedDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	open(t, sqlite.Options{Path: path}).Close()
	admin := openAdmin(t, path)
	other := filepath.Join(t.TempDir(), "todos.db")
	open(t, sqlite.Options{Path: other}).Close()
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	who := todos.Owner{Issuer: alice.Issuer, Subject: "alice"}
	if _, err := admin.Block(who, sqlite.Operator{Name: "root"}); err == nil || !strings.Contains(err.Error(), "replaced meanwhile") {
		t.Errorf("blocked in a database that is no longer there: %v", err)
	}
}
