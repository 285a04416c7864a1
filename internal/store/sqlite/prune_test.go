package sqlite_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestPruneBesideServer prunes most of a log while a server goes on writing: exactly what
// is below the base goes, the file shrinks, and the rest verifies against the signed base.
func TestPruneBesideServer(t *testing.T) {
	e := newPruned(t)
	var writer sync.WaitGroup
	writer.Go(func() {
		for range 30 {
			writeMany(t, e.store, e.who, 1)
		}
	})
	before, _ := pages(t, e.path)
	removed, err := e.admin.Prune(t.Context())
	if err != nil || removed != e.base.Seq {
		t.Errorf("removed %d rows, %v, want %d", removed, err, e.base.Seq)
	}
	writer.Wait()
	r, err := audit.Verify(t.Context(), openLog(t, e.path), audit.Evidence{Keys: e.signer.Keys()})
	if err != nil || !r.Complete() || r.FirstSeq != e.base.Seq+1 {
		t.Errorf("verify: %v, %+v", err, r)
	}
	if after, free := pages(t, e.path); after > before*3/4 || free > 10 {
		t.Errorf("the database has %d pages, before %d, and %d are free", after, before, free)
	}
}

// TestPruneGoesOn: what an interrupted run left over goes with the next, and the base
// moves for one operator only.
func TestPruneGoesOn(t *testing.T) {
	e := newPruned(t)
	again := sqlite.Archiving{FirstSeq: 1, LastSeq: e.base.Seq}
	if _, err := e.admin.MoveBase(e.base, e.signer.Base, again); !errors.Is(err, audit.ErrPruned) {
		t.Errorf("a second one moved the base: %v", err)
	}
	db := writerPool(t, sqlite.Options{Path: e.path})
	if _, err := db.Exec("DELETE FROM audit_log WHERE seq <= 1000"); err != nil { // as far as the first one came
		t.Fatal(err)
	}
	log := openLog(t, e.path)
	if r, err := audit.Verify(t.Context(), log, audit.Evidence{Keys: e.signer.Keys()}); err != nil || !r.Complete() {
		t.Errorf("in the middle: %v, %+v", err, r)
	}
	if removed, err := e.admin.Prune(t.Context()); err != nil || removed != e.base.Seq-1000 {
		t.Errorf("removed %d rows, %v", removed, err)
	}
	if removed, err := e.admin.Prune(t.Context()); err != nil || removed != 0 {
		t.Errorf("then removed %d rows, %v", removed, err)
	}
	var first, heads int64
	err := db.QueryRow("SELECT (SELECT min(seq) FROM audit_log), (SELECT count(*) FROM audit_checkpoint WHERE seq < ?)", e.base.Seq).Scan(&first, &heads)
	if err != nil || first != e.base.Seq+1 || heads != 0 {
		t.Errorf("the first row is %d, %d older heads, %v", first, heads, err)
	}
}

// TestCuts: by age and by size.
func TestCuts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := open(t, sqlite.Options{Path: path, Now: func() time.Time { return now }})
	who := todos.Owner{Issuer: alice.Issuer, Subject: "alice"}
	for range 10 {
		writeMany(t, s, who, 100)
		now = now.Add(24 * time.Hour)
	}
	log := openLog(t, path)
	for days, want := range map[int]int64{0: 0, 1: 100, 5: 500, 99: 1000} {
		at := time.Date(2026, 1, 1+days, 0, 0, 0, 0, time.UTC)
		if cut, err := log.CutByAge(t.Context(), at); err != nil || cut != want {
			t.Errorf("older than %v: cut at %d, %v, want %d", at, cut, err, want)
		}
	}
	whole, err := log.Stats(t.Context(), audit.StatsQuery{Now: now, Top: 1})
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[int64]int64{1: 0, 2: 500, 4: 750} {
		if cut, err := log.CutBySize(t.Context(), whole.Size.Bytes/part); err != nil || cut != want {
			t.Errorf("1/%d of %d bytes: cut at %d, %v, want %d", part, whole.Size.Bytes, cut, err, want)
		}
	}
	// The estimate is near the truth.
	var truth int64
	err = writerPool(t, sqlite.Options{Path: path}).QueryRow("SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'audit_log%'").Scan(&truth)
	if got := whole.Size.Bytes; err != nil || got < truth*2/3 || got > truth*4/3 {
		t.Errorf("%d bytes estimated, %d there, %v", got, truth, err)
	}
}

// pruned is a log whose base was moved and whose rows are still there.
type pruned struct {
	path   string
	who    todos.Owner
	store  *sqlite.Store
	admin  *sqlite.Admin
	signer *audit.Signer
	base   audit.Head
}

func newPruned(t *testing.T) pruned {
	t.Helper()
	e := pruned{path: filepath.Join(t.TempDir(), "todos.db"), who: todos.Owner{Issuer: alice.Issuer, Subject: "alice"}}
	e.store = open(t, sqlite.Options{Path: e.path})
	var err error
	if e.signer, _, err = audit.OpenSigner(e.path + ".key"); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		writeMany(t, e.store, e.who, 1000)
		signed, _, err := e.store.Checkpoint(t.Context(), e.signer.Head)
		if err != nil {
			t.Fatal(err)
		}
		e.base = signed.Head
	}
	writeMany(t, e.store, e.who, 100)
	e.admin = openAdmin(t, e.path)
	if _, err := e.admin.MoveBase(e.base, e.signer.Base, sqlite.Archiving{FirstSeq: 1, LastSeq: e.base.Seq}); err != nil {
		t.Fatal(err)
	}
	return e
}

func pages(t *testing.T, path string) (all, free int64) {
	t.Helper()
	const query = "SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count"
	if err := writerPool(t, sqlite.Options{Path: path}).QueryRow(query).Scan(&all, &free); err != nil {
		t.Fatal(err)
	}
	return all, free
}
