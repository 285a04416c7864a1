package mcp

import (
	"container/list"
	"context"
	"sync"
	"time"
)

const (
	// alwaysTaken may be there at once however long that takes. A slow disk must not
	// refuse the second call of somebody who is alone.
	alwaysTaken = 64
	// youngAge is how old the oldest may be when more than that are taken because so many
	// are carried out at once: nobody knows yet how long they take.
	youngAge = 200 * time.Millisecond
	// patience is how long those in front of a request may take. It is what Retry-After asks
	// of who is refused: nobody loses by waiting for as long. To refuse a call that costs
	// little takes a fourth of carrying it out, and then it comes again.
	patience = time.Second
	// longestWait is when who waits is refused after all: those in front take longer than
	// was foretold.
	longestWait = 2 * patience
)

// running are the requests that were taken. At most max are carried out, the others wait,
// first come, first served: carried out all at once they would cost more, since what they
// need does not stay in the processor's caches. A request is refused at once if it would
// wait for too long, which is foretold from how many were done lately.
type running struct {
	max int // 0: no bound, nobody waits
	now func() time.Time

	mu      sync.Mutex
	began   list.List // of time.Time: when those that are there came, the oldest first
	ended   list.List // of time.Time: when others left, not longer ago than patience
	busy    int       // how many are carried out
	waiting list.List // of chan struct{}, which is closed when its owner's turn has come
}

// enter takes a place, or returns false if there is none, or if ctx or the caller's patience
// ends before it is its turn. The place is to be left.
func (r *running) enter(ctx context.Context) (place *list.Element, ok bool) {
	place, turn := r.come()
	if turn == nil {
		return place, place != nil
	}
	long := time.NewTimer(longestWait)
	defer long.Stop()
	select {
	case <-turn.Value.(chan struct{}):
		return place, true
	case <-ctx.Done():
	case <-long.C:
	}
	r.giveUp(place, turn)
	return nil, false
}

// come returns no place if there is none, and a turn to be waited for unless it is now.
func (r *running) come() (place, turn *list.Element) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full(now) {
		return nil, nil
	}
	place = r.began.PushBack(now)
	if r.max > 0 && r.busy >= r.max {
		return place, r.waiting.PushBack(make(chan struct{}))
	}
	r.busy++
	return place, nil
}

// giveUp gives back a place, and the turn if that has come meanwhile.
func (r *running) giveUp(place, turn *list.Element) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began.Remove(place)
	select {
	case <-turn.Value.(chan struct{}):
		r.next()
	default:
		r.waiting.Remove(turn)
	}
}

// leave gives a place back.
func (r *running) leave(place *list.Element) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began.Remove(place)
	r.forget(now)
	r.ended.PushBack(now)
	r.next()
}

// next gives a turn to who waits longest. mu is held.
func (r *running) next() {
	if first := r.waiting.Front(); first != nil {
		close(r.waiting.Remove(first).(chan struct{}))
		return
	}
	r.busy--
}

// full reports whether there is no place. mu is held.
func (r *running) full(now time.Time) bool {
	n := r.began.Len()
	switch {
	case r.max == 0 || n < min(r.max, alwaysTaken):
		return false
	case n < r.max && now.Sub(r.began.Front().Value.(time.Time)) <= youngAge:
		return false
	}
	r.forget(now)
	return n >= r.ended.Len()
}

// forget drops ends that are older than patience. mu is held.
func (r *running) forget(now time.Time) {
	for end := r.ended.Front(); end != nil && now.Sub(end.Value.(time.Time)) > patience; end = r.ended.Front() {
		r.ended.Remove(end)
	}
}

// Full reports whether a request would be refused now for want of a place. Whoever stands
// in front can refuse it before it costs anything.
func (h *Handler) Full() bool {
	r := &h.door.running
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.full(r.now())
}
