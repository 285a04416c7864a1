package mcp

import (
	"container/list"
	"sync"
	"time"
)

const (
	// alwaysRun may be carried out at once however long that takes. A slow disk must not
	// refuse the second call of somebody who is alone.
	alwaysRun = 64
	// oldAge is how long the oldest request may have been carried out when further ones
	// than that are taken. Where the queue in front of the disk is that long already, a
	// longer one makes all calls late and none more.
	oldAge = 200 * time.Millisecond
)

// running are the requests that are carried out, at most max. Nothing waits here: who has
// no place hears that at once.
type running struct {
	max int // 0: no bound
	now func() time.Time

	mu     sync.Mutex
	begins list.List // of time.Time, the oldest first
}

// enter takes a place, or returns false if there is none. The place is to be left.
func (r *running) enter() (place *list.Element, ok bool) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full(now) {
		return nil, false
	}
	return r.begins.PushBack(now), true
}

// full reports whether there is no place. mu is held.
func (r *running) full(now time.Time) bool {
	n := r.begins.Len()
	return r.max > 0 && (n >= r.max || n >= alwaysRun && now.Sub(r.begins.Front().Value.(time.Time)) > oldAge)
}

func (r *running) leave(place *list.Element) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begins.Remove(place)
}

// Full reports whether a request would be refused now for want of a place. Whoever stands
// in front can refuse it before it costs anything.
func (h *Handler) Full() bool {
	r := &h.door.running
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.full(r.now())
}

// Running returns how many requests are carried out.
func (h *Handler) Running() int {
	h.door.running.mu.Lock()
	defer h.door.running.mu.Unlock()
	return h.door.running.begins.Len()
}
