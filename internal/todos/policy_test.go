package todos_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// verdict is what a cell of the policy says: what the caller hears, and what the row
// says of it.
type verdict struct {
	Err           error
	Decision      audit.Decision
	Reason        audit.Reason
	Basis         audit.Basis
	ScopesUsed    string
	TargetID      string
	TargetSubject string
}

func allow(basis audit.Basis, used string) verdict {
	return verdict{Decision: audit.Allow, Reason: audit.ReasonOK, Basis: basis, ScopesUsed: used}
}

func deny(err error, reason audit.Reason) verdict {
	return verdict{Err: err, Decision: audit.Deny, Reason: reason}
}

// of completes a verdict with the target as the row names it.
func (v verdict) of(id, owner string) verdict {
	v.TargetID, v.TargetSubject = id, owner
	return v
}

// heard reduces an error to the one it stands for.
func heard(err error) error {
	if missing := (*todos.MissingScopeError)(nil); errors.As(err, &missing) {
		return errMissing(missing.Scope)
	}
	return err
}

type errMissing string

func (e errMissing) Error() string { return "missing " + string(e) }

// verdictOf reads it off the error and the row of a call.
func verdictOf(err error, r audit.Row) verdict {
	v := verdict{Err: heard(err), Decision: r.Decision, Reason: r.Reason, Basis: r.Basis, ScopesUsed: r.ScopesUsed}
	if r.TargetID != nil {
		v.TargetID = *r.TargetID
	}
	if r.TargetSubject != nil {
		v.TargetSubject = *r.TargetSubject
	}
	return v
}

var sameError = cmp.Comparer(func(a, b error) bool { return a == b })

// callers are everybody whom the policy could treat differently. Near misses of scopes
// are no scopes.
var callers = map[string]auth.Principal{
	"nobody":       person(issuer, "acme", "caller"),
	"user":         person(issuer, "acme", "caller", todos.ScopeCreate),
	"reader":       person(issuer, "acme", "caller", todos.ScopeRead),
	"deleter":      person(issuer, "acme", "caller", todos.ScopeDelete),
	"admin":        person(issuer, "acme", "caller", todos.Scopes()...),
	"near misses":  person(issuer, "acme", "caller", "Create:todos", "create:todo", "create:todos:all", "create:*", "*", "READ:TODOS", "read:todos/", "delete", "delete:todosx", "todos:delete"),
	"other tenant": person(issuer, "other", "caller", todos.Scopes()...),
	"other issuer": person("https://evil.example", "acme", "caller", todos.Scopes()...),
}

func TestMayCreate(t *testing.T) {
	allowed := allow(audit.BasisScope, todos.ScopeCreate)
	missing := deny(errMissing(todos.ScopeCreate), audit.ReasonMissingScope)
	for name, want := range map[string]verdict{
		"nobody":       missing,
		"user":         allowed,
		"reader":       missing,
		"deleter":      missing,
		"admin":        allowed,
		"near misses":  missing,
		"other tenant": allowed, // in their own
		"other issuer": allowed,
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t, nil)
			p := callers[name]
			todo, err := e.Create(t.Context(), call(p), todos.CreateInput{Content: "x"})
			want.TargetID = todo.ID
			if diff := cmp.Diff(want, verdictOf(err, e.lastRow(0)), sameError); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			own := e.list(person(p.Issuer, p.Tenant, p.Subject))
			if made := len(own) == 1 && cmp.Equal(own[0], todo); made != (err == nil) {
				t.Errorf("the list holds %+v after %+v, %v", own, todo, err)
			}
		})
	}
}

func TestMayList(t *testing.T) {
	everybodys, theirs := allow(audit.BasisScope, todos.ScopeRead), allow(audit.BasisOwner, "")
	for name, c := range map[string]struct {
		want verdict
		sees int
	}{
		"nobody":       {theirs, 1},
		"user":         {theirs, 1},
		"reader":       {everybodys, 3},
		"deleter":      {theirs, 1},
		"admin":        {everybodys, 3},
		"near misses":  {theirs, 1},
		"other tenant": {everybodys, 1},
		"other issuer": {everybodys, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t, nil)
			for _, p := range []auth.Principal{callers["user"], alice, bob, outside} {
				e.create(p, "x")
			}
			p := callers[name]
			page, err := e.List(t.Context(), call(p), todos.ListInput{Limit: 10})
			row := e.lastRow(4)
			if diff := cmp.Diff(c.want, verdictOf(err, row), sameError); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if len(page.Todos) != c.sees || row.ResultCount == nil || *row.ResultCount != int64(c.sees) {
				t.Errorf("sees %+v, the row counts %v, want %d", page.Todos, row.ResultCount, c.sees)
			}
			for _, todo := range page.Todos {
				if c.want.Basis == audit.BasisOwner && todo.OwnerID != p.Subject {
					t.Errorf("sees somebody else's %+v", todo)
				}
			}
		})
	}
}

func TestMayDelete(t *testing.T) {
	const unknown = "aaaaaaaaaaaaa"
	notFound := deny(todos.ErrNotDeleted, audit.ReasonNotFound)
	for name, want := range map[string]struct{ own, bobs verdict }{
		"nobody":      {allow(audit.BasisOwner, ""), deny(todos.ErrNotDeleted, audit.ReasonNotOwner)},
		"user":        {allow(audit.BasisOwner, ""), deny(todos.ErrNotDeleted, audit.ReasonNotOwner)},
		"reader":      {allow(audit.BasisOwner, ""), deny(todos.ErrNotDeleted, audit.ReasonNotOwner)},
		"deleter":     {allow(audit.BasisOwner, ""), allow(audit.BasisScope, todos.ScopeDelete)},
		"admin":       {allow(audit.BasisOwner, ""), allow(audit.BasisScope, todos.ScopeDelete)},
		"near misses": {allow(audit.BasisOwner, ""), deny(todos.ErrNotDeleted, audit.ReasonNotOwner)},
		// the two todos are of another tenant: not found, whatever the scopes, also under
		// the same subject
		"other tenant": {notFound, notFound},
		"other issuer": {notFound, notFound},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t, nil)
			own := e.create(callers["user"], "x")
			bobs := e.create(bob, "x")
			bobOfOther := e.create(person(issuer, "other", "bob", todos.ScopeCreate), "x")
			p := callers[name]
			bobsOwner := bob.Subject
			if want.bobs == notFound {
				bobsOwner = "" // not even that he exists may be learnt
			}
			foreign := notFound.of(bobOfOther.ID, "")
			if name == "other tenant" { // it is theirs
				foreign = allow(audit.BasisScope, todos.ScopeDelete).of(bobOfOther.ID, "bob")
			}
			for _, c := range []struct {
				name, id string
				want     verdict
			}{
				{"own", own.ID, want.own.of(own.ID, "")},
				{"bob's", bobs.ID, want.bobs.of(bobs.ID, bobsOwner)},
				{"of bob in another tenant", bobOfOther.ID, foreign},
				{"unknown", unknown, notFound.of(unknown, "")},
				{"malformed", "no id of ours", notFound},
				{"empty", "", notFound},
				{"in capitals", "AAAAAAAAAAAAA", notFound},
				{"too long", own.ID + "a", notFound},
				{"of 13 bytes but not characters", "äöüäöüa", notFound},
				{"with a condition", "' OR '1'='1'a", notFound},
			} {
				before := len(e.rows())
				kept := len(e.everything())
				deleted, err := e.Delete(t.Context(), call(p), todos.DeleteInput{ID: c.id})
				if diff := cmp.Diff(c.want, verdictOf(err, e.lastRow(before)), sameError); diff != "" {
					t.Errorf("%s: verdict (-want +got):\n%s", c.name, diff)
				}
				if err == nil {
					kept--
				}
				if (deleted != todos.Todo{}) != (err == nil) || len(e.everything()) != kept {
					t.Errorf("%s: returned %+v, %v; %d todos left, want %d", c.name, deleted, err, len(e.everything()), kept)
				}
			}
		})
	}
}

// everything returns all todos of the two tenants, past the service.
func (e *env) everything() (list []todos.Todo) {
	e.Helper()
	for _, tenant := range []string{"acme", "other"} {
		page, err := e.store.Store.List(context.Background(), todos.Query{
			Owner: todos.Owner{Issuer: issuer, Tenant: tenant}, WholeTenant: true, Limit: 10_000,
		})
		if err != nil {
			e.Fatal(err)
		}
		list = append(list, page...)
	}
	return list
}

// TestScopesAlone: each answer depends on the scopes of the token that comes with the
// call, not on what the person once held.
func TestScopesAlone(t *testing.T) {
	e := newEnv(t, nil)
	e.create(alice, "x")
	without := alice
	without.Scopes = nil
	if _, err := e.Create(t.Context(), call(without), todos.CreateInput{Content: "x"}); heard(err) != errMissing(todos.ScopeCreate) {
		t.Errorf("create after the scope was withdrawn: %v", err)
	}
	granted := e.rows()
	if granted[0].ScopesGranted != "create:todos" || granted[1].ScopesGranted != "" {
		t.Errorf("granted are %q and %q", granted[0].ScopesGranted, granted[1].ScopesGranted)
	}
}
