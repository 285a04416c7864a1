package storetest

import (
	"errors"
	"strings"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/todos"
)

var alice = todos.Owner{Issuer: "https://id.example", Tenant: "acme", Subject: "alice"}

// kept: what was stored is found in the same call, in later ones, and in lists, with
// the time of its call; deleted, it is found nowhere.
func kept(f *fixture) {
	want := todos.Todo{ID: id(1), Content: "milk", OwnerID: alice.Subject}
	f.write(func(tx todos.Tx) error {
		want.CreatedAt = tx.Now()
		if err := tx.Insert(alice, want); err != nil {
			return err
		}
		if got, ok, err := tx.ByID(alice.Issuer, alice.Tenant, want.ID); err != nil || !ok || !cmp.Equal(got, want) {
			f.Errorf("in its own call: %+v, %v, %v", got, ok, err)
		}
		return nil
	})
	if got := f.byID(alice.Issuer, alice.Tenant, want.ID); !cmp.Equal(got, &want) {
		f.Errorf("in a later call: %+v, want %+v", got, want)
	}
	if diff := cmp.Diff([]todos.Todo{want}, f.list(all(alice))); diff != "" {
		f.Errorf("list (-want +got):\n%s", diff)
	}
	if at := f.list(all(alice))[0].CreatedAt; at != start {
		f.Errorf("created at %v, want %v, in UTC", at, start)
	}

	f.write(func(tx todos.Tx) error { return tx.Delete(alice, want) })
	if got := f.byID(alice.Issuer, alice.Tenant, want.ID); got != nil {
		f.Errorf("still found after it was deleted: %+v", got)
	}
	if got := f.list(all(alice)); len(got) != 0 {
		f.Errorf("still listed after it was deleted: %+v", got)
	}
}

// uniqueID: a second todo of the same id is refused, also to another person of the
// tenant, and the first one is as it was.
func uniqueID(f *fixture) {
	first := f.add(alice, id(1))
	bob := alice
	bob.Subject = "bob"
	for _, owner := range []todos.Owner{alice, bob} {
		err := f.Write(f.Context(), func(tx todos.Tx) error {
			return tx.Insert(owner, todos.Todo{ID: id(1), Content: "another", OwnerID: owner.Subject, CreatedAt: tx.Now().Add(1)})
		})
		if !errors.Is(err, todos.ErrInternal) {
			f.Errorf("%s inserts an id that is taken: %v, want %v", owner.Subject, err, todos.ErrInternal)
		}
	}
	if got := f.byID(alice.Issuer, alice.Tenant, id(1)); !cmp.Equal(got, &first) {
		f.Errorf("the first todo is now %+v, was %+v", got, first)
	}
	if got := f.list(all(bob)); len(got) != 0 {
		f.Errorf("bob has %+v", got)
	}
}

// deleteExact: a delete that does not hit exactly one todo is a defect, not a success.
func deleteExact(f *fixture) {
	todo := f.add(alice, id(1))
	other := f.add(alice, id(2))
	later := todo
	later.CreatedAt = todo.CreatedAt.Add(1e6)
	unknown := todo
	unknown.ID = id(3)
	bob := alice
	bob.Subject = "bob"
	for name, fn := range map[string]func(todos.Tx) error{
		"another owner": func(tx todos.Tx) error { return tx.Delete(bob, todo) },
		"another time":  func(tx todos.Tx) error { return tx.Delete(alice, later) },
		"another id":    func(tx todos.Tx) error { return tx.Delete(alice, unknown) },
		"twice":         func(tx todos.Tx) error { return errors.Join(tx.Delete(alice, todo), tx.Delete(alice, todo)) },
	} {
		if err := f.Write(f.Context(), fn); !errors.Is(err, todos.ErrInternal) {
			f.Errorf("%s: %v, want %v", name, err, todos.ErrInternal)
		}
	}
	if diff := cmp.Diff([]todos.Todo{todo, other}, f.list(all(alice))); diff != "" {
		f.Errorf("list (-want +got):\n%s", diff)
	}
}

// text: no engine may normalise, fold, trim or cut.
func text(f *fixture) {
	for i, content := range []string{
		"é", "e\u0301", " lead and trail \t\r\n", "\u00a0\u2003\u3000", "\ufeffbyte order mark", "\u202eright to left\u202c",
		"a\u200bb\u200d\u2060", "👩\u200d👩\u200d👧\u200d👦🏽", "\U0010ffff\ufffe\uffff\ufffd", "\x01\x1f\x7f\u0080\u009f", "İıſßſs",
		`'; DROP TABLE todos; --`, `"\u0000"`, "%_?1:a@b$c", strings.Repeat("𝄞", todos.DefaultMaxContent),
	} {
		// the subject is as odd as the content: it is text of somebody else's too
		owner := alice
		owner.Subject = content[:min(len(content), 200)]
		want := todos.Todo{ID: id(i), Content: content, OwnerID: owner.Subject, CreatedAt: start}
		f.put(owner, want)
		if got := f.byID(owner.Issuer, owner.Tenant, want.ID); !cmp.Equal(got, &want) {
			f.Errorf("%.40q: by id %.80q", content, got)
		}
		if diff := cmp.Diff([]todos.Todo{want}, f.list(all(owner))); diff != "" {
			f.Errorf("%.40q: list (-want +got):\n%.400s", content, diff)
		}
	}
}
