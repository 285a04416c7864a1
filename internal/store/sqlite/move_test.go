package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

var (
	oldTenant   = sqlite.TenantID{Issuer: "https://old.example"}
	newTenant   = sqlite.TenantID{Issuer: "https://new.example", Tenant: "acme"}
	thirdTenant = sqlite.TenantID{Issuer: "https://third.example"}
)

func in(id sqlite.TenantID, subject string) todos.Owner {
	return todos.Owner{Issuer: id.Issuer, Tenant: id.Tenant, Subject: subject}
}

// keptRows is all that is kept of people, a line a row, as if everything in one tenant had
// been moved to another.
func keptRows(t *testing.T, db *sql.DB, from, to sqlite.TenantID) (lines []string) {
	t.Helper()
	rows, err := db.Query(`SELECT issuer, tenant, 'todo ' || subject || ' ' || id || ' ' || created_at || ' ' || content FROM todos
		UNION ALL SELECT issuer, tenant, 'blocked ' || subject FROM blocked`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id sqlite.TenantID
		var line string
		if err := rows.Scan(&id.Issuer, &id.Tenant, &line); err != nil {
			t.Fatal(err)
		}
		if id == from {
			id = to
		}
		lines = append(lines, fmt.Sprint(id, " ", line))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// TestMoveTenant: with what there is in the new tenant and under the same issuers, all of
// the old tenant is in the new one, and nothing else has changed by a byte.
func TestMoveTenant(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	db := writerPool(t, sqlite.Options{Path: path})
	admin := openAdmin(t, path)
	tenants := []sqlite.TenantID{
		oldTenant, newTenant, thirdTenant,
		{Issuer: oldTenant.Issuer, Tenant: "acme"}, {Issuer: newTenant.Issuer}, {Issuer: oldTenant.Issuer + "/"},
	}
	operator := sqlite.Operator{Name: "test"}
	for i, id := range tenants {
		for j := range 20 {
			if (i+j)%3 > 0 || i == 0 {
				writeMany(t, s, in(id, fmt.Sprint("person", j)), 1+j)
			}
			if (i+j)%4 == 0 {
				if _, err := admin.Block(in(id, fmt.Sprint("person", j)), operator); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	before := keptRows(t, db, sqlite.TenantID{}, sqlite.TenantID{})
	want := append(keptRows(t, db, oldTenant, newTenant), onlyBlocks(before, oldTenant)...)
	slices.Sort(want)
	rows := auditBytes(t, db)

	found, err := admin.Movable(t.Context(), oldTenant, newTenant)
	if diff := gocmp.Diff(sqlite.Movable{People: 20, Merged: 14, Todos: 210, Blocks: 5}, found); err != nil || diff != "" {
		t.Errorf("movable: %v %s", err, diff)
	}
	done, err := admin.MoveTenant(t.Context(), oldTenant, newTenant, operator)
	if err != nil || done.Step != "end" || done.People != 20 || done.Todos != 210 || done.Blocks != 5 {
		t.Errorf("moved %+v, %v", done, err)
	}
	if diff := gocmp.Diff(want, keptRows(t, db, sqlite.TenantID{}, sqlite.TenantID{})); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	after := auditBytes(t, db)
	if len(after) != len(rows)+2 || !slices.Equal(rows, after[:len(rows)]) {
		t.Errorf("%d audit rows were %d, and the old ones may be others", len(after), len(rows))
	}
	if people, wrong := compareCounts(t, db); people == 0 || wrong > 0 {
		t.Errorf("%d of %d counts are wrong", wrong, people)
	}
	if report, err := audit.Verify(t.Context(), openLog(t, path), audit.Evidence{}); err != nil || report.Fault != nil {
		t.Errorf("verify: %v, %v", err, report.Fault)
	}
	if again, err := admin.MoveTenant(t.Context(), oldTenant, newTenant, operator); err != nil || again.Step != "" || len(auditBytes(t, db)) != len(after) {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// onlyBlocks are the lines of a tenant's blocks, which a move leaves there.
func onlyBlocks(lines []string, of sqlite.TenantID) (blocks []string) {
	for _, line := range lines {
		if prefix := fmt.Sprint(of, " blocked "); len(line) > len(prefix) && line[:len(prefix)] == prefix {
			blocks = append(blocks, line)
		}
	}
	return blocks
}

// auditBytes returns the audit log, row by row, with every column.
func auditBytes(t *testing.T, db *sql.DB) (rows []string) {
	t.Helper()
	list, err := db.Query(`SELECT seq || '|' || issuer || '|' || tenant || '|' || coalesce(subject, '') || '|' || coalesce(target_subject, '') || '|' || hex(hash) FROM audit_log ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for list.Next() {
		var row string
		if err := list.Scan(&row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestMoveOnlyBlocks: without todos there are still two rows, in the transaction of the blocks.
func TestMoveOnlyBlocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	open(t, sqlite.Options{Path: path})
	admin := openAdmin(t, path)
	if _, err := admin.Block(in(oldTenant, "eve"), sqlite.Operator{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	done, err := admin.MoveTenant(t.Context(), oldTenant, newTenant, sqlite.Operator{Name: "test"})
	if err != nil || done.Step != "end" || done.Blocks != 1 || done.People+done.Todos != 0 {
		t.Errorf("moved %+v, %v", done, err)
	}
	for _, id := range []sqlite.TenantID{oldTenant, newTenant} {
		if found, err := admin.Person(t.Context(), in(id, "eve")); err != nil || found.BlockedAt.IsZero() {
			t.Errorf("%v: %+v, %v", id, found, err)
		}
	}
	if n := len(auditBytes(t, writerPool(t, sqlite.Options{Path: path}))); n != 3 {
		t.Errorf("%d audit rows", n)
	}
}

// TestMoveTaken: one id that both tenants have stops the move before anything is changed.
func TestMoveTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	db := writerPool(t, sqlite.Options{Path: path})
	admin := openAdmin(t, path)
	writeMany(t, s, in(oldTenant, "alice"), 300)
	if _, err := db.Exec(`INSERT INTO todos SELECT ?1, ?2, 'zoe', id, content, created_at FROM todos LIMIT 7`, newTenant.Issuer, newTenant.Tenant); err != nil {
		t.Fatal(err)
	}
	before, rows := keptRows(t, db, sqlite.TenantID{}, sqlite.TenantID{}), auditBytes(t, db)
	_, err := admin.MoveTenant(t.Context(), oldTenant, newTenant, sqlite.Operator{Name: "test"})
	if taken := new(sqlite.TakenError); !errors.As(err, &taken) || len(taken.IDs) != 7 {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(before, keptRows(t, db, sqlite.TenantID{}, sqlite.TenantID{})) || !slices.Equal(rows, auditBytes(t, db)) {
		t.Error("something was changed")
	}
}
