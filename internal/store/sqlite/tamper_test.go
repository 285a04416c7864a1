package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// evidence is a database with a log of every kind of row, and what it is verified with.
type evidence struct {
	path  string
	keys  string
	heads audit.HeadsFile
}

// newEvidence writes 12 rows; heads are signed for rows 5 and 12.
func newEvidence(t *testing.T) evidence {
	t.Helper()
	dir := t.TempDir()
	e := evidence{path: filepath.Join(dir, "todos.db"), heads: audit.HeadsFile(filepath.Join(dir, "heads"))}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: e.path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	signer, _, err := audit.OpenSigner(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	e.keys = signer.Public()
	notary := audit.NewNotary(s, signer, e.heads, slog.New(slog.DiscardHandler))
	for n, event := range everyKind() {
		if err := s.Write(t.Context(), func(tx todos.Tx) error { return tx.Record(event) }); err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
		if n+1 == 5 {
			notary.Sign(t.Context())
		}
	}
	notary.Sign(t.Context())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return e
}

// everyKind returns 12 events that use every column.
func everyKind() (events []audit.Event) {
	call := func(subject string) audit.Call {
		return audit.Call{
			Principal: auth.Principal{
				Issuer: "https://id.example", Tenant: "acme", Subject: subject, ClientID: "client", TokenID: "jti-" + subject,
				Scopes: auth.ParseScopes("create:todos delete:todos"), TokenHash: [32]byte{7},
			},
			RequestID: "request-" + subject, TraceID: strings.Repeat("0a", 16), Started: time.Now().Add(-time.Millisecond),
		}
	}
	count := 3
	for range 2 {
		events = append(events,
			audit.Event{Call: call("alice"), Tool: todos.ToolCreate, Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope, ScopesUsed: auth.Scopes{"create:todos"}, TargetID: id(1)},
			audit.Event{Call: call("bob"), Tool: todos.ToolList, Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisOwner, ResultCount: &count},
			audit.Event{Call: call("admin"), Tool: todos.ToolDelete, Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisScope, ScopesUsed: auth.Scopes{"delete:todos"}, TargetID: id(2), TargetSubject: "bob"},
			audit.Event{Call: call("bob"), Tool: audit.UnknownTool, Decision: audit.Deny, Reason: audit.ReasonUnknownTool},
			audit.Event{Kind: audit.RateLimited, Decision: audit.Deny, Reason: "rate_limited", Details: map[string]int{"count": 9}, Call: audit.Call{Principal: auth.Principal{Issuer: "https://id.example", Subject: "bob"}}},
			audit.Event{Kind: audit.UserBlock, Decision: audit.Allow, Reason: audit.ReasonOK, Details: map[string]string{"operator": "root"}, TargetSubject: "bob", Call: audit.Call{Principal: auth.Principal{Issuer: "https://id.example"}}},
		)
	}
	return events
}

// verify verifies with what an operator has.
func (e evidence) verify(t *testing.T) audit.Report {
	t.Helper()
	log, err := sqlite.OpenAuditLog(t.Context(), e.path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	keys, err := audit.ParseKeys(e.keys)
	if err != nil {
		t.Fatal(err)
	}
	heads, err := e.heads.Notes()
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(t.Context(), log, audit.Evidence{Keys: keys, Heads: heads})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// plain opens the database as any other program would, with its triggers taken out.
func (e evidence) plain(t *testing.T, keepTriggers ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", e.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if slices.Contains(keepTriggers, "all") {
		return db
	}
	var names string
	if err := db.QueryRow("SELECT group_concat(name, ' ') FROM sqlite_schema WHERE type = 'trigger'").Scan(&names); err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(names) {
		if _, err := db.Exec("DROP TRIGGER " + name); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestVerifyIntact(t *testing.T) {
	r := newEvidence(t).verify(t)
	if !r.Complete() || r.Rows != 12 || r.FirstSeq != 1 || r.LastSeq != 12 || r.Heads != 4 || r.Newest == nil || r.Newest.Seq != 12 || r.Unsigned != 0 {
		t.Errorf("report %+v", r)
	}
}

// TestEveryColumnOfEveryRow changes one value at a time, in every way that the table
// takes, and wants the row named.
func TestEveryColumnOfEveryRow(t *testing.T) {
	e := newEvidence(t)
	db := e.plain(t)
	columns := []string{
		"occurred_at", "chain", "event", "tool", "decision", "reason", "basis", "scopes_granted", "scopes_used", "target_id", "result_count",
		"issuer", "tenant", "request_id", "trace_id", "duration_us", "details", "subject", "client_id", "token_sha256", "token_id",
		"actor_salt", "actor_commit", "target_subject", "target_salt", "target_commit", "hash",
	}
	var known int
	if err := db.QueryRow("SELECT count(*) FROM pragma_table_info('audit_log') WHERE name <> 'seq'").Scan(&known); err != nil || known != len(columns) {
		t.Fatalf("%d columns, the test knows %d: %v", known, len(columns), err)
	}
	changes := []string{
		"%[1]s = CASE typeof(%[1]s) WHEN 'integer' THEN %[1]s + 1 WHEN 'text' THEN %[1]s || 'x' WHEN 'blob' THEN CAST(%[1]s || x'00' AS BLOB) END",
		"%[1]s = CASE typeof(%[1]s) WHEN 'text' THEN char(unicode(%[1]s) + 1) || substr(%[1]s, 2) WHEN 'blob' THEN CAST(zeroblob(1) || substr(%[1]s, 2) AS BLOB) ELSE %[1]s END",
		"%[1]s = CASE typeof(%[1]s) WHEN 'text' THEN '' ELSE NULL END",
		"%[1]s = NULL",
		"%[1]s = (SELECT %[1]s FROM audit_log AS o WHERE o.seq = audit_log.seq %% 12 + 1)",
		"%[1]s = coalesce(%[1]s, 1)", "%[1]s = coalesce(%[1]s, 'x')", "%[1]s = coalesce(%[1]s, zeroblob(32))",
	}
	tried := 0
	for seq := range 12 {
		for _, column := range columns {
			for _, change := range changes {
				set := fmt.Sprintf(change, column)
				var before, after sql.NullString
				value := fmt.Sprintf("SELECT quote(%s) FROM audit_log WHERE seq = %d", column, seq+1)
				if err := db.QueryRow(value).Scan(&before); err != nil {
					t.Fatal(err)
				}
				if _, err := db.Exec(fmt.Sprintf("UPDATE audit_log SET %s WHERE seq = %d", set, seq+1)); err != nil {
					continue // of another type, or null: the table does not take it
				}
				if err := db.QueryRow(value).Scan(&after); err != nil {
					t.Fatal(err)
				}
				if before == after {
					continue
				}
				tried++
				if r := e.verify(t); r.Fault == nil || r.Fault.Seq != int64(seq)+1 {
					t.Errorf("row %d: %s is %s in place of %s: %v", seq+1, column, after.String, before.String, r.Fault)
				}
				if _, err := db.Exec(fmt.Sprintf("UPDATE audit_log SET %s = %s WHERE seq = %d", column, before.String, seq+1)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if r := e.verify(t); !r.Complete() || tried < 12*len(columns)*2 {
		t.Errorf("%d changes tried; in the end %+v", tried, r)
	}
}

// rewrite computes the chain anew from a row on, as somebody would who has the database
// and not the key.
func rewrite(t *testing.T, db *sql.DB, e evidence, from int64) {
	t.Helper()
	log, err := sqlite.OpenAuditLog(t.Context(), e.path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	chain, err := log.Chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	previous := chain.Base.Hash
	_, err = log.Each(t.Context(), audit.Filter{BeforeSeq: 1 << 40}, func(r audit.Row) error {
		if r.Seq >= from {
			r.Hash = r.HashAfter(previous)
			if _, err := db.Exec("UPDATE audit_log SET hash = ? WHERE seq = ?", r.Hash[:], r.Seq); err != nil {
				return err
			}
		}
		previous = r.Hash
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE audit_chain SET head_hash = ?, head_seq = (SELECT max(seq) FROM audit_log)", previous[:]); err != nil {
		t.Fatal(err)
	}
}

// TestTampering: each attack is named by its first bad row.
func TestTampering(t *testing.T) {
	exec := func(texts ...string) func(*testing.T, evidence, *sql.DB) {
		return func(t *testing.T, _ evidence, db *sql.DB) {
			for _, text := range texts {
				if _, err := db.Exec(text); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
		}
	}
	const toEnd = "UPDATE audit_chain SET head_seq = (SELECT max(seq) FROM audit_log), head_hash = (SELECT hash FROM audit_log ORDER BY seq DESC LIMIT 1)"
	for _, attack := range []struct {
		name string
		do   func(*testing.T, evidence, *sql.DB)
		want int64 // the row that is named; 0 for the whole log
	}{
		{"first row deleted", exec("DELETE FROM audit_log WHERE seq = 1"), 1},
		{"row in the middle deleted", exec("DELETE FROM audit_log WHERE seq = 7"), 7},
		{"last row deleted", exec("DELETE FROM audit_log WHERE seq = 12"), 12},
		{"end cut off", exec("DELETE FROM audit_log WHERE seq > 8"), 9},
		{"end cut off, and the head moved", exec("DELETE FROM audit_log WHERE seq > 8", toEnd), 9},
		{"all deleted", exec("DELETE FROM audit_log", "UPDATE audit_chain SET head_seq = 0, head_hash = base_hash"), 1},
		{"rows renumbered over a gap", exec("DELETE FROM audit_log WHERE seq = 7", "UPDATE audit_log SET seq = seq - 1 WHERE seq > 7", toEnd), 12},
		{"two rows swapped", exec("UPDATE audit_log SET seq = 100 WHERE seq = 3", "UPDATE audit_log SET seq = 3 WHERE seq = 8", "UPDATE audit_log SET seq = 8 WHERE seq = 100"), 3},
		{"last row repeated", exec("CREATE TEMP TABLE c AS SELECT * FROM audit_log WHERE seq = 12", "UPDATE c SET seq = 13", "INSERT INTO audit_log SELECT * FROM c", toEnd), 13},
		{"row behind the head", exec("CREATE TEMP TABLE c AS SELECT * FROM audit_log WHERE seq = 12", "UPDATE c SET seq = 13", "INSERT INTO audit_log SELECT * FROM c"), 13},
		{"row replaced by another", exec("CREATE TEMP TABLE c AS SELECT * FROM audit_log WHERE seq = 2", "UPDATE c SET seq = 4", "INSERT OR REPLACE INTO audit_log SELECT * FROM c"), 4},
		{"base moved without a signature", exec("UPDATE audit_chain SET base_seq = 6, base_hash = (SELECT hash FROM audit_log WHERE seq = 6)", "DELETE FROM audit_log WHERE seq <= 6"), 7},
		{"another base", exec("UPDATE audit_chain SET base_hash = zeroblob(32)"), 1},
		{"another head", exec("UPDATE audit_chain SET head_hash = zeroblob(32)"), 12},
		{"head moved back", exec("UPDATE audit_chain SET head_seq = 11, head_hash = (SELECT hash FROM audit_log WHERE seq = 11)"), 12},
		{"another log's name", exec("UPDATE audit_chain SET log_id = 'other'"), 0},
		{"checkpoint changed", exec("UPDATE audit_checkpoint SET note = replace(note, '5', '6') WHERE seq = 5"), 0},
		{"checkpoint of another row", exec("UPDATE audit_checkpoint SET seq = 4 WHERE seq = 5"), 4},
		{"person blanked without a record", exec("UPDATE audit_log SET subject = NULL, client_id = NULL, token_sha256 = NULL, token_id = NULL, actor_salt = NULL, actor_commit = zeroblob(32) WHERE seq = 2"), 2},
		{"person blanked with the right commitment and no record", func(t *testing.T, e evidence, db *sql.DB) { blank(t, e, db, 2) }, 0},
		{"person blanked where another was erased", func(t *testing.T, e evidence, db *sql.DB) {
			admin, err := sqlite.OpenAdmin(t.Context(), e.path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = admin.Erase(t.Context(), todos.Owner{Issuer: "https://id.example", Tenant: "acme", Subject: "bob"}, sqlite.Operator{Name: "root"}, false)
			if err := errors.Join(err, admin.Close()); err != nil {
				t.Fatal(err)
			}
			if r := e.verify(t); r.Fault != nil || r.Erased == 0 {
				t.Fatal(r.Fault, r.Erased)
			}
			blank(t, e, db, 3) // what admin did to bob
		}, 0},
		{"row changed, chain computed anew", func(t *testing.T, e evidence, db *sql.DB) {
			exec("UPDATE audit_log SET decision = 'deny' WHERE seq = 3")(t, e, db)
			rewrite(t, db, e, 3)
		}, 5},
		{"row changed after a signed head, chain computed anew", func(t *testing.T, e evidence, db *sql.DB) {
			exec("UPDATE audit_log SET scopes_used = '' WHERE seq = 9")(t, e, db)
			rewrite(t, db, e, 9)
		}, 12},
		{"chain computed anew, checkpoints removed", func(t *testing.T, e evidence, db *sql.DB) {
			exec("UPDATE audit_log SET decision = 'deny' WHERE seq = 3", "DELETE FROM audit_checkpoint")(t, e, db)
			rewrite(t, db, e, 3)
		}, 5},
	} {
		t.Run(attack.name, func(t *testing.T) {
			e := newEvidence(t)
			attack.do(t, e, e.plain(t))
			if r := e.verify(t); r.Fault == nil || r.Fault.Seq != attack.want {
				t.Errorf("fault %v, want one of row %d", r.Fault, attack.want)
			}
		})
	}
}

// blank erases who acted from a row as "user erase" would, without telling.
func blank(t *testing.T, e evidence, db *sql.DB, seq int64) {
	t.Helper()
	log, err := sqlite.OpenAuditLog(t.Context(), e.path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	rows, err := log.Rows(t.Context(), seq-1, seq)
	if err != nil || len(rows) != 1 || !rows[0].EraseActor() {
		t.Fatal(err, rows)
	}
	if _, err := db.Exec("UPDATE audit_log SET subject = NULL, client_id = NULL, token_sha256 = NULL, token_id = NULL, actor_salt = NULL, actor_commit = ? WHERE seq = ?", []byte(rows[0].ActorCommit), seq); err != nil {
		t.Fatal(err)
	}
}

// TestTriggersRefuse: in the sqlite3 shell, where recursive_triggers is off, with the
// triggers in place.
func TestTriggersRefuse(t *testing.T) {
	e := newEvidence(t)
	db := e.plain(t, "all")
	for _, text := range []string{
		"CREATE TEMP TABLE c AS SELECT * FROM audit_log WHERE seq = 2",
		"UPDATE c SET seq = %d, subject = 'mallory'",
	} {
		if !strings.Contains(text, "%d") {
			if _, err := db.Exec(text); err != nil {
				t.Fatal(err)
			}
			continue
		}
		for _, seq := range []int{-1, 0, 1, 2, 11, 12, 14} {
			if _, err := db.Exec(fmt.Sprintf(text, seq)); err != nil {
				t.Fatal(err)
			}
			for _, verb := range []string{"INSERT", "INSERT OR REPLACE", "REPLACE"} {
				if _, err := db.Exec(verb + " INTO audit_log SELECT * FROM c"); err == nil {
					t.Errorf("%s of row %d was accepted", verb, seq)
				}
			}
		}
	}
	if r := e.verify(t); !r.Complete() {
		t.Errorf("report %+v", r)
	}
}

// TestOlderCopy: a database that was put back as it was before is behind its heads.
func TestOlderCopy(t *testing.T) {
	e := newEvidence(t)
	copied, err := os.ReadFile(e.path)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, sqlite.Options{Path: e.path})
	signer, _, err := audit.OpenSigner(filepath.Join(filepath.Dir(e.path), "key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), create(id(50), "x")); err != nil {
		t.Fatal(err)
	}
	audit.NewNotary(s, signer, e.heads, slog.New(slog.DiscardHandler)).Sign(t.Context())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := e.verify(t); !r.Complete() || r.Rows != 13 {
		t.Fatalf("report %+v", r)
	}
	if err := os.WriteFile(e.path, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := e.verify(t); r.Fault == nil || r.Fault.Seq != 13 || !strings.Contains(r.Fault.Reason, "older copy") {
		t.Errorf("fault %v", r.Fault)
	}
}

// TestMissingEvidence: what cannot be checked is told, not passed over.
func TestMissingEvidence(t *testing.T) {
	e := newEvidence(t)
	log, err := sqlite.OpenAuditLog(t.Context(), e.path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if r, err := audit.Verify(t.Context(), log, audit.Evidence{}); err != nil || r.Fault != nil || r.Complete() || r.Rows != 12 {
		t.Errorf("without keys: %+v, %v", r, err)
	}
	other, _, err := audit.OpenSigner(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := audit.ParseKeys(other.Public())
	if err != nil {
		t.Fatal(err)
	}
	if r, err := audit.Verify(t.Context(), log, audit.Evidence{Keys: keys}); err != nil || r.Fault == nil {
		t.Errorf("with another key: %+v, %v", r, err)
	}
	forged, err := other.Head(audit.Head{LogID: r0(t, log).LogID, Seq: 12}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	own, err := audit.ParseKeys(e.keys)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := audit.Verify(t.Context(), log, audit.Evidence{Keys: own, Heads: []string{forged.Note()}}); err != nil || r.Fault == nil {
		t.Errorf("with a head of another key: %+v, %v", r, err)
	}
}

func r0(t *testing.T, log *sqlite.AuditLog) audit.Head {
	t.Helper()
	chain, err := log.Chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return chain.Head
}

// TestVerifyBesideWriters: a log that grows is verified to where it was.
func TestVerifyBesideWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todos.db")
	s := open(t, sqlite.Options{Path: path})
	stop, done := make(chan struct{}), make(chan error)
	go func() {
		var errs error
		for n := 0; ; n++ {
			select {
			case <-stop:
				done <- errs
				return
			default:
				errs = errors.Join(errs, s.Write(t.Context(), create(id(n), "x")))
			}
		}
	}()
	log := openLog(t, path)
	for range 20 {
		if r, err := audit.Verify(t.Context(), log, audit.Evidence{}); err != nil || r.Fault != nil {
			t.Errorf("%v, %v", r.Fault, err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
