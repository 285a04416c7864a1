package mcp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, plainRequest(t.Context(), body))
		return w
	}

	slow, end := io.Pipe()
	slowDone := make(chan int)
	go func() { slowDone <- send(slow).Code }()
	_, _ = io.WriteString(end, plainCreate[:20]) // returns when it was read
	answered := make(chan int, places)
	for range places {
		go func() { answered <- send(strings.NewReader(plainCreate)).Code }()
	}
	for range places {
		<-begun
	}
	if !handler.Full() {
		t.Error("with every place taken it is not full")
	}
	for range 2 {
		got := send(strings.NewReader(plainCreate))
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
	_, _ = io.WriteString(end, plainCreate[20:])
	end.Close()
	if status := <-slowDone; status != 200 {
		t.Errorf("the slow one: %d", status)
	}
	<-begun

	f.do = func() { panic("a tool") }
	for range 2 * places {
		send(strings.NewReader(plainCreate))
	}
	f.do = nil
	if got := send(strings.NewReader(plainCreate)); got.Code != 200 || handler.Taken() != 0 || handler.Full() {
		t.Errorf("after panics: %d, %d running", got.Code, handler.Taken())
	}
}

// unread is an answer that the client does not read.
type unread struct {
	http.ResponseWriter
	writing, read chan struct{}
}

func (w unread) Write(p []byte) (int, error) {
	w.writing <- struct{}{}
	<-w.read
	return w.ResponseWriter.Write(p)
}

// TestUnreadAnswersTakeNoPlace: who does not read the answers keeps nobody out for long, whichever
// door they came through.
func TestUnreadAnswersTakeNoPlace(t *testing.T) { synctest.Test(t, unreadAnswers) }

func unreadAnswers(t *testing.T) {
	const places = 3
	o := options(&fake{})
	o.MaxCalls = places
	handler, err := mcp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	writing, read := make(chan struct{}), make(chan struct{})
	var clients sync.WaitGroup
	for _, body := range []string{plainCreate, handshake.toolCall("no-such-tool", `{}`).body, "no JSON"} {
		for range places {
			clients.Go(func() {
				handler.ServeHTTP(unread{httptest.NewRecorder(), writing, read}, plainRequest(t.Context(), strings.NewReader(body)))
			})
			<-writing
		}
		if n := handler.Taken(); n != places {
			t.Errorf("while answers to %s are written %d places are taken", body, n)
		}
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		got := httptest.NewRecorder()
		if handler.ServeHTTP(got, plainRequest(t.Context(), strings.NewReader(plainCreate))); got.Code != http.StatusOK || handler.Taken() != 0 {
			t.Errorf("while nobody reads the answers to %s: %d, %d places taken", body, got.Code, handler.Taken())
		}
	}
	close(read)
	clients.Wait()
}

// TestSlowCallsLetNoMoreIn: a few calls have a place however long they take, some more while
// none is old, and beyond that as many as were done within eight seconds.
func TestSlowCallsLetNoMoreIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 256
		var p mcp.Places
		var leave []func()
		fill := func(want int) {
			t.Helper()
			for {
				left, ok := p.Enter(t.Context(), most, false)
				if !ok {
					break
				}
				leave = append(leave, left)
			}
			if len(leave) != want {
				t.Fatalf("%d have a place, want %d", len(leave), want)
			}
		}
		end := func(calls int) {
			for _, left := range leave[:calls] {
				left()
			}
			leave = leave[calls:]
		}

		fill(most) // nothing was done so far
		end(200)
		time.Sleep(time.Hour)
		fill(64)
		end(64)
		fill(most)
		end(100)
		time.Sleep(201 * time.Millisecond) // the others are old
		fill(164)                          // as many as were done: 64 and 100 of these
		time.Sleep(7799 * time.Millisecond)
		end(30) // at the end of the eight seconds in which those were done
		fill(194)
		time.Sleep(time.Millisecond) // only the 30 are left of it
		end(120)
		fill(150)
	})
}

// TestQuickCallsWait: where more come than are carried out at once they wait for their turn, in
// the order in which they came, if that is soon. Who leaves meanwhile takes no place, and who
// waits for longer than was foretold is refused.
func TestQuickCallsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 3
		var p mcp.Places
		take := func(calls int) (leave []func()) {
			t.Helper()
			for range calls {
				before := time.Now()
				left, ok := p.Enter(t.Context(), most, true)
				if !ok || time.Since(before) > 0 {
					t.Fatal("no place at once")
				}
				leave = append(leave, left)
			}
			return leave
		}
		done := func(calls int) { // so that it is known how long they take
			for range calls {
				take(1)[0]()
			}
		}
		turns, refused := make(chan int, 9), make(chan int, 9)
		wait := func(ctx context.Context, n int) {
			go func() {
				left, ok := p.Enter(ctx, most, true)
				if !ok {
					refused <- n
					return
				}
				turns <- n
				left()
			}()
			synctest.Wait()
		}
		check := func(wantTurns, wantRefused []int) {
			t.Helper()
			synctest.Wait()
			if had, not := all(turns), all(refused); !slices.Equal(had, wantTurns) || !slices.Equal(not, wantRefused) {
				t.Errorf("turns of %v, refused %v; want %v, %v", had, not, wantTurns, wantRefused)
			}
		}

		done(most + 4)
		leave := take(most)
		if _, ok := p.Enter(t.Context(), most, false); ok {
			t.Error("a place for one who may not wait")
		}
		gone, goes := context.WithCancel(t.Context())
		wait(t.Context(), 0)
		wait(gone, 1)
		wait(t.Context(), 2)
		wait(t.Context(), 3)
		wait(t.Context(), 4) // one more than were done
		check(nil, []int{4})
		if n := p.Waiting(); n != 4 {
			t.Errorf("%d wait, want 4", n)
		}
		goes()
		check(nil, []int{1})
		leave[0]()
		check([]int{0, 2, 3}, nil)

		take(1)[0]() // a third is free again
		time.Sleep(9 * time.Second)
		leave = append(leave[1:], take(1)...)
		wait(t.Context(), 5) // nothing was done lately
		check(nil, []int{5})

		leave[0]()
		done(most)
		leave = append(leave[1:], take(1)...)
		wait(t.Context(), 6)
		time.Sleep(9999 * time.Millisecond)
		check(nil, nil)
		time.Sleep(time.Millisecond)
		check(nil, []int{6})
		for _, left := range leave {
			left()
		}
		take(most)
	})
}

// TestOtherNumberOfTurns: who waits is bound by how many may be carried out now, not when it came.
func TestOtherNumberOfTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p mcp.Places
		for range 20 { // so that it is known how long they take
			leave, _ := p.Enter(t.Context(), 4, true)
			leave()
		}
		begun, end := make(chan int, 20), make(chan struct{})
		come := func(n, most int) {
			go func() {
				if leave, ok := p.Enter(t.Context(), most, true); ok {
					begun <- n
					<-end
					leave()
				}
			}()
			synctest.Wait()
		}
		check := func(want ...int) {
			t.Helper()
			synctest.Wait()
			had := all(begun)
			slices.Sort(had) // they begin side by side
			if !slices.Equal(had, want) {
				t.Errorf("turns of %v, want %v", had, want)
			}
		}
		for n := range 8 {
			come(n, 4)
		}
		check(0, 1, 2, 3)
		come(8, 2)
		end <- struct{}{}
		end <- struct{}{}
		check() // two are left, and no more may be
		end <- struct{}{}
		check(4)
		come(9, 5)
		check(5, 6, 7)
		close(end)
		check(8, 9)
	})
}

// TestTurnOfOneWhoLeft: a turn that comes to somebody just leaving goes to the next.
func TestTurnOfOneWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p mcp.Places
		for range 100 { // select takes either
			first, _ := p.Enter(t.Context(), 1, true)
			gone, goes := context.WithCancel(t.Context())
			for _, ctx := range []context.Context{gone, t.Context()} {
				go func() {
					if left, ok := p.Enter(ctx, 1, true); ok {
						left()
					}
				}()
				synctest.Wait()
			}
			goes()
			first()
			synctest.Wait()
			left, ok := p.Enter(t.Context(), 1, false)
			if !ok {
				t.Fatal("a place was lost")
			}
			left()
		}
	})
}

// TestMemoryOfWaitingCalls: no more than 4,096 wait, however quick they are, and none with a
// large body.
func TestMemoryOfWaitingCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 4096
		o := options(&fake{})
		o.MaxCalls, o.Places = 1, new(mcp.Places)
		handler, err := mcp.New(o)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 * most {
			leave, _ := o.Places.Enter(t.Context(), 1, true)
			leave()
		}
		leave, _ := o.Places.Enter(t.Context(), 1, true)
		large := httptest.NewRecorder()
		handler.ServeHTTP(large, plainRequest(t.Context(), strings.NewReader(plainCreate+strings.Repeat(" ", 64<<10))))
		if large.Code != http.StatusServiceUnavailable {
			t.Errorf("a large body: %d, want 503", large.Code)
		}
		for range most + 1 {
			go func() {
				if left, ok := o.Places.Enter(t.Context(), 1, true); ok {
					left()
				}
			}()
		}
		synctest.Wait()
		if n := o.Places.Waiting(); n != most {
			t.Errorf("%d wait, want %d", n, most)
		}
		leave()
	})
}

// TestClientLeavesWhileItWaits: its call reaches nothing and is not told of as one too many,
// and the one behind it is carried out.
func TestClientLeavesWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f := &fake{do: func() { <-release }}
		o := options(f)
		o.MaxCalls, o.Places = 1, new(mcp.Places)
		o.Overloaded = func(context.Context, auth.Principal) { t.Error("told of") }
		handler, err := mcp.New(o)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // so that it is known how long they take
			leave, _ := o.Places.Enter(t.Context(), 1, true)
			leave()
		}
		gone, goes := context.WithCancel(t.Context())
		var answers [3]*httptest.ResponseRecorder
		for i, ctx := range []context.Context{t.Context(), gone, t.Context()} {
			answers[i] = httptest.NewRecorder()
			go handler.ServeHTTP(answers[i], plainRequest(ctx, strings.NewReader(plainCreate)))
			synctest.Wait()
		}
		goes()
		synctest.Wait()
		close(release)
		synctest.Wait()
		if calls, refusals := f.seen(); len(calls) != 2 || len(refusals) != 0 {
			t.Errorf("%d calls and %d refusals reached the service, want 2 and 0", len(calls), len(refusals))
		}
		for i, want := range []int{http.StatusOK, http.StatusServiceUnavailable, http.StatusOK} {
			if answers[i].Code != want {
				t.Errorf("answer %d: %d, want %d", i, answers[i].Code, want)
			}
		}
	})
}

const plainCreate = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create-todo","arguments":{"content":"x"}}}`

// plainRequest is a request of alice's.
func plainRequest(ctx context.Context, body io.Reader) *http.Request {
	r := httptest.NewRequestWithContext(auth.WithPrincipal(ctx, alice), http.MethodPost, "/", body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Mcp-Protocol-Version", "2025-11-25")
	return r
}

// all returns what is in a channel by now.
func all(c chan int) (list []int) {
	for len(c) > 0 {
		list = append(list, <-c)
	}
	return list
}
