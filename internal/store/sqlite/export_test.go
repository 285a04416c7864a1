package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"time"
)

// WithConnector lets a test stand between the store and the driver. Other processes are
// then not waited for long.
func (o Options) WithConnector(wrap func(driver.Connector) driver.Connector) Options {
	o.wrap, o.turns = wrap, turns{patience: 20 * time.Millisecond, looks: 1}
	return o
}

// WriterPool opens connections as the writer's are.
func (o Options) WriterPool() (*sql.DB, error) { return o.pool(forWriting, 1) }

// ReaderPool opens connections as the readers' are.
func (o Options) ReaderPool() (*sql.DB, error) { return o.pool(forReading, 1) }

// LookerPool opens connections as other processes' are.
func (o Options) LookerPool() (*sql.DB, error) { return o.pool(forLooking, 1) }

// The limits that tests reach.
const (
	QueueLimit    = queueLimit
	GroupLimit    = groupLimit
	WriteDeadline = writeDeadline
)

// ForgetDamage lets a store that met a damaged page be ready again. It reports whether it had.
func (s *Store) ForgetDamage() bool { return s.writer.damage.Swap(false) }

// GatherWait is how long a group waits for callers that may come.
const GatherWait = gatherWait

// Readers is how many can read at a time.
func (s *Store) Readers() int { return cap(s.reading) }

// TakeReaders takes all readers, until release is called.
func (s *Store) TakeReaders() (release func()) {
	for range cap(s.reading) {
		s.reading <- struct{}{}
	}
	return func() {
		for range cap(s.reading) {
			s.doneReading()
		}
	}
}

// WithMend says what to do about an error of looking at a database.
var WithMend = withMend
