package storetest

import (
	"errors"

	"todomanager/internal/todos"
)

// counts: a person's todos are counted as they are, within a call and after it; what is
// undone or deleted no longer counts, and nobody else's ever does.
func counts(f *fixture) {
	first, second := todos.Todo{ID: id(1), Content: "a", CreatedAt: start}, todos.Todo{ID: id(2), Content: "b", CreatedAt: start}
	f.write(func(tx todos.Tx) error {
		for n, todo := range []todos.Todo{first, second} {
			if got, err := tx.Count(alice); err != nil || got != int64(n) {
				f.Errorf("before todo %d: %d, %v", n, got, err)
			}
			if err := tx.Insert(alice, todo); err != nil {
				return err
			}
		}
		return nil
	})
	f.counted(alice, 2)
	err := f.Write(f.Context(), func(tx todos.Tx) error {
		return errors.Join(tx.Insert(alice, todos.Todo{ID: id(3), Content: "c", CreatedAt: start}), tx.Delete(alice, first), errUndo)
	})
	if !errors.Is(err, errUndo) {
		f.Fatal(err)
	}
	f.counted(alice, 2)
	for n, todo := range []todos.Todo{first, second} {
		f.write(func(tx todos.Tx) error { return tx.Delete(alice, todo) })
		f.counted(alice, 1-n)
	}
}

// countsApart: everybody has a count of their own, which ends with an erasure.
func countsApart(f *fixture) {
	everything := populate(f)
	extra := everything[len(everything)/2]
	f.add(extra.Owner, id(1000))
	for _, who := range everything {
		want := 1
		if who.Owner == extra.Owner {
			want = 2
		}
		f.counted(who.Owner, want)
	}
	if err := f.Erase(f.Context(), extra.Owner); err != nil {
		f.Fatal(err)
	}
	for _, who := range everything {
		want := 1
		if who.Owner == extra.Owner {
			want = 0
		}
		f.counted(who.Owner, want)
	}
}

func (f *fixture) counted(who todos.Owner, want int) {
	f.Helper()
	f.write(func(tx todos.Tx) error {
		if got, err := tx.Count(who); err != nil || got != int64(want) {
			f.Errorf("%q has %d todos by count, want %d; %v", who, got, want, err)
		}
		return nil
	})
}
