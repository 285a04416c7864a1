package todos_test

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/todos"
)

func TestNewService(t *testing.T) {
	for name, o := range map[string]todos.Options{
		"nothing":   {},
		"no store":  {Logger: discard()},
		"no logger": {Store: new(recording)},
	} {
		if s, err := todos.NewService(o); err == nil || s != nil {
			t.Errorf("%s: got %v, %v", name, s, err)
		}
	}
	if _, err := todos.NewService(todos.Options{Store: new(recording), Logger: discard()}); err != nil {
		t.Error(err)
	}
}

// TestCreated: what the caller gets is what is stored, under the store's time and the
// caller's name.
func TestCreated(t *testing.T) {
	e := newEnv(t, nil)
	e.clock.move(1234567 * time.Microsecond)
	todo := e.create(alice, "milk")
	want := todos.Todo{ID: todo.ID, Content: "milk", OwnerID: "alice", CreatedAt: start.Add(1234 * time.Millisecond)}
	if todo != want || !todos.IsID(todo.ID) {
		t.Errorf("created %+v, want %+v", todo, want)
	}
	row := e.rows()[0]
	if row.OccurredAt != want.CreatedAt || *row.TargetID != todo.ID || row.DurationUS != 1234567 {
		t.Errorf("row %+v", row)
	}
	if list := e.list(alice); !slices.Equal(list, []todos.Todo{want}) {
		t.Errorf("listed %+v", list)
	}
}

// TestPagesToTheEnd: following the cursors shows every todo once, in order, and the
// last page has no cursor, also when it is just full.
func TestPagesToTheEnd(t *testing.T) {
	e := newEnv(t, nil)
	const count = 12
	var want []todos.Todo
	for n := range count {
		if n%5 == 0 {
			e.clock.move(time.Millisecond)
		}
		want = append(want, e.create([]auth.Principal{alice, bob}[n%2], "x"))
	}
	slices.SortFunc(want, func(a, b todos.Todo) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	for limit := 1; limit <= count+1; limit++ {
		var got []todos.Todo
		in := todos.ListInput{Limit: limit}
		pages := 0
		for {
			before := len(e.rows())
			page, err := e.List(t.Context(), call(admin), in)
			if err != nil {
				t.Fatal(err)
			}
			if row := e.lastRow(before); *row.ResultCount != int64(len(page.Todos)) {
				t.Errorf("a page of %d, the row counts %d", len(page.Todos), *row.ResultCount)
			}
			got = append(got, page.Todos...)
			if pages++; page.NextCursor == "" {
				break
			}
			if len(page.Todos) != limit || pages > count {
				t.Fatalf("page %d has %d todos and a cursor", pages, len(page.Todos))
			}
			in.Cursor = page.NextCursor
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v, want %v", limit, got, want)
		}
		if most := (count + limit - 1) / limit; pages != most {
			t.Errorf("pages of %d: %d pages, want %d", limit, pages, most)
		}
	}
}

// TestLongPages: a page of long todos ends before it gets large, and the cursor goes on
// from there.
func TestLongPages(t *testing.T) {
	e := newEnv(t, nil)
	const count, most = 40, 512 << 10
	long := strings.Repeat("𝄞", todos.DefaultMaxContent)
	for range count {
		e.create(alice, long)
	}
	seen := make(map[string]bool)
	for in := (todos.ListInput{Limit: todos.MaxPage}); ; {
		page, err := e.List(t.Context(), call(alice), in)
		if err != nil || len(page.Todos) == 0 || len(page.Todos)*len(long) > most {
			t.Fatalf("a page of %d todos, %v", len(page.Todos), err)
		}
		for _, todo := range page.Todos {
			seen[todo.ID] = true
		}
		if in.Cursor = page.NextCursor; in.Cursor == "" {
			break
		}
	}
	if len(seen) != count {
		t.Errorf("%d todos were shown, want %d", len(seen), count)
	}
}

func TestRefuse(t *testing.T) {
	e := newEnv(t, nil)
	e.Refuse(t.Context(), call(alice), audit.UnknownTool, audit.ReasonUnknownTool)
	row := e.lastRow(0)
	if row.Tool != "unknown" || row.Decision != audit.Deny || row.Reason != audit.ReasonUnknownTool || *row.Subject != "alice" {
		t.Errorf("row %+v", row)
	}
}

var idForm = regexp.MustCompile(`^[a-z2-7]{13}$`)

// TestIDsAreNeighbours: ids of one moment begin alike, for what it saves, and those of
// another begin differently, however few or many there are.
func TestIDsAreNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ids := todos.NewIDs()
		beginnings := make(map[string]bool)
		for moment := range 10 {
			first := ids.Next()[:4]
			for range 100 * moment {
				if id := ids.Next(); id[:4] != first {
					t.Fatalf("%s is of the same moment as one that begins with %s", id, first)
				}
			}
			beginnings[first] = true
			time.Sleep(20 * time.Millisecond)
		}
		if len(beginnings) < 8 { // two of ten are the same once in 20,000 times
			t.Errorf("ten moments: %v", beginnings)
		}
	})
}

// TestIDs: ids have the form that clients and the audit log rely on, use all 64 bits,
// and do not repeat.
func TestIDs(t *testing.T) {
	const count = 20_000
	ids := todos.NewIDs()
	seen := make(map[string]bool, count)
	var used [13]map[byte]bool
	for range count {
		if len(seen)%20 == 0 {
			ids = todos.NewIDs() // another beginning
		}
		id := ids.Next()
		if !idForm.MatchString(id) || !todos.IsID(id) {
			t.Fatalf("%q is no id", id)
		}
		if seen[id] {
			t.Fatalf("%s came twice", id)
		}
		seen[id] = true
		for i := range used {
			if used[i] == nil {
				used[i] = make(map[byte]bool)
			}
			used[i][id[i]] = true
		}
	}
	for i, letters := range used {
		want := 32
		if i == 12 { // the last character holds 4 bits
			want = 16
		}
		if len(letters) != want {
			t.Errorf("character %d takes %d values, want %d", i, len(letters), want)
		}
	}
}

func TestIsID(t *testing.T) {
	for id, want := range map[string]bool{
		"abcdefghijklm": true, "2345672345672": true, "aaaaaaaaaaaaa": true,
		"": false, "abcdefghijkl": false, "abcdefghijklmn": false, "Abcdefghijklm": false, "abcdef1hijklm": false,
		"abcdef0hijklm": false, "abcdef8hijklm": false, "abcdef-hijklm": false, "abcdef hijklm": false,
		"abcdefghijkl\n": false, "abcdefghijkl\x00": false, "äöüäöüa": false, "ａbcdefghijk": false,
	} {
		if got := todos.IsID(id); got != want {
			t.Errorf("IsID(%q) = %v", id, got)
		}
	}
}
