package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
)

// tell says what was done, and what is to be done again.
func (c *restoreCommand) tell(ctx context.Context, w io.Writer, d sqlite.Restored, kept string) {
	lost := ""
	if d.LostSeq > d.LastSeq {
		lost = fmt.Sprintf("; rows up to %d had been written and are not in it", d.LostSeq)
	}
	fmt.Fprintf(w, "restored %s: the audit log continues from row %d%s\n", c.From, d.LastSeq, lost)
	if _, err := os.Stat(kept); err != nil {
		return // there was no database
	}
	fmt.Fprintf(w, "the previous database is kept as %s\n", kept)
	acts, err := actsAfter(ctx, kept, d.LastSeq)
	if err != nil {
		fmt.Fprintf(w, "its audit log cannot be read (%v): find out elsewhere who was blocked and erased since the copy was made\n", err)
		return
	}
	for _, kind := range []audit.Kind{audit.UserErase, audit.UserBlock, audit.UserUnblock, audit.AuditPrune} {
		if n := acts[kind]; n > 0 {
			fmt.Fprintf(w, "to be done again: %s, %s (audit list --db %s --after-seq %d --event %s)\n", kind, count(n, "time"), kept, d.LastSeq, kind)
		}
	}
}

// actsAfter counts what operators did after a row.
func actsAfter(ctx context.Context, path string, seq int64) (acts map[audit.Kind]int64, err error) {
	log, err := sqlite.OpenAuditLog(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	acts = make(map[audit.Kind]int64)
	_, err = log.Each(ctx, audit.Filter{AfterSeq: seq}, func(r audit.Row) error {
		acts[r.Event]++
		return nil
	})
	return acts, err
}
