package sqlite

import (
	"fmt"
	"path/filepath"
	"time"
)

// diskInterval is how often the free space is looked at. A group of calls takes far less
// than the reserve in that time.
const diskInterval = time.Second

// disk watches the space that is left where the database is. It belongs to the writer's
// goroutine.
type disk struct {
	options Options
	looked  time.Time
	lowNow  bool
}

// low reports whether changes must be refused. Space that cannot be told is not low: the
// disk itself will refuse.
func (d *disk) low(now time.Time) bool {
	if now.Sub(d.looked).Abs() < diskInterval {
		return d.lowNow
	}
	d.looked = now
	err := d.options.spaceLow()
	if was := d.lowNow; was != (err != nil) {
		d.lowNow = err != nil
		if d.lowNow {
			d.options.Logger.Error("changes are refused until there is space again", "err", err)
		} else {
			d.options.Logger.Info("there is space again: changes are accepted")
		}
	}
	return d.lowNow
}

// spaceLow returns an error if less than the reserve is free. It remembers nothing, so
// any goroutine may ask.
func (o Options) spaceLow() error {
	if o.MinFree == nil {
		return nil
	}
	reserve := o.MinFree()
	if reserve == 0 {
		return nil
	}
	free, err := o.Free(filepath.Dir(o.Path))
	if err != nil {
		return nil //nolint:nilerr // what cannot be told is not low
	}
	if free < reserve {
		return fmt.Errorf("%d MiB are free where %s is, less than the %d MiB of --min-free; free some, prune the audit log, or move the database", free>>20, o.Path, reserve>>20)
	}
	return nil
}
