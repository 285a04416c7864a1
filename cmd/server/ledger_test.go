package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"todomanager/internal/audit"
)

// However many call at once, every call leaves one row, seq has no gaps, and what was
// acknowledged is what is in the file: creates less deletes.
func TestLedgerOfConcurrentCalls(t *testing.T) {
	const callers, rounds = 8, 12
	p := startDev(t, "--rate", "1e6", "--burst", "1000000")
	tokens := []string{p.token(t, "alice"), p.token(t, "bob"), p.token(t, "admin"), p.token(t, "admin", "read:todos")}
	var l ledger
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { l.play(t, p, tokens[i%len(tokens)], rounds) })
	}
	wg.Wait()

	rows, err := auditRows(p.db)
	if err != nil {
		t.Fatal(err)
	}
	if want := int(l.calls.Load()); len(rows) != want {
		t.Errorf("%d rows for %d calls", len(rows), want)
	}
	count := make(map[string]int64)
	for i, r := range rows {
		if r.Seq != int64(i+1) {
			t.Fatalf("row %d has seq %d", i+1, r.Seq)
		}
		if i > 0 && r.OccurredAt.Before(rows[i-1].OccurredAt) {
			t.Errorf("row %d is older than the one before", r.Seq)
		}
		if r.Decision == audit.Allow {
			count[r.Tool]++
		}
	}
	kept, err := keptTodos(p.db)
	if err != nil {
		t.Fatal(err)
	}
	created, deleted := l.created.Load(), l.deleted.Load()
	if created == 0 || deleted == 0 || int64(len(kept)) != created-deleted {
		t.Errorf("%d created, %d deleted, %d in the file", created, deleted, len(kept))
	}
	if count["create-todo"] != created || count["delete-todo"] != deleted {
		t.Errorf("%d created and %d deleted, but in the log %v", created, deleted, count)
	}
}

// ledger counts what the server acknowledged.
type ledger struct{ calls, created, deleted atomic.Int64 }

// play makes calls of every kind: some denied, some invalid, deletes that race for the
// same todo, from all callers in step.
func (l *ledger) play(t *testing.T, p *program, token string, rounds int) {
	for i := range rounds {
		if id, ok := l.call(t, p, token, "create-todo", fmt.Sprintf(`{"content":"%d"}`, i)); ok {
			l.created.Add(1)
			if i%2 == 0 {
				var both sync.WaitGroup
				for range 2 {
					both.Go(func() {
						if _, ok := l.call(t, p, token, "delete-todo", `{"id":"`+id+`"}`); ok {
							l.deleted.Add(1)
						}
					})
				}
				both.Wait()
			}
		}
		l.call(t, p, token, "get-todos", `{}`)
		l.call(t, p, token, "create-todo", `{"Content":"no"}`)
		l.call(t, p, token, "no-such-tool", `{}`)
		l.call(t, p, token, "delete-todo", `{"id":"aaaaaaaaaaaaa"}`)
	}
}

// call reports whether the call succeeded, and the id in its result.
func (l *ledger) call(t *testing.T, p *program, token, tool, arguments string) (id string, ok bool) {
	l.calls.Add(1)
	got, err := message{method: http.MethodPost, url: p.url, token: token, body: toolCall(tool, arguments)}.send(t.Context())
	if err != nil {
		t.Errorf("%s: %v", tool, err)
		return "", false
	}
	var response struct {
		Result *struct {
			IsError           bool
			StructuredContent struct{ ID string }
		}
	}
	if err := json.Unmarshal([]byte(got.body), &response); err != nil {
		t.Errorf("%s: status %d, %v", tool, got.status, err)
		return "", false
	}
	if response.Result == nil || response.Result.IsError {
		return "", false
	}
	return response.Result.StructuredContent.ID, true
}
