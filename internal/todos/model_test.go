package todos_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	difference "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// model is the product in its simplest form: a list of todos with their owners, and the
// rows that the calls should have left.
type model struct {
	todos []modelTodo
	rows  []audit.Row
	time  time.Time // of the newest row: the log's time never goes back
}

type modelTodo struct {
	owner auth.Principal // its scopes do not matter
	todos.Todo
}

func samePerson(a, b auth.Principal) bool { return sameTenant(a, b) && a.Subject == b.Subject }
func sameTenant(a, b auth.Principal) bool { return a.Issuer == b.Issuer && a.Tenant == b.Tenant }

// record adds the row of a call at the given time.
func (m *model) record(p auth.Principal, now time.Time, r audit.Row) {
	if now.After(m.time) {
		m.time = now
	}
	if r.Decision = audit.Deny; r.Reason == audit.ReasonOK {
		r.Decision = audit.Allow
	}
	r.Seq, r.OccurredAt, r.Event = int64(len(m.rows)+1), m.time, audit.ToolCall
	r.Issuer, r.Tenant, r.Subject, r.ClientID = p.Issuer, p.Tenant, &p.Subject, &p.ClientID
	r.ScopesGranted, r.TokenSHA256, r.TokenID, r.RequestID = p.Scopes.String(), p.TokenHash[:], &p.TokenID, "request"
	m.rows = append(m.rows, r)
}

// create returns what the caller hears: "ok", or what a refusal stands for.
func (m *model) create(p auth.Principal, now time.Time, id, content string) (answer string) {
	row := audit.Row{Tool: todos.ToolCreate}
	switch {
	case content == "":
		row.Reason, answer = audit.ReasonInvalidArguments, "invalid content"
	case !slices.Contains(p.Scopes, todos.ScopeCreate):
		row.Reason, answer = audit.ReasonMissingScope, "missing create:todos"
	default:
		row.Reason, row.Basis, row.ScopesUsed, row.TargetID, answer = audit.ReasonOK, audit.BasisScope, todos.ScopeCreate, &id, "ok"
	}
	m.record(p, now, row)
	if answer == "ok" {
		m.todos = append(m.todos, modelTodo{p, todos.Todo{ID: id, Content: content, OwnerID: p.Subject, CreatedAt: m.time}})
	}
	return answer
}

// list returns what the caller sees after a position, and whether there is more.
func (m *model) list(p auth.Principal, now time.Time, after todos.Todo, limit int) (seen []todos.Todo, more bool) {
	whole := slices.Contains(p.Scopes, todos.ScopeRead)
	for _, t := range m.todos {
		if (samePerson(t.owner, p) || whole && sameTenant(t.owner, p)) && byAge(t.Todo, after) > 0 {
			seen = append(seen, t.Todo)
		}
	}
	slices.SortFunc(seen, byAge)
	if more = len(seen) > limit; more {
		seen = seen[:limit]
	}
	count := int64(len(seen))
	row := audit.Row{Tool: todos.ToolList, Reason: audit.ReasonOK, Basis: audit.BasisOwner, ResultCount: &count}
	if whole {
		row.Basis, row.ScopesUsed = audit.BasisScope, todos.ScopeRead
	}
	m.record(p, now, row)
	return seen, more
}

func byAge(a, b todos.Todo) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
}

func (m *model) delete(p auth.Principal, now time.Time, id string) (answer string) {
	row := audit.Row{Tool: todos.ToolDelete, Reason: audit.ReasonNotFound}
	if len(id) == 13 {
		row.TargetID = &id
	}
	at := slices.IndexFunc(m.todos, func(t modelTodo) bool { return t.ID == id && sameTenant(t.owner, p) })
	if at >= 0 {
		owner := m.todos[at].owner
		switch {
		case samePerson(owner, p):
			row.Reason, row.Basis = audit.ReasonOK, audit.BasisOwner
		case slices.Contains(p.Scopes, todos.ScopeDelete):
			row.Reason, row.Basis, row.ScopesUsed = audit.ReasonOK, audit.BasisScope, todos.ScopeDelete
		default:
			row.Reason = audit.ReasonNotOwner
		}
		if !samePerson(owner, p) {
			row.TargetSubject = &owner.Subject
		}
	}
	m.record(p, now, row)
	if row.Reason != audit.ReasonOK {
		return "not deleted"
	}
	m.todos = slices.Delete(m.todos, at, at+1)
	return "ok"
}

// answer names what a caller heard.
func answer(err error) string {
	var invalid *todos.InvalidError
	switch err = heard(err); {
	case err == nil:
		return "ok"
	case errors.As(err, &invalid):
		return "invalid " + invalid.Argument
	case err == todos.ErrNotDeleted:
		return "not deleted"
	default:
		return err.Error()
	}
}

// crowd are people of three tenants of two issuers, some under the same subject, each
// with some of the scopes.
func crowd(random *rand.Rand) (people []auth.Principal) {
	for _, tenant := range [][2]string{{issuer, "acme"}, {issuer, "other"}, {"https://second.example", "acme"}} {
		for _, subject := range []string{"alice", "bob", "admin"} {
			scopes := append(todos.Scopes(), todos.ScopeAudit)
			if subject != "admin" {
				random.Shuffle(len(scopes), func(i, j int) { scopes[i], scopes[j] = scopes[j], scopes[i] })
				scopes = scopes[:random.IntN(len(scopes)+1)]
			}
			people = append(people, person(tenant[0], tenant[1], subject, scopes...))
		}
	}
	return people
}

// run is one random sequence of calls against the service and the model.
type run struct {
	*env
	model
	random *rand.Rand
	ids    []string // of todos that exist or have existed, and of none
	// positions that pages ended at, whoever read them, and their cursors
	ends    []todos.Todo
	cursors []string
	marks   []logMark
}

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

func (r *run) step(p auth.Principal) {
	now := r.clock.read()
	switch r.random.IntN(5) {
	case 0, 1:
		content := pick(r.random, []string{"milk", "Milk ", "日本", ""})
		got, err := r.Create(r.Context(), call(p), todos.CreateInput{Content: content})
		want := r.model.create(p, now, got.ID, content)
		if answer(err) != want || err == nil && got != r.model.todos[len(r.model.todos)-1].Todo {
			r.Fatalf("%s creates %q: %+v, %v, want %s", p.Subject, content, got, err, want)
		}
		if err == nil {
			r.ids = append(r.ids, got.ID)
		}
	case 2:
		at := r.random.IntN(len(r.ends))
		limit := 1 + r.random.IntN(6)
		got, err := r.List(r.Context(), call(p), todos.ListInput{Limit: limit, Cursor: r.cursors[at]})
		want, more := r.model.list(p, now, r.ends[at], limit)
		if err != nil || !slices.Equal(got.Todos, want) || (got.NextCursor != "") != more {
			r.Fatalf("%s lists %d after %+v: %+v, %v, want %+v, more: %v", p.Subject, limit, r.ends[at], got, err, want, more)
		}
		if more {
			r.ends, r.cursors = append(r.ends, want[limit-1]), append(r.cursors, got.NextCursor)
		}
	case 3:
		id := pick(r.random, r.ids)
		_, err := r.Delete(r.Context(), call(p), todos.DeleteInput{ID: id})
		if want := r.model.delete(p, now, id); answer(err) != want {
			r.Fatalf("%s deletes %q: %v, want %s", p.Subject, id, err, want)
		}
	case 4:
		r.stepLog(p)
	}
}

// TestAgainstModel makes random calls by several people of several tenants, under a
// clock that also goes back, and compares every answer and at the end every row.
func TestAgainstModel(t *testing.T) {
	const runs, steps = 4, 250
	seed := rand.Uint64()
	for n := range uint64(runs) {
		t.Run(fmt.Sprintf("seed %d", seed+n), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed+n, 0))
			r := &run{
				env: newEnv(t, nil), random: random,
				ids:  []string{"aaaaaaaaaaaaa", "not an id", ""},
				ends: []todos.Todo{{}}, cursors: []string{""}, marks: []logMark{{}},
			}
			people := crowd(random)
			for range steps {
				r.clock.move(time.Duration(random.IntN(5)-1) * time.Millisecond)
				r.step(pick(random, people))
			}
			ignored := cmpopts.IgnoreFields(audit.Row{}, "DurationUS", "ActorSalt", "TargetSalt", "Hash")
			if diff := difference.Diff(r.model.rows, r.env.rows(), ignored); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
