package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptrace"
	"slices"
	"time"

	"todomanager/internal/auth/authtest"
	"todomanager/internal/todos"
)

const soakPeople = 12 // of each worker

// soakPerson is somebody for whom one worker calls, so that it knows exactly what they have.
type soakPerson struct {
	issuer  *authtest.Issuer
	subject string
	scope   string
	fickle  bool // hangs up now and then: what they have is not known for sure
	key     string
	token   string
	own     []string // ids, oldest first
}

type soakWorker struct {
	*soak
	people []*soakPerson
}

func newSoakWorker(s *soak, number int) *soakWorker {
	w := &soakWorker{soak: s}
	for i := range soakPeople {
		p := &soakPerson{issuer: s.issuers[i%2], subject: fmt.Sprintf("p%d-%d", number, i), scope: "create:todos"}
		switch i {
		case 0, 1:
			p.fickle = true
		case 2, 3:
			p.scope = "create:todos read:todos delete:todos"
		case 4:
			p.scope = ""
		}
		w.people = append(w.people, p)
	}
	return w
}

func (w *soakWorker) run() {
	for w.wait(soakPace) {
		w.turn(w.people[rand.IntN(len(w.people))])
	}
}

// turn makes one call for a person.
func (w *soakWorker) turn(p *soakPerson) {
	switch n := rand.IntN(100); {
	case n < 6:
		w.refused(p)
	case n < 10:
		w.badToken(p)
	case n < 35:
		w.list(p)
	case p.fickle && len(p.own) > 30:
		w.remove(p, p)
	case len(p.own) > 8 || n < 60 && len(p.own) > 0:
		by := p
		if admin := w.people[2+slices.Index(w.issuers, p.issuer)]; rand.IntN(4) == 0 {
			by = admin
		}
		w.remove(by, p)
	default:
		w.create(p)
	}
}

// call fills in who calls. A token is renewed when its key was replaced and the server
// knows the new one, or says that it does not take the old one any longer.
func (w *soakWorker) call(p *soakPerson, c soakCall) (kind string, got answer) {
	c.chosen = time.Now() // an incident that ends between this and the call explains what comes of it
	if p.token == "" || p.key != p.issuer.KeyID() && !w.rotating(p.issuer) {
		p.renew()
	}
	c.unknownKey = p.key == p.issuer.KeyID() && w.rotating(p.issuer)
	c.token, c.issuer, c.person = p.token, p.issuer.URL, p.subject
	c.stateless = rand.IntN(2) == 0
	if p.fickle && rand.IntN(3) == 0 {
		c.leave = leaveEarly
	}
	kind, got = w.make(c)
	if kind == "401" && c.want != "401" {
		p.token = ""
	}
	return kind, got
}

// rotating reports whether the server need not know an issuer's key. Asked after a token
// was made, it is right about that token.
func (s *soak) rotating(issuer *authtest.Issuer) bool {
	now := time.Now()
	return s.incidents.touched("rotated", issuer.URL, now, now)
}

func (p *soakPerson) renew() {
	p.key = p.issuer.KeyID()
	p.token = p.issuer.Token(authtest.Claims{Subject: p.subject, Scope: p.scope, ClientID: "soak"})
}

func (w *soakWorker) create(p *soakPerson) {
	want := "ok"
	if p.scope == "" {
		want = "403"
	}
	kind, got := w.call(p, soakCall{tool: todos.ToolCreate, arguments: `{"content":"soak"}`, want: want})
	if kind != "ok" {
		return
	}
	var r struct {
		Result struct{ StructuredContent todo }
	}
	if err := json.Unmarshal([]byte(got.body), &r); err != nil || r.Result.StructuredContent.OwnerID != p.subject {
		w.fail("create-todo as %s: %v %s", p.subject, err, got.body)
		return
	}
	id := r.Result.StructuredContent.ID
	p.own = append(p.own, id)
	w.victim.acknowledge(w.victim.created, id)
}

// list looks for what the person must have, and must not have.
func (w *soakWorker) list(p *soakPerson) {
	kind, got := w.call(p, soakCall{tool: todos.ToolList, arguments: `{"limit":500}`, want: "ok"})
	if kind != "ok" {
		return
	}
	var r struct {
		Result struct {
			StructuredContent struct {
				Todos      []todo
				NextCursor string
			}
		}
	}
	if err := json.Unmarshal([]byte(got.body), &r); err != nil {
		w.fail("get-todos: %v %s", err, got.body)
		return
	}
	shown := r.Result.StructuredContent
	var listed []string
	for _, t := range shown.Todos {
		if t.OwnerID == p.subject {
			listed = append(listed, t.ID)
		}
	}
	switch {
	case p.fickle:
		p.own = listed
	case shown.NextCursor == "" && !slices.Equal(slices.Sorted(slices.Values(listed)), slices.Sorted(slices.Values(p.own))):
		w.fail("%s has %q and is shown %q", p.subject, p.own, listed)
	case p.scope == "create:todos" && len(listed) != len(shown.Todos):
		w.fail("%s is shown somebody else's: %s", p.subject, got.body)
	}
}

// remove deletes the oldest todo of its owner.
func (w *soakWorker) remove(by, owner *soakPerson) {
	id := owner.own[0]
	c := soakCall{tool: todos.ToolDelete, arguments: `{"id":"` + id + `"}`, want: "ok"}
	if owner.fickle {
		c.or = "Failed to delete todo" // they may have done so and not heard of it
	}
	switch kind, _ := w.call(by, c); {
	case kind == "ok":
		owner.own = owner.own[1:]
		w.victim.acknowledge(w.victim.deleted, id)
	case owner.fickle && (kind == "Failed to delete todo" || kind == "no answer"):
		owner.own = owner.own[1:]
	}
}

func (w *soakWorker) removeInVain(p *soakPerson, id string) {
	w.call(p, soakCall{tool: todos.ToolDelete, arguments: `{"id":"` + id + `"}`, want: "Failed to delete todo"})
}

// refused makes a call that must be refused, with a row.
func (w *soakWorker) refused(p *soakPerson) {
	switch rand.IntN(4) {
	case 0:
		w.call(p, soakCall{tool: todos.ToolCreate, arguments: `{"Content":"no"}`, want: "invalid_arguments"})
	case 1:
		w.call(p, soakCall{tool: "no-such-tool", arguments: `{}`, want: "error: unknown tool"})
	case 2:
		w.removeInVain(p, "aaaaaaaaaaaaa")
	case 3: // of somebody else, in this tenant or the other one
		other := w.people[rand.IntN(len(w.people))]
		if other != p && len(other.own) > 0 && (p.scope == "create:todos" || other.issuer != p.issuer) {
			w.removeInVain(p, other.own[0])
		}
	}
}

// badToken makes a call that must be refused before anything else.
func (w *soakWorker) badToken(p *soakPerson) {
	claims := map[string]any{"sub": p.subject, "client_id": "soak", "scope": p.scope}
	var token string
	switch rand.IntN(4) {
	case 0:
		claims["exp"] = time.Now().Add(-time.Hour).Unix()
		token = p.issuer.Mint(nil, claims)
	case 1:
		claims["iss"] = "https://elsewhere.example"
		token = p.issuer.Mint(nil, claims)
	case 2:
		token = p.token + "x"
	case 3: // no token at all
	}
	w.make(soakCall{
		tool: todos.ToolCreate, arguments: `{"content":"never"}`, token: token, issuer: p.issuer.URL, person: p.subject,
		want: "401", unknownKey: w.rotating(p.issuer),
	})
}

// leaveEarly hangs up at one of the moments of a request.
func leaveEarly(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	var trace httptrace.ClientTrace
	switch rand.IntN(4) {
	case 0:
		trace.GotConn = func(httptrace.GotConnInfo) { cancel() }
	case 1:
		trace.WroteHeaders = cancel
	case 2:
		trace.WroteRequest = func(httptrace.WroteRequestInfo) { cancel() }
	case 3:
		trace.GotFirstResponseByte = cancel
	}
	return httptrace.WithClientTrace(ctx, &trace), cancel
}
