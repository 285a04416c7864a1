package storetest

import (
	"errors"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

// logFiltersApart: whatever a reader looks for, and from whichever row on, the rows of
// other tenants are neither shown nor take the place of the reader's own, however alike
// they are: subject, todo, client, token and request are the same in all of them.
func logFiltersApart(f *fixture) {
	const rounds = 3
	twins := []todos.Owner{
		{Issuer: "https://id.example", Tenant: "acme", Subject: "twin"},
		{Issuer: "https://id.example", Tenant: "other", Subject: "twin"},
		{Issuer: "https://second.example", Tenant: "acme", Subject: "twin"},
		{Issuer: "https://second.example", Subject: "twin"},
	}
	for range rounds {
		for _, who := range twins {
			e := event(who, id(1))
			e.Call.Principal.ClientID, e.Call.Principal.TokenHash = "client", [32]byte{1}
			f.write(func(tx todos.Tx) error { return tx.Record(e) })
		}
	}
	newest := int64(rounds * len(twins))
	for n, who := range twins {
		for name, filter := range map[string]audit.Filter{
			"nothing": {}, "subject": {Subject: "twin"}, "todo": {TargetID: id(1)}, "request": {RequestID: "request"},
			"client": {ClientID: "client"}, "token": {Tokens: []audit.Hash{{1}}}, "tool": {Tool: todos.ToolCreate}, "reason": {Reason: audit.ReasonOK},
			"times": {Since: start, Until: start.Add(time.Second)},
		} {
			filter.Issuer, filter.Tenant, filter.Limit = who.Issuer, &who.Tenant, rounds
			for before := newest + 1; before > 1; before-- { // also the seqs of others' rows
				filter.BeforeSeq = before
				var want []int64
				for seq := before - 1; seq > 0; seq-- {
					if (seq-1)%int64(len(twins)) == int64(n) {
						want = append(want, seq)
					}
				}
				if got := seqs(f.readLog(filter, 1000)); !slices.Equal(got, want) {
					f.Errorf("%+v looks for %s before %d: rows %v, want %v", who, name, before, got, want)
				}
			}
		}
	}
}

func seqs(page todos.LogRows) (list []int64) {
	for _, r := range page.Rows {
		list = append(list, r.Seq)
	}
	return list
}

// logOfNobody: a filter that would cross tenants is an error, not a whole log.
func logOfNobody(f *fixture) {
	f.add(alice, id(1))
	for name, filter := range map[string]audit.Filter{
		"neither": {}, "no issuer": {Tenant: &alice.Tenant}, "no tenant": {Issuer: alice.Issuer},
	} {
		filter.Limit = 10
		if page, err := f.ReadLog(f.Context(), filter, 1000); err == nil || len(page.Rows) != 0 {
			f.Errorf("%s: %d rows, %v", name, len(page.Rows), err)
		}
	}
}

// logFilters: each filter selects what it names, whole and byte for byte.
func logFilters(f *fixture) {
	other := event(alice, id(2))
	other.Call.Principal = auth.Principal{Issuer: alice.Issuer, Tenant: alice.Tenant, Subject: "bob", ClientID: "other", TokenHash: [32]byte{2}}
	other.Call.RequestID = "other"
	other.Tool, other.Decision, other.Reason, other.Basis, other.ScopesUsed = todos.ToolDelete, audit.Deny, audit.ReasonNotOwner, audit.BasisNone, nil
	for n, e := range []audit.Event{event(alice, id(1)), other, event(alice, id(1))} { // rows 1 to 3
		f.clock.set(start.Add(time.Duration(n) * time.Minute))
		f.write(func(tx todos.Tx) error { return tx.Record(e) })
	}
	for _, c := range []struct {
		name   string
		filter audit.Filter
		want   []int64
	}{
		{"nothing", audit.Filter{}, []int64{3, 2, 1}},
		{"since", audit.Filter{Since: start.Add(time.Minute)}, []int64{3, 2}},
		{"until", audit.Filter{Until: start.Add(time.Minute)}, []int64{1}},
		{"since and until", audit.Filter{Since: start.Add(time.Minute), Until: start.Add(2 * time.Minute)}, []int64{2}},
		{"subject", audit.Filter{Subject: "bob"}, []int64{2}},
		{"subject in other case", audit.Filter{Subject: "Bob"}, nil},
		{"client", audit.Filter{ClientID: "other"}, []int64{2}},
		{"token", audit.Filter{Tokens: []audit.Hash{{2}}}, []int64{2}},
		{"tool", audit.Filter{Tool: todos.ToolCreate}, []int64{3, 1}},
		{"todo", audit.Filter{TargetID: id(1)}, []int64{3, 1}},
		{"decision", audit.Filter{Decision: audit.Deny}, []int64{2}},
		{"reason", audit.Filter{Reason: audit.ReasonNotOwner}, []int64{2}},
		{"request", audit.Filter{RequestID: "other"}, []int64{2}},
		{"all that fit", audit.Filter{Subject: "bob", TargetID: id(2), RequestID: "other", Tool: todos.ToolDelete}, []int64{2}},
		{"one that does not", audit.Filter{Subject: "bob", TargetID: id(1), RequestID: "other"}, nil},
		{"a pattern", audit.Filter{Subject: "%"}, nil},
	} {
		c.filter.Issuer, c.filter.Tenant, c.filter.Limit = alice.Issuer, &alice.Tenant, 10
		if got := seqs(f.readLog(c.filter, 1000)); !slices.Equal(got, c.want) {
			f.Errorf("%s: rows %v, want %v", c.name, got, c.want)
		}
	}
}

// logErased: the rows of a person who was erased stay in the log of the tenant, and no
// longer name them; they are found by what they still say, and not by the name.
func logErased(f *fixture) {
	bob := alice
	bob.Subject = "bob"
	f.add(bob, id(1))
	deleted := event(alice, id(1))
	deleted.Tool, deleted.TargetSubject = todos.ToolDelete, "bob"
	f.write(func(tx todos.Tx) error { return errors.Join(tx.Record(deleted), tx.Record(event(alice, id(2)))) })
	if err := f.Erase(f.Context(), bob); err != nil {
		f.Fatal(err)
	}
	tenant := audit.Filter{Issuer: alice.Issuer, Tenant: &alice.Tenant, Limit: 10}
	type shown struct {
		Seq             int64
		Subject, Target string
		Erased          bool
	}
	var got []shown
	for _, r := range f.readLog(tenant, 1000).Rows {
		if r.Event == audit.ToolCall {
			got = append(got, shown{r.Seq, orNone(r.Subject), orNone(r.TargetSubject), r.Erased()})
		}
	}
	want := []shown{{3, "alice", "none", false}, {2, "alice", "none", true}, {1, "none", "none", true}}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("rows (-want +got):\n%s", diff)
	}
	byTodo, byName := tenant, tenant
	byTodo.TargetID, byName.Subject = id(1), "bob"
	if found := seqs(f.readLog(byTodo, 1000)); !slices.Equal(found, []int64{2, 1}) {
		f.Errorf("by the todo: rows %v", found)
	}
	if found := seqs(f.readLog(byName, 1000)); len(found) != 0 {
		f.Errorf("by the name: rows %v", found)
	}
}

func orNone(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}
