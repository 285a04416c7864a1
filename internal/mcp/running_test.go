package mcp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/mcp"
)

// TestTooManyAtOnce fills the places while the service does not come back. The next call
// is refused at once and reaches nothing; a body that does not come takes no place; a
// place is free again when its call is over, and when it panicked.
func TestTooManyAtOnce(t *testing.T) {
	const places = 3
	begun, release := make(chan struct{}, places), make(chan struct{})
	f := &fake{do: func() { begun <- struct{}{}; <-release }}
	o := options(f)
	var told []auth.Principal
	o.MaxCalls, o.Overloaded = places, func(_ context.Context, p auth.Principal) { told = append(told, p) }
	handler, err := mcp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	send := func(body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(auth.WithPrincipal(t.Context(), alice), http.MethodPost, "/", body)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		r.Header.Set("Mcp-Protocol-Version", "2025-11-25")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create-todo","arguments":{"content":"x"}}}`

	slow, end := io.Pipe()
	slowDone := make(chan int)
	go func() { slowDone <- send(slow).Code }()
	_, _ = io.WriteString(end, call[:20]) // returns when it was read
	answered := make(chan int, places)
	for range places {
		go func() { answered <- send(strings.NewReader(call)).Code }()
	}
	for range places {
		<-begun
	}
	if !handler.Full() {
		t.Error("with every place taken it is not full")
	}
	for range 2 {
		got := send(strings.NewReader(call))
		if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") != "1" || !strings.Contains(got.Body.String(), `"reason":"overloaded"`) {
			t.Errorf("one too many: %d %v %s", got.Code, got.Header(), got.Body)
		}
	}
	if calls, refusals := f.seen(); len(calls) != places || len(refusals) != 0 {
		t.Errorf("%d calls and %d refusals reached the service", len(calls), len(refusals))
	}
	if len(told) != 2 || told[0].Subject != alice.Subject {
		t.Errorf("told of %+v", told)
	}
	close(release)
	for range places {
		if status := <-answered; status != 200 {
			t.Errorf("a call that had a place: %d", status)
		}
	}
	_, _ = io.WriteString(end, call[20:])
	end.Close()
	if status := <-slowDone; status != 200 {
		t.Errorf("the slow one: %d", status)
	}
	<-begun

	f.do = func() { panic("a tool") }
	for range 2 * places {
		send(strings.NewReader(call))
	}
	f.do = nil
	if got := send(strings.NewReader(call)); got.Code != 200 || handler.Running() != 0 || handler.Full() {
		t.Errorf("after panics: %d, %d running", got.Code, handler.Running())
	}
}

// TestSlowCallsLetNoMoreIn: while the oldest call is old, calls that are few are let in,
// more are not, however many places there are.
func TestSlowCallsLetNoMoreIn(t *testing.T) {
	now := time.Unix(0, 0)
	enter := mcp.NewRunning(1000, func() time.Time { return now })
	old, ok := enter()
	if !ok {
		t.Fatal("the first has no place")
	}
	now = now.Add(time.Hour)
	for n := range 63 {
		if _, ok := enter(); !ok {
			t.Fatalf("with %d beside an old one there is no place", n)
		}
	}
	if _, ok := enter(); ok {
		t.Error("a place for more than 64 while one of them is old")
	}
	old()
	now = now.Add(200 * time.Millisecond) // the others are as old as they may be
	for n := 63; n < 1000; n++ {
		if _, ok := enter(); !ok {
			t.Fatalf("with %d of which none is old there is no place", n)
		}
	}
	if _, ok := enter(); ok {
		t.Error("more than the most")
	}
}
