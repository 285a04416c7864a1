package main

import (
	"database/sql"
	"math/rand/v2"
	"testing"
	"time"
)

// TestKillMove kills tenants move at a random moment, again and again. Each time everybody's
// todos are all in one of the two tenants and none is lost or doubled, who was blocked is
// blocked wherever they are let in, the log verifies, and another run finishes.
func TestKillMove(t *testing.T) {
	p := startDev(t)
	p.stop()
	<-p.exited
	const people, each = 150, 6
	execute(t, p.db, `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1 < 900)
		INSERT INTO todos SELECT 'https://old.example', '', 'person' || (i/6), printf('%013d', i), 'text ' || i, i FROM n`)
	execute(t, p.db, `INSERT INTO blocked VALUES ('https://old.example', '', 'person149', 1)`)
	move := func(db string) []string {
		return []string{"tenants", "move", "--from", "https://old.example", "--to", "https://new.example", "--to-tenant", "acme", "--yes", "--db", db}
	}
	began := time.Now()
	runUntil(t, time.Minute, move(placed(t, p.db))...)
	whole := time.Since(began)
	states := map[string]int{}
	for range 4 * *kills {
		db := placed(t, p.db)
		runUntil(t, rand.N(whole), move(db)...)
		mustRun(t, "audit", "verify", "--db", db)
		withVictim(t, db, "PRAGMA integrity_check")
		switch n := checkPeople(t, db, people, each); n {
		case 0, people:
			states[map[bool]string{true: "all", false: "none"}[n == people]]++
		default:
			states["some"]++
		}
		mustRun(t, move(db)...)
		if n := checkPeople(t, db, people, each); n != people {
			t.Fatalf("%d people in the new tenant after another run", n)
		}
		mustRun(t, "audit", "verify", "--db", db)
	}
	t.Logf("%d kills within %v: nobody was moved %d times, some %d times, everybody %d times", 4**kills, whole, states["none"], states["some"], states["all"])
}

// checkPeople returns how many people are in the new tenant.
func checkPeople(t *testing.T, path string, people, each int) (moved int) {
	t.Helper()
	var total, whole, right, blocked, begun, ended int
	row := func(db *sql.DB, text string, to ...any) error {
		return db.QueryRowContext(t.Context(), text).Scan(to...)
	}
	err := withDatabase(path, func(db *sql.DB) error {
		err := row(db, `SELECT count(*), coalesce(sum(n = 6), 0), coalesce(sum(n = 6 AND issuer = 'https://new.example' AND tenant = 'acme'), 0)
			FROM (SELECT issuer, tenant, count(*) AS n FROM todos GROUP BY issuer, tenant, subject)`, &total, &whole, &moved)
		if err == nil {
			err = row(db, `SELECT count(*) FROM todos WHERE id = printf('%013d', created_at) AND content = 'text ' || created_at AND subject = 'person' || (created_at/6)`, &right)
		}
		if err == nil {
			err = row(db, `SELECT count(*) FROM blocked WHERE subject = 'person149' AND issuer = 'https://new.example' AND tenant = 'acme'`, &blocked)
		}
		if err == nil {
			err = row(db, `SELECT coalesce(sum(details ->> 'step' = 'begin'), 0), coalesce(sum(details ->> 'step' = 'end'), 0) FROM audit_log WHERE event = 'tenant.move'`, &begun, &ended)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total != people || whole != people || right != people*each {
		t.Fatalf("%d people, %d of them whole, and %d todos are what they were", total, whole, right)
	}
	if moved > 0 && begun == 0 || blocked != min(1, begun) || (ended > 0) != (moved == people) {
		t.Fatalf("%d people were moved, %d blocked, with %d rows of beginnings and %d of ends", moved, blocked, begun, ended)
	}
	return moved
}

func execute(t *testing.T, path, text string) {
	t.Helper()
	err := withDatabase(path, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
