package todos_test

import (
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// refused checks that a call was refused for its argument, without a trace of the
// argument's value, and left one row that says so.
func (e *env) refused(before int, argument, value string, err error) {
	e.Helper()
	var invalid *todos.InvalidError
	if !errors.As(err, &invalid) || invalid.Argument != argument {
		e.Errorf("got %v, want a refusal of %s", err, argument)
		return
	}
	if len(value) > 3 && strings.Contains(err.Error(), value) {
		e.Errorf("the refusal repeats the value: %v", err)
	}
	row := e.lastRow(before)
	if row.Decision != audit.Deny || row.Reason != audit.ReasonInvalidArguments || row.Basis != audit.BasisNone || row.TargetID != nil || row.ResultCount != nil {
		e.Errorf("row %+v", row)
	}
}

func TestContent(t *testing.T) {
	for _, c := range []struct {
		name, content string
		ok            bool
	}{
		{"empty", "", false},
		{"one character", "x", true},
		{"one space", " ", true},
		{"longest", strings.Repeat("x", todos.DefaultMaxContent), true},
		{"one too many", strings.Repeat("x", todos.DefaultMaxContent+1), false},
		{"longest, of four bytes each", strings.Repeat("𝄞", todos.DefaultMaxContent), true},
		{"one too many, of two bytes", strings.Repeat("é", todos.DefaultMaxContent+1), false},
		{"marks count for themselves", strings.Repeat("e\u0301", todos.DefaultMaxContent/2) + "x", false},
		{"lines and tabs", "a\r\n\tb", true},
		{"control characters but NUL", "\x01\x1b[31m\x7f", true},
		{"NUL", "a\x00b", false},
		{"NUL alone", "\x00", false},
		{"replacement character", "\ufffd", true},
		{"bytes that are no UTF-8", "a\xffb", false},
		{"cut character", "a\xc3", false},
		{"overlong slash", "\xc0\xaf", false},
		{"half of a surrogate pair", "\xed\xa0\x80", false},
		{"beyond Unicode", "\xf4\x90\x80\x80", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t, nil)
			todo, err := e.Create(t.Context(), call(alice), todos.CreateInput{Content: c.content})
			if !c.ok {
				e.refused(0, "content", c.content, err)
				if list := e.list(alice); len(list) != 0 {
					t.Errorf("the list holds %+v", list)
				}
				return
			}
			if list := e.list(alice); err != nil || len(list) != 1 || list[0] != todo || todo.Content != c.content {
				t.Errorf("created %+v, %v; the list holds %+v", todo, err, list)
			}
		})
	}
}

// TestInvalidBeforeScope: what is wrong with the arguments is said first, so a challenge
// never asks a person for rights that would not help.
func TestInvalidBeforeScope(t *testing.T) {
	e := newEnv(t, nil)
	_, err := e.Create(t.Context(), call(person(issuer, "acme", "nobody")), todos.CreateInput{})
	e.refused(0, "content", "", err)
}

func TestLimit(t *testing.T) {
	for limit, ok := range map[int]bool{
		math.MinInt: false, -1: false, 0: false, 1: true, todos.DefaultPage: true, todos.MaxPage: true, todos.MaxPage + 1: false, math.MaxInt: false,
	} {
		e := newEnv(t, nil)
		_, err := e.List(t.Context(), call(admin), todos.ListInput{Limit: limit})
		if ok && err != nil {
			t.Errorf("limit %d: %v", limit, err)
		}
		if !ok {
			e.refused(0, "limit", "", err)
		}
	}
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestCursor(t *testing.T) {
	const good = "1:1774746000000:aaaaaaaaaaaaa"
	e := newEnv(t, nil)
	for _, c := range []struct{ name, cursor string }{
		{"not base64", "!!!"},
		{"text", good},
		{"padded", base64.URLEncoding.EncodeToString([]byte("1:177474600000:aaaaaaaaaaaaa"))},
		{"of the other alphabet", "+/+/"},
		{"space behind", encode(good) + " "},
		{"truncated", encode(good)[:20]},
		{"one character short", encode(good)[:len(encode(good))-1]},
		{"stray bits in the last character", strings.TrimSuffix(encode(good), "E") + "F"},
		{"no version", encode("1774746000000:aaaaaaaaaaaaa")},
		{"later version", encode("2" + good[1:])},
		{"version 01", encode("0" + good)},
		{"empty version", encode(good[1:])},
		{"no time", encode("1::aaaaaaaaaaaaa")},
		{"time that is no number", encode("1:now:aaaaaaaaaaaaa")},
		{"time in hexadecimal", encode("1:0x1:aaaaaaaaaaaaa")},
		{"time that is too large", encode("1:9223372036854775808:aaaaaaaaaaaaa")},
		{"no id", encode("1:1774746000000:")},
		{"id that is none of ours", encode("1:1774746000000:AAAAAAAAAAAAA")},
		{"SQL for an id", encode("1:1774746000000:' OR 1=1 --a")},
		{"more behind", encode(good + ":1")},
		{"NUL behind", encode(good + "\x00")},
		{"over-long", encode("1:" + strings.Repeat("0", 1000) + good[2:])},
		{"a megabyte", strings.Repeat("A", 1<<20)},
		{"not UTF-8", "\xff\xfe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(e.rows())
			_, err := e.List(t.Context(), call(alice), todos.ListInput{Limit: 10, Cursor: c.cursor})
			e.refused(before, "cursor", c.cursor, err)
		})
	}
	for _, at := range []string{"0", "-1", "-9223372036854775808", "9223372036854775807", "1774746000000"} {
		if _, err := e.List(t.Context(), call(alice), todos.ListInput{Limit: 10, Cursor: encode("1:" + at + ":aaaaaaaaaaaaa")}); err != nil {
			t.Errorf("time %s: %v", at, err)
		}
	}
}

// TestForeignCursor: a cursor of somebody else's list is a place in time and nothing
// more: it shows the bearer's own todos from there on.
func TestForeignCursor(t *testing.T) {
	e := newEnv(t, nil)
	mine := []todos.Todo{e.create(alice, "x")}
	for range 3 {
		e.clock.move(time.Second)
		e.create(outside, "theirs")
	}
	e.clock.move(time.Second)
	mine = append(mine, e.create(alice, "y"))
	page, err := e.List(t.Context(), call(outside), todos.ListInput{Limit: 1})
	if err != nil || page.NextCursor == "" {
		t.Fatalf("got %+v, %v", page, err)
	}
	got, err := e.List(t.Context(), call(alice), todos.ListInput{Limit: 10, Cursor: page.NextCursor})
	if err != nil || len(got.Todos) != 1 || got.Todos[0] != mine[1] || got.NextCursor != "" {
		t.Errorf("got %+v, %v, want %+v", got, err, mine[1])
	}
}

// FuzzCursor: no cursor fails in any other way than by being refused, and none shows
// what is not the bearer's.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", encode("1:0:aaaaaaaaaaaaa"), encode("1:-9223372036854775808:zzzzzzzzzzzzz"), "!", encode("2:x")} {
		f.Add(seed)
	}
	store := new(recording)
	s, err := todos.NewService(todos.Options{Store: store, Logger: discard()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		store.queries = nil
		_, err := s.List(t.Context(), call(alice), todos.ListInput{Limit: 1, Cursor: cursor})
		if invalid := (*todos.InvalidError)(nil); errors.As(err, &invalid) {
			if invalid.Argument != "cursor" || len(store.queries) != 0 {
				t.Errorf("%q: %v after %d queries", cursor, err, len(store.queries))
			}
			return
		}
		if err != nil || len(store.queries) != 1 {
			t.Fatalf("%q: %v after %d queries", cursor, err, len(store.queries))
		}
		q := store.queries[0]
		if q.WholeTenant || q.Owner != (todos.Owner{Issuer: alice.Issuer, Tenant: alice.Tenant, Subject: alice.Subject}) {
			t.Errorf("%q: asked for %+v", cursor, q)
		}
		if cursor != "" && !todos.IsID(q.After.ID) {
			t.Errorf("%q: position %+v", cursor, q.After)
		}
	})
}
