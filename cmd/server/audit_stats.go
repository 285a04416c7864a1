package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/observe"
	"todomanager/internal/store/sqlite"
)

// auditStatsCommand sums up the log.
type auditStatsCommand struct {
	databaseFlags

	Since  since   `default:"30d" placeholder:"TIME" help:"Sum up what happened since then (${default}): a duration back from now, a date, or an RFC 3339 time."`
	Issuer string  `placeholder:"URL" help:"Count only what happened under this issuer. Size and growth are those of the whole log."`
	Tenant *string `placeholder:"TEXT" help:"Count only what happened in this tenant; empty for what has none."`
	Top    int     `default:"10" placeholder:"N" help:"How many people and clients to show (${default})."`
	Output string  `short:"o" default:"text" placeholder:"text|json" help:"Format of the output (${default})."`
}

// Validate refuses what makes no sense.
func (c *auditStatsCommand) Validate() error {
	return errors.Join(notNegative("--top", int64(c.Top), "a number of people"), oneOf("-o", c.Output, "text", "json"))
}

// Run prints the sums.
func (c *auditStatsCommand) Run(ctx context.Context, std stdio) (err error) {
	log, err := sqlite.OpenAuditLog(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	now := time.Now()
	stats, err := log.Stats(ctx, audit.StatsQuery{Since: c.Since.before(now), Now: now, Issuer: c.Issuer, Tenant: c.Tenant, Top: c.Top})
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return json.NewEncoder(std.out).Encode(stats)
	}
	return printStats(std.out, &stats, observe.Terminal(std.out))
}

// printStats prints tables, on a terminal with bars.
func printStats(out io.Writer, s *audit.Stats, bars bool) error {
	p := &statsPrinter{w: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), bars: bars}
	p.size(&s.Size)
	p.selected(s)
	p.section("CALLS SINCE "+s.Since.Format(time.RFC3339), "ALLOWED", "DENIED")
	p.outcomes("all", s.Calls, 0)
	p.calls(s)
	p.counts("DENIED BECAUSE", s.Denials)
	p.counts("REFUSED BEFORE A CALL", s.Refusals)
	p.uses("BUSIEST PEOPLE", s.Subjects)
	p.uses("BUSIEST CLIENTS", s.Clients)
	return errors.Join(p.err, p.w.Flush())
}

// statsPrinter writes lines of cells. Its errors stay.
type statsPrinter struct {
	w    *tabwriter.Writer
	bars bool
	err  error
}

func (p *statsPrinter) line(cells ...string) {
	_, err := fmt.Fprintln(p.w, strings.Join(cells, "\t"))
	p.err = errors.Join(p.err, err)
}

func (p *statsPrinter) section(cells ...string) {
	p.err = errors.Join(p.err, p.w.Flush()) // columns are aligned within a section
	p.line()
	p.line(cells...)
}

func (p *statsPrinter) size(z *audit.Size) {
	if z.LastSeq == 0 {
		p.line("LOG", "empty")
		return
	}
	p.line("LOG", fmt.Sprintf("rows %d to %d", z.FirstSeq, z.LastSeq))
	p.line("", z.FirstAt.Format(time.RFC3339)+" to "+z.LastAt.Format(time.RFC3339))
	p.line("", fmt.Sprintf("about %s, %d bytes a row", sizeText(z.Bytes), z.RowBytes))
	p.line("FILE", fmt.Sprintf("%s, of which %s free; write-ahead log %s", sizeText(z.FileBytes), sizeText(z.FreeBytes), sizeText(z.WALBytes)))
	p.line("GROWTH", fmt.Sprintf("%d rows a day, about %s a year", z.RowsPerDay, sizeText(z.BytesPerYear)))
}

// selected says what is left out of all that follows, so that nobody takes it for the whole.
func (p *statsPrinter) selected(s *audit.Stats) {
	if s.Issuer != "" {
		p.line("ONLY", "issuer "+audit.Quoted(s.Issuer))
	}
	if s.Tenant != nil {
		p.line("ONLY", "tenant "+audit.Quoted(*s.Tenant))
	}
}

func (p *statsPrinter) calls(s *audit.Stats) {
	if len(s.Tools) == 0 {
		return
	}
	p.section("TOOL", "ALLOWED", "DENIED")
	for _, t := range s.Tools {
		p.outcomes(t.Tool, t.Outcomes, 0)
	}
	most := int64(0)
	for _, d := range s.Days {
		most = max(most, d.Allowed+d.Denied)
	}
	p.section("DAY", "ALLOWED", "DENIED")
	for _, d := range s.Days {
		p.outcomes(d.Day, d.Outcomes, most)
	}
}

// outcomes prints one line. Where bars are wanted it ends with one, whose full width stands
// for that many calls; if most is 0 it has none.
func (p *statsPrinter) outcomes(name string, o audit.Outcomes, most int64) {
	cells := []string{audit.Printable(name), fmt.Sprint(o.Allowed), fmt.Sprint(o.Denied)}
	if p.bars && most > 0 {
		cells = append(cells, bar(o.Allowed, most, '█')+bar(o.Denied, most, '░'))
	}
	p.line(cells...)
}

func (p *statsPrinter) counts(title string, list []audit.Count) {
	if len(list) == 0 {
		return
	}
	p.section(title, "TIMES")
	for _, c := range list {
		name := string(c.Reason)
		if !c.Event.IsCall() {
			name = string(c.Event) + " " + name
		}
		cells := []string{name, fmt.Sprint(c.Count)}
		if p.bars {
			most := list[0].Count
			cells = append(cells, bar(c.Count, most, '█'))
		}
		p.line(cells...)
	}
}

func (p *statsPrinter) uses(title string, list []audit.UseStats) {
	if len(list) == 0 {
		return
	}
	p.section(title, "ALLOWED", "DENIED", "ISSUER", "TENANT")
	for _, u := range list {
		name := "(erased)"
		if u.Name != nil {
			name = audit.Quoted(*u.Name)
		}
		p.line(name, fmt.Sprint(u.Allowed), fmt.Sprint(u.Denied), audit.Printable(u.Issuer), cmp.Or(audit.Printable(u.Tenant), "-"))
	}
}

// barWidth is the length of the longest bar, in characters.
const barWidth = 40

// bar is at least one character for what is more than nothing.
func bar(n, most int64, block rune) string {
	return strings.Repeat(string(block), int((n*barWidth+most-1)/most))
}

// sizeText is a number of bytes with a unit.
func sizeText(n int64) string {
	const units = "KMGTP"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), -1
	for value >= 1<<10 && unit < len(units)-1 {
		value /= 1 << 10
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}
