package main

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCanaries: neither a token nor the text of a todo is anywhere but where it belongs,
// however it came in: not in the audit log, its exports and lists, the files beside the
// database, nor the server's log, which is at its most talkative.
func TestCanaries(t *testing.T) {
	p := startDev(t, "--log-level", "debug")
	good := p.token(t, "alice")
	forged := good[:strings.LastIndexByte(good, '.')+1] + "Q2FuYXJ5U2lnbmF0dXJl"
	opaque := "canary-token-5d1c"
	secrets := []string{good[strings.LastIndexByte(good, '.')+1:], "Q2FuYXJ5U2lnbmF0dXJl", opaque}
	const text = "canary-todo-9b7e"

	sing(t, p, text, good, forged, opaque)
	folder := filepath.Dir(p.db)
	var shown log
	for _, args := range [][]string{
		{"audit", "list"}, {"audit", "list", "-o", "jsonl"}, {"audit", "list", "-o", "csv"}, {"audit", "stats", "-o", "json"},
		{"audit", "verify"}, {"user", "export", "bob", "--issuer", p.issuer},
	} {
		if code := run(t.Context(), append(args, "--db", p.db), &shown, &shown); code != exitOK {
			t.Fatalf("%v: exit code %d\n%s", args, code, shown.String())
		}
	}
	p.stop()
	<-p.exited
	if code := run(t.Context(), []string{"audit", "export", "--db", p.db, "--to", filepath.Join(folder, "archive")}, &shown, &shown); code != exitOK {
		t.Fatal(shown.String())
	}

	// The todo itself is in the database; once its owner is erased it is not.
	erase := []string{"user", "erase", "alice", "--issuer", p.issuer, "--yes", "--db", p.db}
	if !holds(t, p.db, text) {
		t.Error("the search does not find what is there")
	}
	if code := run(t.Context(), erase, &shown, &shown); code != exitOK {
		t.Fatal(shown.String())
	}
	for _, canary := range append(secrets, text) {
		if strings.Contains(shown.String(), canary) {
			t.Errorf("%q was printed", canary)
		}
		if strings.Contains(p.log.String(), canary) {
			t.Errorf("%q is in the server's log", canary)
		}
		for _, name := range filesBelow(t, folder) {
			if holds(t, name, canary) {
				t.Errorf("%q is in %s", canary, name)
			}
		}
	}
}

// sing makes calls of every kind with canaries in every place.
func sing(t *testing.T, p *program, text, good, forged, opaque string) {
	t.Helper()
	post := func(token, body string, headers ...string) {
		m := message{method: http.MethodPost, url: p.url, token: token, body: body, header: http.Header{}}
		for i := 0; i < len(headers); i += 2 {
			m.header.Set(headers[i], headers[i+1])
		}
		if _, err := m.send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	post(good, toolCall("create-todo", `{"content":"`+text+`"}`))
	post(good, toolCall("get-todos", `{}`))
	post(good, toolCall("get-todos", `{"cursor":"`+text+`"}`))
	post(good, toolCall("create-todo", `{"Content":"`+text+`"}`))
	post(good, toolCall("create-todo", `{"content":"`+text+`","`+text+`":1}`))
	post(good, toolCall("delete-todo", `{"id":"`+text+`"}`))
	post(good, toolCall("get-audit-log", `{"subject":"`+text+`"}`))
	post(good, toolCall(text, `{}`))
	post(good, `{"jsonrpc":"2.0","id":"`+text+`","method":"`+text+`"}`)
	post(good, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create-todo","_meta":{"traceparent":"`+text+`"},"arguments":"`+text)
	post(good, toolCall("get-todos", `{}`), "X-Request-Id", text, "User-Agent", text, "Traceparent", text, "Mcp-Session-Id", text)
	for _, bad := range []string{forged, opaque} {
		post(bad, toolCall("create-todo", `{"content":"`+text+`"}`))
		post("", toolCall("get-todos", `{}`), "Authorization", "Basic "+bad, "Cookie", "token="+bad)
	}
	post(good+" "+opaque, toolCall("get-todos", `{}`))
	m := message{method: http.MethodPost, url: p.url + "/?access_token=" + opaque, token: good, body: toolCall("get-todos", `{}`)}
	if _, err := m.send(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// filesBelow are all that the server and the commands left.
func filesBelow(t *testing.T, folder string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) < 6 {
		t.Fatalf("%v, files %v", err, names)
	}
	return names
}

func holds(t *testing.T, name, text string) bool {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(content, []byte(text))
}
