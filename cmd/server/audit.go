package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

type auditCommand struct {
	List   auditListCommand   `cmd:"" help:"Print audit rows, oldest first. Works beside a running server and changes no data."`
	Verify auditVerifyCommand `cmd:"" help:"Prove that the log was not changed, or tell what was. Exit code 0 intact, 3 proof is missing, 4 tampered."`
}

// auditListCommand prints rows of the log.
type auditListCommand struct {
	Config string `env:"TODO_CONFIG" placeholder:"FILE" help:"YAML file; its db key names the database."`
	DB     string `name:"db" env:"TODO_DB" default:"todos.db" placeholder:"FILE" help:"SQLite database (${default})."`

	Since    since  `placeholder:"TIME" help:"Only rows since then: a duration back from now (90m, 24h, 7d), a date, or an RFC 3339 time."`
	Issuer   string `placeholder:"URL" help:"Only rows of this issuer."`
	Subject  string `placeholder:"TEXT" help:"Only rows of this subject; with --issuer, of one person."`
	Tool     string `placeholder:"NAME" help:"Only rows of this tool; 'unknown' for names the server does not have."`
	Decision string `placeholder:"allow|deny" help:"Only rows with this decision."`
	Limit    int64  `placeholder:"N" help:"Only the newest N of these rows (all)."`
	Output   string `short:"o" default:"table" placeholder:"table|jsonl" help:"Form of the output (${default})."`
}

// Validate refuses a filter that can never match: an empty answer must mean that
// nothing happened.
func (c *auditListCommand) Validate() error {
	if c.Limit < 0 {
		return fmt.Errorf("--limit is %d: use a number of rows, or 0 for all", c.Limit)
	}
	var errs []error
	if c.Tool != "" {
		errs = append(errs, oneOf("--tool", c.Tool, todos.ToolCreate, todos.ToolList, todos.ToolDelete, audit.UnknownTool))
	}
	if c.Decision != "" {
		errs = append(errs, oneOf("--decision", c.Decision, string(audit.Allow), string(audit.Deny)))
	}
	return errors.Join(append(errs, oneOf("-o", c.Output, "table", "jsonl"))...)
}

func oneOf(flag, value string, known ...string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("%s is %q: use one of %s", flag, value, strings.Join(known, ", "))
}

// printer is a form of output.
type printer interface {
	Print(audit.Row) error
	Flush() error
}

// Run prints the rows.
func (c *auditListCommand) Run(ctx context.Context, std stdio) (err error) {
	log, err := sqlite.OpenAuditLog(c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()

	var p printer = audit.NewTable(std.out)
	if c.Output == "jsonl" {
		p = audit.NewJSONL(std.out)
	}
	filter := audit.Filter{
		Since: c.Since.before(time.Now()), Issuer: c.Issuer, Subject: c.Subject, Tool: c.Tool, Decision: audit.Decision(c.Decision), Limit: c.Limit,
	}
	if err := log.Each(ctx, filter, p.Print); err != nil {
		return err
	}
	return p.Flush()
}

// since is a point in time, or a distance back from now.
type since struct {
	time time.Time
	back time.Duration
}

// UnmarshalText reads a duration (with d for days), a date, or an RFC 3339 time.
func (s *since) UnmarshalText(text []byte) (err error) {
	value := string(text)
	if days, isDays := strings.CutSuffix(value, "d"); isDays {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n > 0 {
			s.back = time.Duration(n) * 24 * time.Hour
			return nil
		}
	}
	if s.back, err = time.ParseDuration(value); err == nil && s.back > 0 {
		return nil
	}
	s.back = 0
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if s.time, err = time.Parse(layout, value); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is not a time: use 90m, 24h, 7d, 2006-01-02 or 2006-01-02T15:04:05Z", value)
}

// before returns the point in time, seen from now; zero if none was given.
func (s since) before(now time.Time) time.Time {
	if s.back > 0 {
		return now.Add(-s.back)
	}
	return s.time
}
