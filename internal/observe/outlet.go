package observe

import (
	"io"
	"sync"
	"time"
)

const (
	// outletPatience is how long a line may keep whoever logs it waiting.
	outletPatience = 100 * time.Millisecond
	// outletLines is how many lines wait for an output that is stuck. Further ones are lost.
	outletLines = 4096
)

// Outlet writes log lines to an output that may be slow, stuck or gone, such as a pipe whose
// reader stopped reading, without letting that stop the program. As long as the output takes
// lines, a line is written when Write returns. Once it has not taken one within 100 ms
// lines are kept, up to 4,096, until it takes them again; those beyond are lost and counted.
type Outlet struct {
	to io.Writer

	mu       sync.Mutex
	lines    []line
	draining bool // a goroutine writes
	stuck    bool // nobody waits for it
	lost     int64
}

// line is a line to be written.
type line struct {
	text    []byte
	written chan struct{} // closed then
}

// NewOutlet returns an outlet to an output, which nothing else should write to.
func NewOutlet(to io.Writer) *Outlet { return &Outlet{to: to} }

// Write implements [io.Writer]. It never fails: who logs can do nothing about it.
func (o *Outlet) Write(text []byte) (int, error) {
	l := line{append([]byte(nil), text...), make(chan struct{})}
	if !o.add(l) {
		return len(text), nil
	}
	patience := time.NewTimer(outletPatience)
	defer patience.Stop()
	select {
	case <-l.written:
	case <-patience.C:
		o.mu.Lock()
		o.stuck = o.draining
		o.mu.Unlock()
	}
	return len(text), nil
}

// add queues a line. It reports whether it is worth waiting for.
func (o *Outlet) add(l line) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.lines) >= outletLines {
		o.lost++
		return false
	}
	o.lines = append(o.lines, l)
	if !o.draining {
		o.draining = true
		go o.drain()
	}
	return !o.stuck
}

// drain writes what is queued, and ends.
func (o *Outlet) drain() {
	for {
		o.mu.Lock()
		if len(o.lines) == 0 {
			o.lines, o.draining, o.stuck = nil, false, false
			o.mu.Unlock()
			return
		}
		next := o.lines[0]
		o.lines = o.lines[1:]
		o.mu.Unlock()
		_, _ = o.to.Write(next.text)
		close(next.written)
	}
}

// Lost returns how many lines were lost because the output was stuck.
func (o *Outlet) Lost() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}
