package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

const (
	// queueLimit bounds the calls that wait for the writer. More than that are refused at
	// once rather than left to time out.
	queueLimit = 1024
	// groupLimit bounds the calls of one transaction, and with it how long the first of
	// them waits for the last.
	groupLimit = 128
	// gatherYields is how often the writer lets others run before it takes what is queued.
	// Without it groups stay at one call, because the goroutine that was just woken runs
	// before those about to enqueue. Alone it costs some nanoseconds.
	gatherYields = 4
	// gatherWait is how long the writer waits for those whom it has just answered; about a
	// millisecond where nothing else runs, which is the timers' grain on Linux. Callers who
	// come again at once would else make two groups of half the size, that wait for each
	// other's commit. Who is alone waits for nobody.
	gatherWait = 200 * time.Microsecond
	// atOnce is how soon after their answers callers come again, if they do so at once.
	atOnce = 5 * time.Millisecond
	// writeDeadline is how long a caller waits. A stuck disk must not hang requests.
	writeDeadline = 5 * time.Second
)

// writer owns the one connection that writes. Its goroutine alone touches conn, until it
// has ended.
type writer struct {
	ctx  context.Context // never ends
	db   *sql.DB         // of one connection
	conn *writeConn
	wal  fs.FileInfo // of the write-ahead log that conn has open, nil if that is not known
	Options

	damage   atomic.Bool // see writer.damaged
	disk     disk
	expected int            // calls of the next group: those answered last and those who came meanwhile
	answered time.Time      // when expected was set
	unsigned int64          // audit rows since signing was last asked for
	due      chan struct{}  // see Store.SignDue
	clock    rate.Sometimes // limits the warning that the clock is behind the log
	queue    chan *job
	mu       sync.RWMutex // guards closed, lest something is sent on a closed queue
	closed   bool
	stopped  chan struct{} // closed when the goroutine has ended
	ended    atomic.Uint64 // groups, whatever came of them
}

// job is one caller's part of a group.
type job struct {
	fn      func(todos.Tx) error
	state   atomic.Int32
	retried bool
	done    chan error // receives once, never blocks
}

// A job waits until the writer begins it or its caller gives it up, whichever is
// first; so a caller who leaves knows whether anything can have happened. A job whose
// group was rolled back waits again.
const (
	jobWaiting int32 = iota
	jobBegun
	jobAbandoned
)

func startWriter(ctx context.Context, o Options) (*writer, error) {
	db, err := o.pool(forWriting, 1)
	if err != nil {
		return nil, err
	}
	w := &writer{
		ctx: context.WithoutCancel(ctx), db: db, Options: o,
		disk: disk{options: o}, due: make(chan struct{}, 1), clock: rate.Sometimes{Interval: time.Hour},
		queue: make(chan *job, queueLimit), stopped: make(chan struct{}),
	}
	if w.conn, err = connect(w.ctx, db, o.turns); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", o.Path, err), db.Close())
	}
	w.wal = statLog(o.Path)
	go w.run()
	return w, nil
}

// write queues fn and waits for the commit that holds it.
func (w *writer) write(fn func(todos.Tx) error) error {
	j := &job{fn: fn, done: make(chan error, 1)}
	if err := w.enqueue(j); err != nil {
		return err
	}
	deadline := time.NewTimer(writeDeadline)
	defer deadline.Stop()
	select {
	case err := <-j.done:
		return err
	case <-deadline.C:
		if j.state.CompareAndSwap(jobWaiting, jobAbandoned) {
			return fmt.Errorf("%w: the writer did not get to it within %v", todos.ErrAuditUnavailable, writeDeadline)
		}
		return fmt.Errorf("%w: no answer from the disk within %v", todos.ErrOutcomeUnknown, writeDeadline)
	}
}

func (w *writer) enqueue(j *job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return fmt.Errorf("%w: the database is closed", todos.ErrAuditUnavailable)
	}
	select {
	case w.queue <- j:
		return nil
	default:
		return fmt.Errorf("%w: %d calls wait for the writer", todos.ErrOverloaded, queueLimit)
	}
}

// run is the writer's goroutine. It ends when the queue is closed and empty.
func (w *writer) run() {
	defer close(w.stopped)
	group := make([]*job, 0, groupLimit)
	for first := range w.queue {
		group = w.gather(append(group[:0], first))
		if again := w.commit(group); len(again) > 0 {
			w.commit(again)
		}
		w.ended.Add(1)
		clear(group)
	}
}

// gather adds what is queued by now to a group, and what comes soon if fewer came than are
// expected.
func (w *writer) gather(group []*job) []*job {
	for range gatherYields {
		runtime.Gosched()
		for len(group) < groupLimit && len(w.queue) > 0 {
			group = append(group, <-w.queue)
		}
	}
	if len(group) >= w.expected || time.Since(w.answered) > atOnce {
		return group
	}
	wait := time.NewTimer(gatherWait)
	defer wait.Stop()
	for len(group) < w.expected {
		select {
		case j, ok := <-w.queue:
			if !ok {
				return group
			}
			group = append(group, j)
		case <-wait.C:
			return group
		}
	}
	return group
}

// commit runs a group in one transaction and answers its callers. It returns those who
// lost their work to somebody else's error and have not been tried again yet.
func (w *writer) commit(group []*job) (again []*job) {
	began := time.Now()
	g, err := w.begin()
	if err != nil {
		return w.undone(group, nil, w.damaged(err))
	}
	results := make([]error, len(group))
	for i, j := range group {
		if !j.state.CompareAndSwap(jobWaiting, jobBegun) {
			continue // abandoned by its caller
		}
		if results[i] = g.run(j.fn); g.over {
			return w.lost(group, j, results[i])
		}
	}
	if err := g.seal(); err != nil {
		return w.lost(group, nil, err)
	}
	if err := g.commit(); err != nil {
		err = w.damaged(err)
		w.Failed("unknown")
		w.Logger.Error("a commit failed; its calls may or may not be in the database", "calls", len(group), "err", err)
		w.rollback()
		for _, j := range group {
			j.done <- fmt.Errorf("%w: %w", todos.ErrOutcomeUnknown, err)
		}
		return nil
	}
	w.expected, w.answered = min(groupLimit, len(group)+len(w.queue)), time.Now() // before the first of them can come again
	for i, j := range group {
		j.done <- results[i]
	}
	w.Committed(len(group), time.Since(began))
	w.count(g.head.Seq - g.began)
	return nil
}

// count asks for a signature when enough rows have come.
func (w *writer) count(rows int64) {
	if w.unsigned += rows; w.unsigned < audit.SignEvery {
		return
	}
	w.unsigned = 0
	select {
	case w.due <- struct{}{}:
	default: // it was asked for already
	}
}

// lost leaves a transaction that cannot be committed. The guilty call, if there is one,
// hears the cause as it is and is not tried again.
func (w *writer) lost(group []*job, guilty *job, cause error) (again []*job) {
	cause = w.damaged(cause)
	w.Logger.Error("a transaction was lost with all its calls; those not to blame are tried once more", "err", cause)
	w.rollback()
	if guilty != nil {
		guilty.done <- cause
	}
	return w.undone(group, guilty, cause)
}

// undone sorts the calls of a group that was rolled back: a first-timer runs again, the
// others hear that nothing was changed.
func (w *writer) undone(group []*job, guilty *job, cause error) (again []*job) {
	w.Failed("lost")
	for _, j := range group {
		switch {
		case j == guilty:
		case j.retried:
			j.done <- fmt.Errorf("%w: %w", todos.ErrAuditUnavailable, cause)
		default:
			j.retried = true
			j.state.CompareAndSwap(jobBegun, jobWaiting)
			again = append(again, j)
		}
	}
	return again
}

// begin opens a transaction, on a new connection if the last one is gone.
func (w *writer) begin() (*group, error) {
	if err := w.inPlace(); err != nil {
		return nil, fmt.Errorf("the database was removed or replaced while it was served: %w; stop the server, put the database back, start again", err)
	}
	if w.conn == nil {
		conn, err := connect(w.ctx, w.db, w.turns)
		if err != nil {
			return nil, err
		}
		w.conn, w.wal = conn, statLog(w.Path)
	}
	if err := logInPlace(w.Path, w.wal); err != nil {
		return nil, errors.Join(err, w.conn.fold())
	}
	g, err := w.conn.begin(w.Now)
	if err != nil {
		w.rollback()
		return nil, err
	}
	g.storageLow = w.disk.low(w.Now())
	if ahead := g.now.Sub(w.Now()); ahead > time.Minute {
		w.clock.Do(func() {
			w.Logger.Warn("the newest audit row is in the future, so new rows get its time until the clock reaches it; check this machine's clock", "ahead", ahead)
		})
	}
	return g, nil
}

// rollback leaves the connection without a transaction, or drops it.
func (w *writer) rollback() {
	if err := w.conn.rollback(); err != nil {
		w.Logger.Warn("the writer opens a new connection", "err", errors.Join(err, w.conn.close()))
		w.conn = nil
	}
}

// close waits for the queued calls, then closes the connection. The last connection to
// close folds the WAL into the database file.
func (w *writer) close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.stopped
	var err error
	if w.conn != nil {
		err = w.conn.close()
		w.conn = nil
	}
	return errors.Join(err, w.db.Close())
}
