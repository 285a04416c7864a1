package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// auditFilter are the flags that select rows.
type auditFilter struct {
	Since     since   `placeholder:"TIME" help:"Only rows since then: a duration back from now (90m, 24h, 7d), a date, or an RFC 3339 time."`
	Until     since   `placeholder:"TIME" help:"Only rows before then."`
	AfterSeq  int64   `placeholder:"N" help:"Only rows after row N."`
	BeforeSeq int64   `placeholder:"N" help:"Only rows before row N."`
	Issuer    string  `placeholder:"URL" help:"Only rows of this issuer."`
	Tenant    *string `placeholder:"TEXT" help:"Only rows of this tenant; empty for rows without one."`
	Subject   string  `placeholder:"TEXT" help:"Only what this subject did; with --issuer, of one person."`
	About     string  `placeholder:"TEXT" help:"Only what others did that concerns this subject."`
	Client    string  `placeholder:"ID" help:"Only rows of this client."`
	Token     string  `placeholder:"SHA256|@FILE|-" help:"Only rows of this token: its hash, as in token_sha256, or a file that holds the token, - for standard input."`
	Event     string  `placeholder:"NAME" help:"Only rows of this kind, such as tool.call or user.block."`
	Tool      string  `placeholder:"NAME" help:"Only rows of this tool or prompt; 'unknown' for names the server does not have."`
	Target    string  `placeholder:"ID" help:"Only rows of this todo."`
	Decision  string  `placeholder:"allow|deny" help:"Only rows with this decision."`
	Reason    string  `placeholder:"NAME" help:"Only rows with this reason."`
	RequestID string  `placeholder:"ID" help:"Only rows of this request, as in the access log."`
}

// Validate refuses a filter that can never match: an empty answer must mean that
// nothing happened.
func (c *auditFilter) Validate() error {
	errs := []error{
		notNegative("--after-seq", c.AfterSeq, "the seq of a row"),
		notNegative("--before-seq", c.BeforeSeq, "the seq of a row"),
		oneOf("--tool", c.Tool, append(todos.Names(), "")...),
		oneOf("--decision", c.Decision, "", string(audit.Allow), string(audit.Deny)),
		oneOf("--event", c.Event, append(texts(audit.Kinds()), "")...),
		oneOf("--reason", c.Reason, append(reasons(), "")...),
	}
	if c.Target != "" && !todos.IsID(c.Target) {
		errs = append(errs, fmt.Errorf("--target is %q: the id of a todo has 13 characters from a-z and 2-7", c.Target))
	}
	if c.Token != "" && c.Token != "-" && !strings.HasPrefix(c.Token, "@") {
		if _, err := parseHash(c.Token); err != nil {
			// The value may be a token: it is not repeated.
			errs = append(errs, errors.New("--token takes 64 hexadecimal digits, @FILE, or - for standard input: a token on the command line can be seen by others"))
		}
	}
	return errors.Join(errs...)
}

// reasons are all that a row can have.
func reasons() []string {
	return slices.Concat(texts(audit.Reasons()), texts(audit.CountedReasons()))
}

// filter returns what the flags select, seen from now. It reads the token.
func (c *auditFilter) filter(now time.Time) (audit.Filter, error) {
	tokens, err := c.tokens()
	return audit.Filter{
		Since: c.Since.before(now), Until: c.Until.before(now), AfterSeq: c.AfterSeq, BeforeSeq: c.BeforeSeq,
		Issuer: c.Issuer, Tenant: c.Tenant, Subject: c.Subject, TargetSubject: c.About, ClientID: c.Client, Tokens: tokens,
		Event: audit.Kind(c.Event), Tool: c.Tool, TargetID: c.Target, Decision: audit.Decision(c.Decision),
		Reason: audit.Reason(c.Reason), RequestID: c.RequestID,
	}, err
}

// tokens returns the hashes that a row of the token may have: of a JWT that of what is
// signed, or of the whole where its issuer is asked about it.
func (c *auditFilter) tokens() ([]audit.Hash, error) {
	var text []byte
	var err error
	switch name, isFile := strings.CutPrefix(c.Token, "@"); {
	case c.Token == "":
		return nil, nil
	case isFile:
		text, err = os.ReadFile(name)
	case c.Token == "-":
		text, err = io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	default:
		hash, err := parseHash(c.Token)
		return []audit.Hash{hash}, err
	}
	if err != nil {
		return nil, fmt.Errorf("--token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	hashes := []audit.Hash{sha256.Sum256([]byte(token))}
	if strings.Count(token, ".") == 2 {
		hashes = append(hashes, sha256.Sum256([]byte(token[:strings.LastIndexByte(token, '.')])))
	}
	return hashes, nil
}

func parseHash(digits string) (h audit.Hash, err error) {
	err = h.UnmarshalText([]byte(digits))
	return h, err
}

func notNegative(flag string, n int64, what string) error {
	if n < 0 {
		return fmt.Errorf("%s is %d: use %s", flag, n, what)
	}
	return nil
}

func oneOf(flag, value string, known ...string) error {
	if slices.Contains(known, value) {
		return nil
	}
	known = slices.DeleteFunc(slices.Clone(known), func(s string) bool { return s == "" })
	return fmt.Errorf("%s is %q: use one of %s", flag, value, strings.Join(known, ", "))
}

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = string(v)
	}
	return all
}
