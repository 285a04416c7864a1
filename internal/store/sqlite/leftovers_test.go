package sqlite_test

import (
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
)

// newLeftovers returns a log of which an interrupted prune left all or some of the rows up to base.
func newLeftovers(t *testing.T, all *signedLog, base audit.Head, removed int64) (l *signedLog, exec func(string, ...any)) {
	t.Helper()
	l = all.copy(t)
	if _, err := l.admin.MoveBase(base, l.signer.Base, sqlite.Archiving{FirstSeq: 1, LastSeq: base.Seq}); err != nil {
		t.Fatal(err)
	}
	db := evidence{path: l.path}.plain(t)
	exec = func(text string, args ...any) {
		t.Helper()
		if _, err := db.Exec(text, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("DELETE FROM audit_log WHERE seq <= ?", removed)
	return l, exec
}

// TestRowsBelowBase: what pruning has not removed yet must lead to the base. Anything else that is
// below it was put there or changed by somebody.
func TestRowsBelowBase(t *testing.T) {
	const forge = "CREATE TEMP TABLE c AS SELECT * FROM audit_log LIMIT 1; UPDATE c SET subject = 'mallory', seq = "
	const insert = "; INSERT INTO audit_log SELECT * FROM c"
	all := newSignedLog(t) // heads are signed for rows 50 and 100
	for _, c := range []struct {
		name    string
		removed int64
		attack  string
		want    int64 // the row that is named; -1 if all is well
	}{
		{"none was removed", 0, "", -1},
		{"some were", 30, "", -1},
		{"up to a signed head", 50, "", -1},
		{"all but the base", 99, "", -1},
		{"all", 100, "", -1},

		{"a row put there", 100, forge + "7" + insert, 8},
		{"a row put there, before those that are left", 30, forge + "7" + insert, 8},
		{"a row put in place of the base", 100, forge + "100" + insert, 100},
		{"row 0", 100, forge + "0" + insert, 0},
		{"a row further down", 0, forge + "-7" + insert, 0},
		{"a row changed", 30, "UPDATE audit_log SET decision = 'deny' WHERE seq = 60", 60},
		{"the base changed", 30, "UPDATE audit_log SET decision = 'deny' WHERE seq = 100", 100},
		{"the first row changed, after one whose head was signed", 50, "UPDATE audit_log SET decision = 'deny' WHERE seq = 51", 51},
		{"the first row's hash changed", 30, "UPDATE audit_log SET hash = zeroblob(32) WHERE seq = 31", 32},
		{"a row removed", 30, "DELETE FROM audit_log WHERE seq = 60", 60},
		{"the base removed", 30, "DELETE FROM audit_log WHERE seq = 100", 100},

		// What its hash is computed from is gone. docs/audit.md says so.
		{"the first row changed, after another", 30, "UPDATE audit_log SET decision = 'deny' WHERE seq = 31", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, exec := newLeftovers(t, all, all.heads[1], c.removed)
			exec(c.attack)
			r, err := audit.Verify(t.Context(), openLog(t, l.path), audit.Evidence{Keys: l.signer.Keys()})
			switch {
			case err != nil:
				t.Fatal(err)
			case c.want < 0 && (!r.Complete() || r.FirstSeq != 101):
				t.Errorf("%+v, fault %v", r, r.Fault)
			case c.want >= 0 && (r.Fault == nil || r.Fault.Seq != c.want):
				t.Errorf("fault %v, want one of row %d", r.Fault, c.want)
			}
		})
	}
}

// TestRowBeforeAll: a log that was never pruned has nothing before row 1.
func TestRowBeforeAll(t *testing.T) {
	e := newEvidence(t)
	if _, err := e.plain(t).Exec("CREATE TEMP TABLE c AS SELECT * FROM audit_log LIMIT 1; UPDATE c SET seq = 0; INSERT INTO audit_log SELECT * FROM c"); err != nil {
		t.Fatal(err)
	}
	if r := e.verify(t); r.Fault == nil {
		t.Errorf("row 0 is unnoticed: %+v", r)
	}
}

// TestRowsBelowBaseWhilePruned: rows that go while they are read, the oldest first, are no fault; others are.
func TestRowsBelowBaseWhilePruned(t *testing.T) {
	all := newSignedLog(t)
	for _, c := range []struct {
		name      string
		meanwhile string // once rows 31 to 2030 were read
		want      int64
	}{
		{"all go", "DELETE FROM audit_log WHERE seq <= 2300", -1},
		{"as far as they were read", "DELETE FROM audit_log WHERE seq <= 2030", -1},
		{"further", "DELETE FROM audit_log WHERE seq <= 2100", -1},
		{"others go", "DELETE FROM audit_log WHERE seq > 2030 AND seq <= 2100", 2031},
		{"the last ones go", "DELETE FROM audit_log WHERE seq > 2030 AND seq <= 2300", 2031},
		{"one further on is changed", "DELETE FROM audit_log WHERE seq <= 2100; UPDATE audit_log SET decision = 'deny' WHERE seq = 2200", 2200},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, exec := newLeftovers(t, all, all.heads[5], 30)
			log := &disturbed{AuditLog: openLog(t, l.path), afterRows: func() { exec(c.meanwhile) }}
			r, err := audit.Verify(t.Context(), log, audit.Evidence{Keys: l.signer.Keys()})
			switch {
			case err != nil:
				t.Fatal(err)
			case c.want < 0 && !r.Complete():
				t.Errorf("%+v, fault %v", r, r.Fault)
			case c.want >= 0 && (r.Fault == nil || r.Fault.Seq != c.want):
				t.Errorf("fault %v, want one of row %d", r.Fault, c.want)
			}
		})
	}
}
