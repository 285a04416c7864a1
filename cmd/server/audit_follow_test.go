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

	var out, later log
	ctx, cancel := context.WithCancel(t.Context())
	exited := make(chan int, 2)
	follow := func(out *log, more ...string) {
		exited <- run(ctx, append([]string{"audit", "list", "--follow", "--decision", "allow", "-o", "csv", "--db", p.db}, more...), out, out)
	}
	go follow(&out, "--limit", "1")
	go follow(&later, "--after-seq", "4") // which is not there yet
	seqs := func(out *log) string {
		var list []string
		for line := range strings.Lines(out.String()) {
			seq, _, _ := strings.Cut(line, ",")
			list = append(list, seq)
		}
		return strings.Join(list, " ")
	}
	eventually(t, "printed", func() bool { return seqs(&out) == "seq 3" && seqs(&later) == "seq" })
	call("get-todos")
	call("create-todo")
	call("get-todos")
	eventually(t, "followed", func() bool { return seqs(&out) == "seq 3 4 6" && strings.HasSuffix(seqs(&later), " 6") })
	if got := seqs(&later); got != "seq 6" {
		t.Errorf("after row 4: %s", got)
	}
	cancel()
	for range cap(exited) {
		if code := <-exited; code != exitOK {
			t.Errorf("exit code %d", code)
		}
	}
}
