package main

import (
	"net/http"
	"strings"
	"testing"
)

// Each body is sent by somebody who may create todos. What it may cost is bounded, what
// it leaves behind is exact, and the server goes on.
func TestLimitsAndHostileBodies(t *testing.T) {
	const refused = "alice create-todo deny invalid_arguments - -"
	const created = "alice create-todo allow ok scope create:todos"
	content := func(text string) string { return toolCall("create-todo", `{"content":"`+text+`"}`) }
	small := content("padded")
	p := startDev(t, "--rate", "1000", "--burst", "1000")
	token := p.token(t, "alice")
	for _, tt := range []struct {
		name, body string
		chunked    bool
		status     int
		row        string // none if empty
	}{
		{"4,000 characters", content(strings.Repeat("a", 4000)), false, 200, created},
		{"4,001 characters", content(strings.Repeat("a", 4001)), false, 200, refused},
		{"4,000 characters of two bytes", content(strings.Repeat("é", 4000)), false, 200, created},
		{"4,000 characters of four bytes", content(strings.Repeat("😀", 4000)), false, 200, created},
		{"4,000 surrogate pairs", content(strings.Repeat(`\ud83d\ude00`, 4000)), false, 200, created},
		{"4,001 characters of four bytes", content(strings.Repeat("😀", 4001)), false, 200, refused},
		{"a megabyte of content", content(strings.Repeat("a", 1_000_000)), false, 200, refused},
		{"1 MiB of body", small + strings.Repeat(" ", 1<<20-len(small)), false, 200, created},
		{"1 MiB of body, chunked", small + strings.Repeat(" ", 1<<20-len(small)), true, 200, created},
		{"1 MiB and a byte", small + strings.Repeat(" ", 1<<20-len(small)+1), false, 413, ""},
		{"1 MiB and a byte, chunked", small + strings.Repeat(" ", 1<<20-len(small)+1), true, 413, ""},
		{"invalid UTF-8 in the content", content("a\xffb"), false, 200, refused},
		{"UTF-8 cut short", content("a\xf0\x9f\x98"), false, 200, refused},
		{"overlong NUL", content("a\xc0\x80b"), false, 200, refused},
		{"a raw NUL", content("a\x00b"), false, 400, ""},
		{"invalid UTF-8 in a member's name", toolCall("create-todo", "{\"content\":\"a\",\"\xff\":1}"), false, 200, refused},
		{"invalid UTF-8 in the tool's name", toolCall("create-todo\xff", `{"content":"a"}`), false, 200, "alice unknown deny unknown_tool - -"},
		{"deep arguments", toolCall("create-todo", `{"content":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}`), false, 400, ""},
		{"deeper than JSON readers go", toolCall("create-todo", `{"content":`+strings.Repeat("[", 400_000)+strings.Repeat("]", 400_000)+`}`), false, 400, ""},
		{"many members", toolCall("create-todo", `{"content":"a"`+strings.Repeat(`,"content":"a"`, 50_000)+`}`), false, 200, refused},
		{"a huge number", toolCall("get-todos", `{"limit":1e999999999}`), false, 200, "alice get-todos deny invalid_arguments - -"},
		{"a long number", toolCall("get-todos", `{"limit":1`+strings.Repeat("0", 500_000)+`}`), false, 200, "alice get-todos deny invalid_arguments - -"},
		{"a long cursor", toolCall("get-todos", `{"cursor":"`+strings.Repeat("A", 500_000)+`"}`), false, 200, "alice get-todos deny invalid_arguments - -"},
		{"a long id", toolCall("delete-todo", `{"id":"`+strings.Repeat("a", 500_000)+`"}`), false, 200, "alice delete-todo deny not_found - -"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := message{method: http.MethodPost, url: p.url, token: token, body: tt.body, chunked: tt.chunked}.send(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.status != tt.status {
				t.Errorf("status %d, want %d: %.300s", got.status, tt.status, got.body)
			}
			if tt.row == "" {
				p.checkAudit(t)
			} else {
				p.checkAudit(t, tt.row)
			}
		})
	}
}
