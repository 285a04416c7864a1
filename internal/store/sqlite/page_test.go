package sqlite_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// TestPageTexts: whatever a todo and a subject may consist of is read as it was written.
func TestPageTexts(t *testing.T) {
	s := open(t, sqlite.Options{Path: filepath.Join(t.TempDir(), "todos.db")})
	who := todos.Owner{Issuer: alice.Issuer, Subject: `a"l\i[c,e]` + "\x01\u2028"}
	var contents []string
	for r := rune(1); r < 0x300; r++ {
		contents = append(contents, "x"+string(r)+"y")
	}
	contents = append(contents, `"`, `\`, `\"`, `"\`, `],["`, `\u0041`, `\\\"`, "]", ",", "\U0010FFFF", "\uFFFD", "\uFEFF", "\n", strings.Repeat(`\"`, 2000))
	for part := range slices.Chunk(contents, 100) {
		if err := s.Write(t.Context(), func(tx todos.Tx) error {
			for _, content := range part {
				if err := tx.Insert(who, todos.Todo{ID: todos.NewIDs().Next(), Content: content, CreatedAt: tx.Now()}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, whole := range []bool{false, true} {
		var got []string
		for after := (todos.Position{}); ; {
			page, err := s.List(t.Context(), todos.Query{Owner: who, WholeTenant: whole, After: after, Limit: 77})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, todo := range page {
				if todo.OwnerID != who.Subject || !utf8.ValidString(todo.Content) || !todos.IsID(todo.ID) || time.Since(todo.CreatedAt) > time.Hour {
					t.Fatalf("%+v", todo)
				}
				got = append(got, todo.Content)
				after = todos.Position{CreatedAt: todo.CreatedAt, ID: todo.ID}
			}
		}
		slices.Sort(got)
		slices.Sort(contents)
		if !slices.Equal(got, contents) {
			t.Errorf("whole tenant %v: contents differ: %d, want %d", whole, len(got), len(contents))
		}
	}
}
