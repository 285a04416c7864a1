package sqlite

import (
	"fmt"
	"time"

	lib "modernc.org/sqlite/lib"
)

// turns is how a process waits while another one writes. SQLite's own way is to look
// after 1, 2, 5, 10 ms and at last ten times a second: too seldom to be in time between
// two of a server's groups under load, and for a server beside an operator's command.
type turns struct {
	patience time.Duration // before it gives up
	looks    int           // before each pause of a millisecond
}

var (
	serverTurns = turns{patience: 5 * time.Second, looks: 1}
	adminTurns  = turns{patience: 30 * time.Second, looks: 1000}
)

// take begins a transaction once nobody else has one.
func (t turns) take(begin func() error) error {
	giveUp := time.Now().Add(t.patience)
	for look := 1; ; look++ {
		err := begin()
		if code(err) != lib.SQLITE_BUSY {
			return err
		}
		if time.Now().After(giveUp) {
			return fmt.Errorf("another process has been writing for %v: %w", t.patience, err)
		}
		if look%t.looks == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}
