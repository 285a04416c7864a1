package mcp

import (
	"container/list"
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// alwaysTaken requests are taken however long they take: on a slow disk the second call of
	// somebody who is alone must not be refused.
	alwaysTaken = 64
	// While the oldest request is no older than youngAge as many are taken as may be carried
	// out at once: nobody knows yet how long they take.
	youngAge = 200 * time.Millisecond
	// patience is how long those in front of a request may take. Clients wait for 30 s and
	// longer, but do not try again when they are refused: their user's call has failed. And
	// refusing a cheap call costs a quarter of carrying it out.
	patience = 8 * time.Second
	// longestWait is how long a request waits before it is refused after all: those in front
	// take longer than expected.
	longestWait = 10 * time.Second
	// tick is how exactly it is remembered when requests left.
	tick = 100 * time.Millisecond
	// unreadAge is how long an answer may be written until its place is somebody else's.
	unreadAge = 200 * time.Millisecond
	// mostWaiting and smallBody, in bytes, bound the memory of those who wait.
	mostWaiting = 4096
	smallBody   = 64 << 10
)

// Places are for the requests that were taken. Some are carried out, the others wait, first
// come, first served: all carried out at once would cost more, since what they need does not
// stay in the processor's caches. Beyond alwaysTaken, and beyond what may be carried out at
// once while none is old, a request is refused at once if there are as many already as were
// finished lately: it would wait for too long. The zero Places are empty.
type Places struct {
	mu      sync.Mutex
	came    list.List // of time.Time, of those that are there, the oldest first
	left    list.List // of *leaving, the oldest first; see forget
	lately  int       // how many left, whatever became of them: the sum over left
	busy    int       // how many are carried out
	most    int       // how many may be at once, as the last that came was told; 0: no bound
	waiting list.List // of chan struct{}, which is closed when its owner's turn has come
}

// leaving is how many left within a tick.
type leaving struct {
	since time.Time
	count int
}

// enter takes a place, where at most so many are carried out at once (0: no bound). It
// returns false if there is none, if it is not its turn and it may not wait, or if ctx or
// longestWait ends before that. The place is to be left.
func (p *Places) enter(ctx context.Context, most int, mayWait bool) (place *list.Element, ok bool) {
	place, turn, ok := p.take(most, mayWait)
	if turn == nil {
		return place, ok
	}
	ctx, stop := context.WithTimeout(ctx, longestWait)
	defer stop()
	select {
	case <-turn.Value.(chan struct{}):
		return place, true
	case <-ctx.Done():
		p.giveUp(place, turn)
		return nil, false
	}
}

// take returns a place, and a turn to be waited for unless it is now.
func (p *Places) take(most int, mayWait bool) (place, turn *list.Element, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.most = most
	p.pass() // it may have been raised
	wait := most > 0 && p.busy >= most
	if p.full(most, now) || wait && !mayWait {
		return nil, nil, false
	}
	if wait {
		turn = p.waiting.PushBack(make(chan struct{}))
	} else {
		p.busy++
	}
	return p.came.PushBack(now), turn, true
}

// giveUp gives a place back whose owner no longer waits for its turn. That may have come
// meanwhile.
func (p *Places) giveUp(place, turn *list.Element) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.came.Remove(place)
	select {
	case <-turn.Value.(chan struct{}):
		p.busy--
		p.pass()
	default:
		p.waiting.Remove(turn)
	}
}

// leave gives a place back whose owner had its turn.
func (p *Places) leave(place *list.Element) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.came.Remove(place)
	p.forget(now)
	if last := p.left.Back(); last == nil || now.Sub(last.Value.(*leaving).since) >= tick {
		p.left.PushBack(&leaving{since: now})
	}
	p.left.Back().Value.(*leaving).count++
	p.lately++
	p.busy--
	p.pass()
}

// pass gives turns to those who wait longest, while more may be carried out. mu is held.
func (p *Places) pass() {
	for first := p.waiting.Front(); first != nil && (p.most == 0 || p.busy < p.most); first = p.waiting.Front() {
		p.busy++
		close(p.waiting.Remove(first).(chan struct{}))
	}
}

// full reports whether there is no place. mu is held.
func (p *Places) full(most int, now time.Time) bool {
	n := p.came.Len()
	switch {
	case most == 0 || n < min(most, alwaysTaken):
		return false
	case n < most && now.Sub(p.came.Front().Value.(time.Time)) <= youngAge:
		return false
	}
	p.forget(now)
	return n >= p.lately || p.waiting.Len() >= mostWaiting
}

// forget drops those that left longer ago than patience. mu is held.
func (p *Places) forget(now time.Time) {
	for first := p.left.Front(); first != nil && now.Sub(first.Value.(*leaving).since) > patience; first = p.left.Front() {
		p.lately -= p.left.Remove(first).(*leaving).count
	}
}

// Waiting returns how many requests wait for their turn.
func (p *Places) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting.Len()
}

// Full reports whether a request would be refused now for want of a place. Whoever stands
// in front can refuse it before it costs anything.
func (h *Handler) Full() bool {
	p := h.door.Places
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.full(h.door.MaxCalls, time.Now())
}

// taken is the answer to a request that has a place. It gives that back when it is written, or
// after unreadAge: who reads slowly, or not at all, must keep nobody else out.
type taken struct {
	http.ResponseWriter
	places *Places
	place  *list.Element
	unread *time.Timer // since writing began
	left   atomic.Bool
}

func (t *taken) leave() {
	if t.left.CompareAndSwap(false, true) {
		t.places.leave(t.place)
	}
}

// done is called when all is written.
func (t *taken) done() {
	if t.unread != nil {
		t.unread.Stop()
	}
	t.leave()
}

func (t *taken) begin() {
	if t.unread == nil {
		t.unread = time.AfterFunc(unreadAge, t.leave)
	}
}

func (t *taken) WriteHeader(status int) {
	t.begin()
	t.ResponseWriter.WriteHeader(status)
}

func (t *taken) Write(p []byte) (int, error) {
	t.begin()
	return t.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (t *taken) Unwrap() http.ResponseWriter { return t.ResponseWriter }
