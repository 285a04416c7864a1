package devauth

import (
	"crypto/rand"
	"maps"
	"sync"
	"time"
)

const (
	maxFlows = 1_000
	flowTTL  = 10 * time.Minute
)

// flow is a checked authorization request that waits for a person's decision.
type flow struct {
	clientID, clientName string
	redirectURI          string
	state                string
	challenge            string
	asked                []string // see Config.askedScopes
	createdAt            time.Time
}

// flows holds those requests in memory: a restart ends them. What the pages
// carry is only the id, so nothing of a request can be changed in a form.
type flows struct {
	mu sync.Mutex // guards m
	m  map[string]flow
}

// add keeps f, makes room for it if need be by dropping the oldest, and returns
// its id.
func (fs *flows) add(f flow) string {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	maps.DeleteFunc(fs.m, func(_ string, old flow) bool { return f.createdAt.Sub(old.createdAt) >= flowTTL })
	if len(fs.m) >= maxFlows {
		delete(fs.m, oldest(fs.m, func(a, b flow) int { return a.createdAt.Compare(b.createdAt) }))
	}
	id := rand.Text()
	fs.m[id] = f
	return id
}

// get returns a flow that still waits.
func (fs *flows) get(id string, now time.Time) (flow, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, ok := fs.m[id]
	return f, ok && now.Sub(f.createdAt) < flowTTL
}

// take ends a flow: of several callers one gets it.
func (fs *flows) take(id string, now time.Time) (flow, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, ok := fs.m[id]
	delete(fs.m, id)
	return f, ok && now.Sub(f.createdAt) < flowTTL
}
