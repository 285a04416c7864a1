package storetest

import (
	"slices"

	"todomanager/internal/todos"
)

// people are all different, in every way that a careless store would take for the same:
// each differs from some other in one part only, or by a form of its letters, or only in
// where one part ends and the next begins.
func people() []todos.Owner {
	const issuer = "https://id.example"
	list := []todos.Owner{
		// the same subject under other issuers and tenants
		{Issuer: issuer, Subject: "alice"},
		{Issuer: issuer, Tenant: "acme", Subject: "alice"},
		{Issuer: issuer, Tenant: "other", Subject: "alice"},
		{Issuer: issuer + "/", Subject: "alice"},
		{Issuer: "https://ID.example", Subject: "alice"},
		{Issuer: "https://evil.example", Tenant: "acme", Subject: "alice"},
		// tenants that look alike
		{Issuer: issuer, Tenant: "Acme", Subject: "alice"},
		{Issuer: issuer, Tenant: "acme ", Subject: "alice"},
		{Issuer: issuer, Tenant: "%", Subject: "alice"},
		{Issuer: issuer, Tenant: "NULL", Subject: "alice"},
		// numbers are text
		{Issuer: issuer, Tenant: "1", Subject: "alice"},
		{Issuer: issuer, Tenant: "01", Subject: "alice"},
		{Issuer: issuer, Tenant: "1.0", Subject: "alice"},
	}
	for _, separator := range []string{"", "|", ":", "/", "\x1f", "\n"} { // joined by it, the two are one
		list = append(list,
			todos.Owner{Issuer: "https://a", Tenant: "b" + separator + "c", Subject: "d"},
			todos.Owner{Issuer: "https://a", Tenant: "b", Subject: "c" + separator + "d"},
			todos.Owner{Issuer: "https://a" + separator + "b", Tenant: "c", Subject: "d"})
	}
	for _, subject := range []string{ // people of one tenant
		"Alice", "ALICE", "alice ", " alice", "alice\n", "\u200balice", "al%", "al_ce", "аlice", // the last begins with a Cyrillic letter
		"ren\u00e9", "rene\u0301", "stra\u00dfe", "strasse", "\u0131", "i\u0307", "7", "07", "7.0", "0x7",
	} {
		list = append(list, todos.Owner{Issuer: issuer, Tenant: "acme", Subject: subject})
	}
	slices.SortFunc(list, compare)
	return slices.Compact(list) // the separator "" makes one of them twice
}

func compare(a, b todos.Owner) int {
	return slices.Compare([]string{a.Issuer, a.Tenant, a.Subject}, []string{b.Issuer, b.Tenant, b.Subject})
}

func sameTenant(a, b todos.Owner) bool { return a.Issuer == b.Issuer && a.Tenant == b.Tenant }

// owned is a todo and whose it is.
type owned struct {
	todos.Owner
	todos.Todo
}

// populate gives everybody one todo. Ids are the same in every tenant as far as the
// schema allows: the n-th person of each tenant has the n-th id.
func populate(f *fixture) (list []owned) {
	f.Helper()
	for _, owner := range people() {
		n := 0
		for _, earlier := range list {
			if sameTenant(earlier.Owner, owner) {
				n++
			}
		}
		list = append(list, owned{owner, f.add(owner, id(n))})
	}
	return list
}

// listsApart: a person's list holds that person's todos, a tenant's list that tenant's.
func listsApart(f *fixture) {
	everything := populate(f)
	for _, who := range everything {
		if got := f.list(all(who.Owner)); !slices.Equal(got, []todos.Todo{who.Todo}) {
			f.Errorf("%q lists %+v, want %+v alone", who.Owner, got, who.Todo)
		}
		var want []todos.Todo
		for _, other := range everything {
			if sameTenant(other.Owner, who.Owner) {
				want = append(want, other.Todo)
			}
		}
		slices.SortFunc(want, byAge)
		q := all(who.Owner)
		q.WholeTenant = true
		if got := f.list(q); !slices.Equal(got, want) {
			f.Errorf("tenant of %q lists %+v, want %+v", who.Owner, got, want)
		}
	}
}

// idsApart: an id finds the todo of the tenant asked for, or nothing.
func idsApart(f *fixture) {
	everything := populate(f)
	for _, asking := range everything {
		for _, target := range everything {
			var want *todos.Todo
			for _, candidate := range everything {
				if sameTenant(candidate.Owner, asking.Owner) && candidate.ID == target.ID {
					want = &candidate.Todo
				}
			}
			got := f.byID(asking.Issuer, asking.Tenant, target.ID)
			if (got == nil) != (want == nil) || got != nil && *got != *want {
				f.Errorf("%q asks for %s: got %+v, want %+v", asking.Owner, target.ID, got, want)
			}
		}
	}
}

// deletionsApart: nobody's todo can be deleted under another owner's name, and a
// deletion takes one todo of all that have the same id.
func deletionsApart(f *fixture) {
	everything := populate(f)
	for _, who := range everything {
		for _, target := range everything {
			// the same id and time may be another todo of who's own: that one is not tried
			if who.Owner != target.Owner && who.ID != target.ID {
				if err := f.Write(f.Context(), func(tx todos.Tx) error { return tx.Delete(who.Owner, target.Todo) }); err == nil {
					f.Errorf("%q deleted %s of %q", who.Owner, target.ID, target.Owner)
				}
			}
		}
	}
	for i, who := range everything {
		f.write(func(tx todos.Tx) error { return tx.Delete(who.Owner, who.Todo) })
		for j, other := range everything {
			if got := len(f.list(all(other.Owner))); (got == 0) != (j <= i) {
				f.Fatalf("after %q deleted %s, %q has %d todos", who.Owner, who.ID, other.Owner, got)
			}
		}
	}
}
