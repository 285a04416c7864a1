package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite"
)

// auditVerifyCommand proves that the log was not changed, or says what was.
type auditVerifyCommand struct {
	auditFileFlags

	Key     string   `placeholder:"FILE|KEY" help:"Public key, or a file of them, kept where nobody who can change the database can change it (default: beside the audit key)."`
	Heads   string   `placeholder:"FILE" help:"A file of signed heads, kept likewise, for example taken from the server's log (default: --audit-heads)."`
	Segment []string `sep:"none" placeholder:"FILE|FOLDER" help:"Verify this exported segment, or all of a folder, rather than the database. May be given several times."`
	Output  string   `short:"o" default:"text" placeholder:"text|json" help:"Format of the output (${default})."`
}

// Validate refuses unknown forms.
func (c *auditVerifyCommand) Validate() error { return oneOf("-o", c.Output, "text", "json") }

// Run verifies, prints the report, and ends with the code that says what it came to.
func (c *auditVerifyCommand) Run(ctx context.Context, std stdio) (err error) {
	if len(c.Segment) > 0 {
		return c.verifySegments(std.out)
	}
	log, err := sqlite.OpenAuditLog(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	evidence, missing, err := c.evidence()
	if err != nil {
		return err
	}
	r, err := audit.Verify(ctx, log, evidence)
	if err != nil {
		return err
	}
	r.Missing = append(r.Missing, missing...)
	if err := c.print(std.out, &r); err != nil {
		return err
	}
	switch {
	case r.Fault != nil:
		return exitError{code: exitTampered}
	case !r.Complete():
		return exitError{code: exitIncomplete}
	}
	return nil
}

// evidence reads the keys and heads. What is not there makes the proof incomplete; what
// is there and cannot be read, or is none, is an error.
func (c *auditVerifyCommand) evidence() (e audit.Evidence, missing []string, err error) {
	_, heads := c.paths()
	if c.Heads != "" {
		heads = c.Heads
	}
	if e.Keys, err = c.keys(c.Key); err != nil { // nil if there are none: the report says so
		return e, nil, err
	}
	e.Heads, err = audit.HeadsFile(heads).Notes()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return e, []string{"no file of signed heads at " + heads + ": only those in the database were checked"}, nil
	case err == nil && len(e.Heads) == 0:
		return e, []string{"no signed head in " + heads + ": only those in the database were checked"}, nil
	}
	return e, nil, err
}

// publicKeys reads what --key names, or the file beside the private key.
func publicKeys(named, beside string) (note.Verifiers, error) {
	if strings.HasPrefix(named, audit.KeyName+"+") {
		return audit.ParseKeys(named)
	}
	return audit.ReadKeys(cmp.Or(named, beside))
}

func (c *auditVerifyCommand) print(w io.Writer, r *audit.Report) error {
	if c.Output == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s "+format+"\n", append([]any{name}, args...)...)
	}
	line("log", "%s", r.LogID)
	if r.Fault == nil {
		line("rows", "%d, from %d to %d; people were erased from %d of them", r.Rows, r.FirstSeq, r.LastSeq, r.Erased)
		line("heads", "%d signatures agree with their rows", r.Heads)
	}
	if r.Newest != nil {
		line("newest", "row %d, signed at %s; %d rows since", r.Newest.Seq, r.Newest.SignedAt.UTC().Format(time.RFC3339), r.Unsigned)
	}
	for _, g := range r.Restored {
		line("restored", "to row %d at %s, which voided %s for later rows; if nobody knows about this, somebody else has the key", g.Seq, g.At.UTC().Format(time.RFC3339), count(int64(g.Void), "signed head"))
	}
	for _, m := range r.Missing {
		line("missing", "%s", m)
	}
	switch {
	case r.Fault != nil:
		line("TAMPERED", "%s", r.Fault)
	case !r.Complete():
		line("verdict", "as far as could be checked, nothing was changed")
	default:
		line("verdict", "intact")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
