package sqlite_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestCountsAreTrue changes todos in every way that SQL has, at random, also ways that
// no statement of the program uses: the counts are what counting gives.
func TestCountsAreTrue(t *testing.T) {
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db")}
	open(t, o)
	db := writerPool(t, o)
	admin := openAdmin(t, o.Path)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	person := func() string { return fmt.Sprint("person", random.IntN(4)) }
	tenant := func() string { return fmt.Sprint("tenant", random.IntN(2)) }
	id := func() string { return fmt.Sprintf("todo%09d", random.IntN(40)) }
	most := 0
	for step := range 600 {
		var err error
		var text string
		var values []any
		switch random.IntN(10) {
		case 0, 1, 2, 3:
			text, values = `INSERT OR IGNORE INTO todos VALUES ('https://i', ?, ?, ?, 'x', ?)`, []any{tenant(), person(), id(), random.IntN(50)}
		case 4:
			text, values = `INSERT OR REPLACE INTO todos VALUES ('https://i', ?, ?, ?, 'x', ?)`, []any{tenant(), person(), id(), random.IntN(50)}
		case 5:
			text, values = `DELETE FROM todos WHERE tenant = ? AND id = ?`, []any{tenant(), id()}
		case 6:
			text, values = `DELETE FROM todos WHERE tenant = ? AND subject = ? AND created_at < ?`, []any{tenant(), person(), random.IntN(50)}
		case 7:
			text, values = `UPDATE OR IGNORE todos SET tenant = ? WHERE tenant = ? AND subject = ?`, []any{tenant(), tenant(), person()}
		case 8:
			text, values = `UPDATE OR REPLACE todos SET subject = ? WHERE tenant = ? AND id < ?`, []any{person(), tenant(), id()}
		default:
			if text = "erase"; random.IntN(4) == 0 { // it takes longer than all others
				_, err = admin.Erase(t.Context(), todos.Owner{Issuer: "https://i", Tenant: tenant(), Subject: person()}, sqlite.Operator{Name: "test"}, false)
			}
		}
		if len(values) > 0 {
			_, err = db.Exec(text, values...)
		}
		if err != nil {
			t.Fatalf("seed %d, step %d: %s: %v", seed, step, text, err)
		}
		n, wrong := compareCounts(t, db)
		if most = max(most, n); wrong != 0 {
			t.Fatalf("seed %d, step %d: %d counts are wrong after %s %v", seed, step, wrong, text, values)
		}
	}
	if most < 6 {
		t.Errorf("seed %d: never more than %d people had todos", seed, most)
	}
}

// compareCounts returns how many people are counted, and for how many wrongly.
func compareCounts(t *testing.T, db *sql.DB) (people, wrong int) {
	t.Helper()
	const counted = `SELECT issuer, tenant, subject, count(*) FROM todos GROUP BY 1, 2, 3`
	const kept = `SELECT issuer, tenant, subject, todos FROM todo_counts`
	err := db.QueryRow(`SELECT (SELECT count(*) FROM todo_counts),
		(SELECT count(*) FROM (`+counted+` EXCEPT `+kept+`)) + (SELECT count(*) FROM (`+kept+` EXCEPT `+counted+`))`).Scan(&people, &wrong)
	if err != nil {
		t.Fatal(err)
	}
	return people, wrong
}

// TestCountsOfOldTodos: a database of before the counts gets them with the upgrade.
func TestCountsOfOldTodos(t *testing.T) {
	o := sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db")}
	func() {
		s := open(t, o)
		db := writerPool(t, o)
		fill(t, db)
		for _, text := range []string{
			`DROP TRIGGER todos_insert`, `DROP TRIGGER todos_delete`, `DROP TRIGGER todos_move`, `DROP TABLE todo_counts`,
			`DELETE FROM goose_db_version WHERE version_id >= 4`,
		} {
			if _, err := db.Exec(text); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	open(t, o)
	if people, wrong := compareCounts(t, writerPool(t, o)); people != 40 || wrong != 0 {
		t.Errorf("%d people have counts, %d of these are wrong", people, wrong)
	}
}
