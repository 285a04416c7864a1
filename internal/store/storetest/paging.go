package storetest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"todomanager/internal/todos"
)

// byAge is the order of all lists.
func byAge(a, b todos.Todo) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
}

func position(t todos.Todo) todos.Position { return todos.Position{CreatedAt: t.CreatedAt, ID: t.ID} }

// walk reads all pages of q, calling between after each one that was full.
func (f *fixture) walk(q todos.Query, between func(page []todos.Todo)) (list []todos.Todo) {
	f.Helper()
	for {
		page := f.list(q)
		list = append(list, page...)
		if len(page) < q.Limit {
			return list
		}
		if len(list) > 1000 {
			f.Fatalf("the pages do not come to an end; the last was %v", page)
		}
		q.After = position(page[len(page)-1])
		between(page)
	}
}

func nothing([]todos.Todo) {}

// aged makes todos: several of one millisecond, neighbours in time, and some from before
// 1970, as a machine without a clock battery writes them. Their ids and times rise in
// different orders.
func aged(owner todos.Owner, firstID int) []todos.Todo {
	var list []todos.Todo
	for i, at := range []time.Duration{0, 0, 0, 0, 0, 1, 1, 2, -1, -1, -1, 1000, -1 << 42, -1 << 42, 1 << 42} {
		list = append(list, todos.Todo{
			ID: id(firstID - i), Content: "x", OwnerID: owner.Subject, CreatedAt: start.Add(at * time.Millisecond),
		})
	}
	return list
}

// pages: whatever the size of a page, walking shows every todo once and in order, and
// none of others, whose todos lie between in time and id.
func pages(f *fixture) {
	bob := alice
	bob.Subject = "bob"
	stranger := alice
	stranger.Tenant = "other"
	hers, his := aged(alice, 1000), aged(bob, 2000)
	f.put(alice, hers...)
	f.put(bob, his...)
	f.put(stranger, aged(stranger, 1500)...)
	slices.SortFunc(hers, byAge)
	both := slices.Concat(hers, his)
	slices.SortFunc(both, byAge)

	for limit := 1; limit <= len(both)+1; limit++ {
		if got := f.walk(todos.Query{Owner: alice, Limit: limit}, nothing); !slices.Equal(got, hers) {
			f.Errorf("own list in pages of %d: %v, want %v", limit, got, hers)
		}
		if got := f.walk(todos.Query{Owner: alice, WholeTenant: true, Limit: limit}, nothing); !slices.Equal(got, both) {
			f.Errorf("tenant's list in pages of %d: %v, want %v", limit, got, both)
		}
	}
}

// longContents: a page ends early only with more bytes than were asked for, and is not much larger.
func longContents(f *fixture) {
	const number, most, long = 120, 3000, 1200
	for n, sizes := range map[string]func(i int) int{
		"short": func(int) int { return 1 }, "long": func(int) int { return long }, "long at the end": func(i int) int { return 1 + i/90*long },
		"long in front": func(i int) int { return 1 + (1-min(1, i/30))*long }, "one longer than a page": func(i int) int { return 1 + i/75%2*3*most },
		"mixed": func(i int) int { return 1 + i*7919%long },
	} {
		owner := alice
		owner.Tenant = n
		var list []todos.Todo
		for i := range number {
			list = append(list, todos.Todo{ID: id(i), Content: strings.Repeat("x", sizes(i)), OwnerID: owner.Subject, CreatedAt: start.Add(time.Duration(i) * time.Millisecond)})
		}
		f.put(owner, list...)
		for _, whole := range []bool{false, true} {
			q, shown := todos.Query{Owner: owner, WholeTenant: whole, Limit: number - 10, MaxBytes: most}, 0
			for shown < len(list) {
				page := f.list(q)
				if len(page) == 0 || !slices.Equal(page, list[shown:shown+len(page)]) {
					f.Fatalf("%s, whole tenant %v: after %d todos a page of %d that does not go on there", n, whole, shown, len(page))
				}
				bytes := 0
				for _, t := range page {
					bytes += len(t.Content)
				}
				shown += len(page)
				if bytes <= most && shown < len(list) && len(page) < q.Limit {
					f.Errorf("%s, whole tenant %v: a page of %d bytes ends before todo %d", n, whole, bytes, shown)
				}
				if last := len(page[len(page)-1].Content); bytes > 2*most && bytes-last > most {
					f.Errorf("%s, whole tenant %v: a page of %d bytes", n, whole, bytes)
				}
				q.After = position(page[len(page)-1])
			}
		}
	}
}

// deletionsBetweenPages: a position stays good when the todo that gave it is gone, and
// what is left is shown once, nothing skipped.
func deletionsBetweenPages(f *fixture) {
	for _, whole := range []bool{false, true} {
		owner := alice
		owner.Tenant = map[bool]string{false: "own", true: "whole"}[whole]
		list := aged(owner, 1000)
		f.put(owner, list...)
		slices.SortFunc(list, byAge)
		var gone []string
		got := f.walk(todos.Query{Owner: owner, WholeTenant: whole, Limit: 2}, func(page []todos.Todo) {
			at := slices.Index(list, page[len(page)-1])
			for _, doomed := range list[at:min(at+2, len(list))] { // the last that was shown, and the next
				f.write(func(tx todos.Tx) error { return tx.Delete(owner, doomed) })
				gone = append(gone, doomed.ID)
			}
		})
		want := slices.DeleteFunc(slices.Clone(list), func(t todos.Todo) bool {
			at := slices.Index(gone, t.ID)
			return at%2 == 1 // deleted before it was shown
		})
		if !slices.Equal(got, want) {
			f.Errorf("whole tenant %v: shown %v, want %v", whole, got, want)
		}
	}
}

// additionsBetweenPages: what is added at the store's own time comes at the end of a
// walk that is under way, never before its position.
func additionsBetweenPages(f *fixture) {
	var want []todos.Todo
	for n := range 4 {
		want = append(want, f.add(alice, id(n)))
	}
	got := f.walk(todos.Query{Owner: alice, Limit: 2}, func([]todos.Todo) {
		if len(want) < 8 {
			f.clock.set(f.clock.read().Add(time.Millisecond))
			want = append(want, f.add(alice, id(100-len(want)))) // an id that sorts before
		}
	})
	if !slices.Equal(got, want) {
		f.Errorf("shown %v, want %v", got, want)
	}
}

// foreignPosition: a position is a place in time, not a right. One that came from
// somebody else's list shows of one's own list what lies after it.
func foreignPosition(f *fixture) {
	bob := alice
	bob.Tenant = "other"
	var hers []todos.Todo
	for n := range 6 {
		f.clock.set(start.Add(time.Duration(n) * time.Second))
		if n%2 == 0 {
			hers = append(hers, f.add(alice, id(n)))
			continue
		}
		theirs := f.add(bob, id(n))
		for _, whole := range []bool{false, true} {
			q := todos.Query{Owner: alice, WholeTenant: whole, After: position(theirs), Limit: 10}
			if got := f.list(q); len(got) != 0 {
				f.Errorf("after somebody else's newest: %v", got)
			}
			q.Owner, q.After = bob, position(hers[0])
			for _, got := range f.list(q) {
				if slices.Contains(hers, got) {
					f.Errorf("%v is shown to another tenant", got)
				}
			}
		}
	}
}
