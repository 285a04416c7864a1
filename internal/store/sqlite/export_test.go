package sqlite

import "database/sql/driver"

// WithConnector lets a test stand between the store and the driver.
func (o Options) WithConnector(wrap func(driver.Connector) driver.Connector) Options {
	o.wrap = wrap
	return o
}

// Waiting returns how many calls wait for the writer.
func (s *Store) Waiting() int { return len(s.writer.queue) }

// The limits that tests reach.
const (
	QueueLimit    = queueLimit
	GroupLimit    = groupLimit
	WriteDeadline = writeDeadline
)
