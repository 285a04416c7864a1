package sqlite

import (
	"context"
	"errors"
	"strconv"
	"time"

	lib "modernc.org/sqlite/lib"
)

const (
	// stepTime is how long one of many transactions may keep others from writing.
	stepTime = 10 * time.Millisecond
	// restFactor is how much longer the database is then left to others, who look again
	// every millisecond: see turns.
	restFactor = 2
	// smallestStep is fewer than any disk does in stepTime, but for the commit itself.
	smallestStep = 16
)

// inSteps changes much in transactions of about stepTime, so that a server beside it
// goes on. fn does at most so many units of work and reports how many it did; fewer mean
// that nothing is left.
func (a *Admin) inSteps(ctx context.Context, fn func(t *tx, most int) (int, error)) error {
	rest := time.NewTimer(0)
	defer rest.Stop()
	for most := smallestStep; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-rest.C:
		}
		var done int
		var began time.Time // not counting the wait for others
		err := a.write(func(t *tx) (err error) {
			began = time.Now()
			done, err = fn(t, most)
			return err
		})
		if err != nil || done < most {
			return err
		}
		took := time.Since(began)
		rest.Reset(restFactor * took)
		most = nextStep(most, took)
	}
}

// nextStep steers towards stepTime, carefully upwards and at once downwards.
func nextStep(most int, took time.Duration) int {
	switch {
	case took > stepTime:
		return max(smallestStep, int(int64(most)*int64(stepTime)/int64(took)))
	case took < stepTime/2:
		return most * 2
	default:
		return most
	}
}

// giveBack returns free pages to the file system.
func (a *Admin) giveBack(ctx context.Context) error {
	return a.inSteps(ctx, func(t *tx, most int) (int, error) {
		before, err := t.freePages(ctx)
		if err != nil || before == 0 {
			return 0, err
		}
		// Each page is a row of this statement's result.
		rows, err := t.conn.QueryContext(ctx, "PRAGMA incremental_vacuum("+strconv.Itoa(most)+")")
		if err != nil {
			return 0, classify("give back free pages", err)
		}
		for rows.Next() {
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return 0, classify("give back free pages", err)
		}
		after, err := t.freePages(ctx)
		return before - after, err
	})
}

func (t *tx) freePages(ctx context.Context) (n int, err error) {
	err = t.conn.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&n)
	return n, classify("count free pages", err)
}

// foldLog moves what is in the write-ahead log into the file and empties the log, unless
// somebody reads from it just now. It waits for nobody.
func (a *Admin) foldLog(ctx context.Context) error {
	for _, text := range []string{"PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := a.conn.ExecContext(ctx, text); err != nil && code(err) != lib.SQLITE_BUSY {
			return err
		}
	}
	return nil
}
