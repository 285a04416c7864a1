package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// program is "server dev" inside the test, so that the race detector sees all of it.
type program struct {
	address string // of the listener
	url     string
	issuer  string
	db      string
	stop    context.CancelFunc // what SIGTERM does
	exited  chan struct{}
	want    int // the exit code
	code    int // once exited is closed
	log     log
	audited int // audit rows that were looked at
}

// startDev runs the program until the test ends, and returns once it is ready.
func startDev(t *testing.T, flags ...string) *program {
	t.Helper()
	port := freePort()
	p := &program{
		address: "127.0.0.1:" + port,
		url:     "http://localhost:" + port,
		issuer:  "http://localhost:" + freePort(),
		db:      filepath.Join(t.TempDir(), "todos.db"),
		exited:  make(chan struct{}),
	}
	args := []string{"dev", "--listen", p.address, "--public-url", p.url,
		"--issuer", p.issuer, "--ops-listen", "", "--db", p.db}
	ctx, cancel := context.WithCancel(t.Context())
	p.stop = cancel
	go func() {
		defer close(p.exited)
		p.code = run(ctx, append(args, flags...), &p.log, &p.log)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.exited
		if p.code != p.want {
			t.Errorf("exit code %d", p.code)
		}
		if t.Failed() {
			t.Logf("log:\n%s", p.log.String())
		}
	})
	eventually(t, "ready", func() bool {
		resp, err := http.Get(p.url + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

// account returns a client of a person who has not signed in yet.
func (p *program) account(t *testing.T, person string, scopes ...string) *account {
	a := &account{url: p.url, person: person, scopes: scopes}
	a.keep(t.TempDir())
	return a
}

// token signs a person in and returns the access token.
func (p *program) token(t *testing.T, person string, scopes ...string) string {
	t.Helper()
	token, err := p.account(t, person, scopes...).token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// checkAudit compares the audit rows since the last check, as brief writes them.
func (p *program) checkAudit(t *testing.T, want ...string) {
	t.Helper()
	rows, err := auditRows(p.db)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows[p.audited:] {
		got = append(got, brief(r))
	}
	p.audited = len(rows)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("audit rows (-want +got):\n%s", diff)
	}
}

// create makes a todo and returns its id.
func (p *program) create(t *testing.T, token, content string) string {
	t.Helper()
	got := p.text(t, token, "create-todo", `{"content":"`+content+`"}`)
	var todo struct{ ID, OwnerID string }
	if err := json.Unmarshal([]byte(got), &todo); err != nil || todo.OwnerID == "" {
		t.Fatalf("create-todo: %s", got)
	}
	return todo.ID
}

// text makes a call and returns the text of its result, or the whole answer.
func (p *program) text(t *testing.T, token, tool, arguments string) string {
	t.Helper()
	got, err := message{method: http.MethodPost, url: p.url, token: token, body: toolCall(tool, arguments)}.send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var response struct {
		Result struct{ Content []struct{ Text string } }
	}
	if err := json.Unmarshal([]byte(got.body), &response); err != nil || len(response.Result.Content) != 1 {
		return got.body
	}
	return response.Result.Content[0].Text
}

// eventually waits for what has no other signal than that it is so.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("never %s", what)
		case <-tick.C:
		}
	}
}

// log is a buffer for several writers.
type log struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}
