package main

import (
	"context"
	"strings"
	"testing"
)

// TestFollow prints what is there, then rows as they come, each once and in order, until
// it is told to stop.
func TestFollow(t *testing.T) {
	p := startDev(t)
	alice := p.account(t, "alice")
	call := func(tool string) {
		t.Helper()
		if _, err := alice.call(t.Context(), tool, "{}"); err != nil && tool != "create-todo" {
			t.Fatal(err)
		}
	}
	call("get-todos")
	call("create-todo") // no content: denied
	call("get-todos")

	var out log
	ctx, cancel := context.WithCancel(t.Context())
	exited := make(chan int, 1)
	go func() {
		exited <- run(ctx, []string{"audit", "list", "--follow", "--limit", "1", "--decision", "allow", "-o", "csv", "--db", p.db}, &out, &out)
	}()
	seqs := func() (list []string) {
		for line := range strings.Lines(out.String()) {
			seq, _, _ := strings.Cut(line, ",")
			list = append(list, seq)
		}
		return list
	}
	eventually(t, "printed", func() bool { return strings.Join(seqs(), " ") == "seq 3" })
	call("get-todos")
	call("create-todo")
	call("get-todos")
	eventually(t, "followed", func() bool { return strings.Join(seqs(), " ") == "seq 3 4 6" })
	cancel()
	if code := <-exited; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
