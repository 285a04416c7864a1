package sqlite_test

import (
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// rig is the service on a store whose driver can fail, and a connection beside them
// that sees what is really in the database.
type rig struct {
	*testing.T
	service *todos.Service
	store   *sqlite.Store
	faults  *faults
	db      *sql.DB
	path    string
}

// The todos that every case begins with, and no others.
const (
	alices = "aaaaaaaaaaaaa"
	bobs   = "bbbbbbbbbbbbb"
)

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t, faults: new(faults), path: filepath.Join(t.TempDir(), "todos.db")}
	options := sqlite.Options{Path: r.path, Logger: slog.New(slog.DiscardHandler)}
	r.store = open(t, options.WithConnector(r.faults.wrap))
	t.Cleanup(func() { r.faults.set(nil) }) // runs before the store is closed
	var err error
	if r.service, err = todos.NewService(todos.Options{Store: r.store, Logger: options.Logger, MaxTodos: 100}); err != nil {
		t.Fatal(err)
	}
	if r.db, err = options.WriterPool(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.db.Close() })
	r.exec(`PRAGMA synchronous = OFF`) // of this connection alone, which has nothing to lose
	// Somebody is blocked, or nobody would be looked for.
	r.exec(`INSERT INTO blocked (issuer, tenant, subject, blocked_at) VALUES ('https://id.example', 'acme', 'mallory', 0)`)
	// There is one row to be found.
	if err := r.service.Refuse(t.Context(), by("bob"), audit.UnknownTool, audit.ReasonUnknownTool); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) exec(text string, values ...any) {
	r.Helper()
	if _, err := r.db.ExecContext(r.Context(), text, values...); err != nil {
		r.Fatal(err)
	}
}

// reset ends all faults and puts the todos back to what every case begins with.
func (r *rig) reset() {
	r.Helper()
	r.faults.set(nil)
	r.exec(`DELETE FROM todos`)
	r.exec(`INSERT INTO todos (issuer, tenant, subject, id, content, created_at)
		VALUES ('https://id.example', 'acme', 'alice', ?1, 'hers', 1), ('https://id.example', 'acme', 'bob', ?2, 'his', 2)`, alices, bobs)
}

// state is what is in the database. The head of the chain stands for all rows.
type state struct {
	todos      string
	count      int
	rows, last int64
	lastHash   string
	headSeq    int64
	headHash   string
	outcome    string // of the last row
}

func (r *rig) state() (s state) {
	r.Helper()
	err := r.db.QueryRowContext(r.Context(), `
		SELECT (SELECT coalesce(group_concat(subject || ' ' || id || ' ' || content || ' ' || created_at), '') FROM (SELECT * FROM todos ORDER BY id)),
			(SELECT count(*) FROM todos),
			(SELECT count(*) FROM audit_log), coalesce(l.seq, 0), coalesce(hex(l.hash), ''), c.head_seq, hex(c.head_hash),
			coalesce(l.tool || ' ' || l.decision || ' ' || l.reason || ' ' || l.subject, '')
		FROM audit_chain c LEFT JOIN audit_log l ON l.seq = (SELECT max(seq) FROM audit_log)
		WHERE c.chain = 0`).Scan(&s.todos, &s.count, &s.rows, &s.last, &s.lastHash, &s.headSeq, &s.headHash, &s.outcome)
	if err != nil {
		r.Fatal(err)
	}
	if s.last != s.rows || s.headSeq != s.last || s.rows > 0 && s.headHash != s.lastHash {
		r.Errorf("the log and its head do not agree: %+v", s)
	}
	return s
}

// change is the difference between two states.
type change struct {
	todos   int
	rows    int64
	outcome string // of the last row, if there are new ones
}

func (s state) since(before state) change {
	c := change{todos: s.count - before.count, rows: s.rows - before.rows}
	if c.rows > 0 {
		c.outcome = s.outcome
	}
	return c
}

// verify checks the whole chain.
func (r *rig) verify() {
	r.Helper()
	report, err := audit.Verify(r.Context(), openLog(r.T, r.path), audit.Evidence{})
	if err != nil || report.Fault != nil {
		r.Errorf("the log does not verify: %v, %v", report.Fault, err)
	}
}

// tried is a way of calling each tool, or of being refused.
type tried struct {
	name string
	call func(r *rig) (shown []todos.Todo, err error)
	// refusal tells the error of a call that is denied; nil if it is allowed.
	refusal func(error) bool
	// decidedBy is the query whose rows the refusal rests on; empty if it is known before.
	decidedBy string
}

// calls are one of each kind.
func calls() []tried {
	return []tried{
		{"create", creates("alice", "new", todos.ScopeCreate), nil, ""},
		{"list of one's own", lists("alice"), nil, ""},
		{"list of the tenant", lists("admin", todos.ScopeRead), nil, ""},
		{"read of the log", readsLog("admin", todos.ScopeAudit), nil, ""},
		{"plan", func(r *rig) ([]todos.Todo, error) {
			page, err := r.service.Plan(r.Context(), by("alice"))
			return page.Todos, err
		}, nil, ""},
		{"delete", deletes("alice", alices), nil, ""},
		{"delete by scope", deletes("admin", bobs, todos.ScopeDelete), nil, ""},
		{"unknown tool", func(r *rig) ([]todos.Todo, error) {
			if err := r.service.Refuse(r.Context(), by("alice"), audit.UnknownTool, audit.ReasonUnknownTool); err != nil {
				return nil, err
			}
			return nil, errRefusedByDoor
		}, is(errRefusedByDoor), ""},
		{"create without the scope", creates("alice", "new"), func(err error) bool {
			var missing *todos.MissingScopeError
			return errors.As(err, &missing)
		}, ""},
		{"create without content", creates("alice", "", todos.ScopeCreate), func(err error) bool {
			var invalid *todos.InvalidError
			return errors.As(err, &invalid)
		}, ""},
		{"read of the log without the scope", readsLog("admin"), func(err error) bool {
			var missing *todos.MissingScopeError
			return errors.As(err, &missing)
		}, ""},
		{"delete of somebody else's", deletes("alice", bobs), is(todos.ErrNotDeleted), "TodoByID"},
		{"delete of an unknown id", deletes("alice", "ccccccccccccc"), is(todos.ErrNotDeleted), "TodoByID"},
		{"create by somebody blocked", creates("mallory", "new", todos.ScopeCreate), is(todos.ErrBlocked), "IsBlocked"},
	}
}

// errRefusedByDoor stands for what a door says after Refuse has returned nil.
var errRefusedByDoor = errors.New("refused by the door")

func is(want error) func(error) bool {
	return func(err error) bool { return errors.Is(err, want) }
}

func by(subject string, scopes ...string) audit.Call {
	return audit.Call{RequestID: "r", Principal: auth.Principal{
		Issuer: alice.Issuer, Tenant: "acme", Subject: subject, ClientID: "client", Scopes: auth.ParseScopes(strings.Join(scopes, " ")),
	}}
}

func creates(subject, content string, scopes ...string) func(*rig) ([]todos.Todo, error) {
	return func(r *rig) ([]todos.Todo, error) {
		todo, err := r.service.Create(r.Context(), by(subject, scopes...), todos.CreateInput{Content: content})
		return one(todo), err
	}
}

func lists(subject string, scopes ...string) func(*rig) ([]todos.Todo, error) {
	return func(r *rig) ([]todos.Todo, error) {
		page, err := r.service.List(r.Context(), by(subject, scopes...), todos.ListInput{Limit: todos.MaxPage})
		return page.Todos, err
	}
}

// readsLog shows a todo for each row.
func readsLog(subject string, scopes ...string) func(*rig) ([]todos.Todo, error) {
	return func(r *rig) (shown []todos.Todo, err error) {
		page, err := r.service.ReadLog(r.Context(), by(subject, scopes...), todos.LogInput{Limit: 2, Subject: "bob"})
		for _, row := range page.Rows {
			shown = append(shown, todos.Todo{ID: row.RequestID})
		}
		return shown, err
	}
}

func deletes(subject, id string, scopes ...string) func(*rig) ([]todos.Todo, error) {
	return func(r *rig) ([]todos.Todo, error) {
		todo, err := r.service.Delete(r.Context(), by(subject, scopes...), todos.DeleteInput{ID: id})
		return one(todo), err
	}
}

// one is a shown todo, or nothing.
func one(todo todos.Todo) []todos.Todo {
	if todo == (todos.Todo{}) {
		return nil
	}
	return []todos.Todo{todo}
}
