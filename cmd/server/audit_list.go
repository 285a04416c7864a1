package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
)

// auditListCommand prints rows of the log.
type auditListCommand struct {
	databaseFlags

	auditFilter

	Limit    int64         `placeholder:"N" help:"Only the newest N of these rows (default: all)."`
	ScanTime time.Duration `default:"10s" placeholder:"DURATION" help:"With --limit: how long to look through rows for those that match; no effect with --subject, --about, --target or --request-id (${default})."`
	Follow   bool          `short:"f" help:"Keep printing rows as they arrive."`
	Output   string        `short:"o" default:"table" placeholder:"table|jsonl|csv" help:"Format of the output (${default})."`
}

// Validate refuses what makes no sense.
func (c *auditListCommand) Validate() error {
	errs := []error{
		c.auditFilter.Validate(),
		notNegative("--limit", c.Limit, "a number of rows, or 0 for all"),
		oneOf("-o", c.Output, "table", "jsonl", "csv"),
	}
	if c.ScanTime <= 0 {
		errs = append(errs, fmt.Errorf("--scan-time is %v: use a duration such as 10s", c.ScanTime))
	}
	if c.Follow && (c.BeforeSeq > 0 || c.Until != since{}) {
		errs = append(errs, errors.New("--follow waits for new rows, and --until or --before-seq exclude them: leave one out"))
	}
	return errors.Join(errs...)
}

func (c *auditListCommand) printer(std stdio) audit.Printer {
	switch c.Output {
	case "jsonl":
		return audit.NewJSONL(std.out)
	case "csv":
		return audit.NewCSV(std.out)
	default:
		return audit.NewTable(std.out)
	}
}

// Run prints the rows.
func (c *auditListCommand) Run(ctx context.Context, std stdio) (err error) {
	filter, err := c.filter(time.Now())
	if err != nil {
		return err
	}
	filter.Limit, filter.ScanTime = c.Limit, c.ScanTime
	log, err := sqlite.OpenAuditLog(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()

	p := c.printer(std)
	printed := int64(0)
	first := int64(0)
	show := func(r audit.Row) error {
		if printed++; printed == 1 {
			first = r.Seq
		}
		return p.Print(r)
	}
	if c.Follow {
		return c.follow(ctx, std.err, log, filter, p, show)
	}
	seen, err := log.Each(ctx, filter, show)
	if err == nil {
		err = p.Flush()
	}
	switch {
	case err != nil:
		return err
	case seen.Stopped:
		return exitError{exitIncomplete, c.stopped(seen)}
	case c.Limit > 0 && printed == c.Limit && first > 1:
		fmt.Fprintf(std.err, "older rows: --before-seq %d\n", first)
	}
	return nil
}

// stopped tells that --scan-time ended before all rows were looked through.
func (c *auditListCommand) stopped(seen audit.Seen) error {
	return fmt.Errorf("searched rows down to %d within --scan-time %v; for older ones use --before-seq %d", seen.From, c.ScanTime, seen.From)
}

// followInterval is how long a row may be there before --follow shows it.
const followInterval = 200 * time.Millisecond

// follow prints rows until ctx ends, which is how it is told to stop.
func (c *auditListCommand) follow(ctx context.Context, notes io.Writer, log *sqlite.AuditLog, f audit.Filter, p audit.Printer, show func(audit.Row) error) error {
	tick := time.NewTicker(followInterval)
	defer tick.Stop()
	for {
		seen, err := log.Each(ctx, f, show)
		if ctx.Err() != nil {
			return p.Flush()
		}
		if err == nil {
			err = p.Flush()
		}
		if err != nil {
			return err
		}
		if seen.Stopped {
			fmt.Fprintf(notes, "%v\n", c.stopped(seen))
		}
		f.Limit, f.Since, f.AfterSeq = 0, time.Time{}, max(f.AfterSeq, seen.To)
		select {
		case <-ctx.Done():
			return p.Flush()
		case <-tick.C:
		}
	}
}
