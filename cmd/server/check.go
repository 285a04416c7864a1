package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/config"
	"todomanager/internal/store/sqlite"
)

// checkCommand is what an operator runs before going live, and when people cannot sign
// in. It changes nothing.
type checkCommand struct {
	config.Server

	Show  bool   `help:"Only print the effective configuration, as an equivalent YAML file that says where each value comes from; contact no issuer and open no database."`
	Token string `placeholder:"FILE" help:"Also say whether the access token in this file would be accepted, claim by claim; - reads standard input."`
}

// Validate keeps tokens off the command line, where everybody on the machine sees them.
func (c *checkCommand) Validate() error {
	if err := c.Server.Validate(); err != nil {
		return err
	}
	if c.Show && c.Token != "" {
		return errors.New("--show is given with --token, but checks no token; leave one of the two out")
	}
	if strings.Count(c.Token, ".") == 2 && !strings.ContainsAny(c.Token, `/\`) && len(c.Token) > 100 {
		return errors.New("--token takes a file name, or - for standard input: a token on the command line can be seen by others")
	}
	return nil
}

// errUnfit is the result of a check that found something to fix.
var errUnfit = errors.New("fix the checks marked FAIL")

// Run prints every finding and fails if something must be fixed.
func (c *checkCommand) Run(ctx context.Context, std stdio) error {
	logger, err := std.logger("error")
	if err != nil {
		return err
	}
	certificate, err := c.Certificate()
	if err != nil {
		return err
	}
	all, err := newSites(&c.Server, entrance{logger: logger}, nil)
	if err != nil {
		return err
	}
	if c.Show {
		return c.show(std.out, all)
	}
	r := &report{w: std.out}
	for _, site := range all {
		r.section("public URL %s", site.PublicURL)
		r.print(auth.Finding{Check: "configuration", OK: true, Detail: "valid"})
		if certificate != nil && !c.BehindProxy && len(c.TrustedProxies) == 0 { // else clients see the proxy's
			r.print(certificateFinding(certificate.Leaf, site.PublicURL))
		}
		for _, survey := range site.verifier.Survey(ctx) {
			r.section("issuer %s", survey.Issuer)
			r.print(survey.Findings...)
		}
	}
	r.section("database %s", c.DB)
	r.print(databaseFinding(ctx, c.DB))
	if c.Token != "" {
		token, err := readToken(c.Token)
		if err != nil {
			return err
		}
		r.section("token")
		r.print(examine(ctx, all, token)...)
	}
	if r.err == nil && r.failed {
		return errUnfit
	}
	return r.err
}

// certificateFinding tells whether clients will take the certificate for the public URL's.
// Whether they trust its issuer is theirs to know.
func certificateFinding(leaf *x509.Certificate, publicURL string) auth.Finding {
	f := auth.Finding{Check: "certificate"}
	public, err := url.Parse(publicURL)
	if err == nil {
		err = leaf.VerifyHostname(public.Hostname())
	}
	switch ends := leaf.NotAfter.UTC().Format(time.RFC3339); {
	case err != nil:
		f.Detail, f.Mend = err.Error(), "get one that names the host of every public URL (--tls-cert), or change the public URL"
	case time.Now().Before(leaf.NotBefore):
		f.Detail, f.Mend = "not valid before "+leaf.NotBefore.UTC().Format(time.RFC3339), "set this machine's clock, or put another one in place (--tls-cert)"
	case time.Now().After(leaf.NotAfter):
		f.Detail, f.Mend = "expired at "+ends, "put a new one in place (--tls-cert)"
	default:
		f.OK, f.Detail = true, "good for "+public.Hostname()+" until "+ends
	}
	return f
}

// examine looks at a token as the site does where it gets furthest: the others stop at
// its issuer, which is not theirs.
func examine(ctx context.Context, all sites, token string) (findings []auth.Finding) {
	for _, site := range all {
		if here := site.verifier.Examine(ctx, token); len(here) > len(findings) {
			findings = here
		}
	}
	return findings
}

// readToken reads what may be a token with a line break behind it.
func readToken(name string) (string, error) {
	var in io.Reader = os.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("--token: %w", err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, auth.MaxTokenBytes+2))
	if err != nil {
		return "", fmt.Errorf("--token: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func databaseFinding(ctx context.Context, path string) auth.Finding {
	f := auth.Finding{Check: "database"}
	c, err := sqlite.Inspect(ctx, path)
	switch {
	case err != nil:
		f.Detail, f.Mend, _ = strings.Cut(err.Error(), "; ")
	case !c.Exists:
		return missingDatabase(path)
	case c.Version > c.Known:
		f.Detail = fmt.Sprintf("schema version %d, this program knows %d", c.Version, c.Known)
		f.Mend = "run the newer program, or restore a backup made before the upgrade"
	default:
		f.OK = true
		f.Detail = fmt.Sprintf("sound, %d KiB, schema version %d", c.Bytes>>10, c.Version)
		if c.Version < c.Known {
			f.Mend = fmt.Sprintf("make a backup: the next start upgrades the schema to version %d", c.Known)
		}
	}
	return f
}

// missingDatabase is what a first start finds. Whether it may write the folder is only
// known then.
func missingDatabase(path string) auth.Finding {
	f := auth.Finding{Check: "database", OK: true, Detail: "there is none yet",
		Mend: "nothing if this is the first start, which creates it; otherwise name the right file with --db"}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		f.OK, f.Detail, f.Mend = false, folder+" is not a folder", "name a path in a folder that this user may write (--db)"
	}
	return f
}

// report prints findings for people.
type report struct {
	w      io.Writer
	failed bool
	err    error // of the first write that failed
}

func (r *report) section(format string, args ...any) { r.printf("\n"+format+"\n", args...) }

func (r *report) print(findings ...auth.Finding) {
	for _, f := range findings {
		mark := "ok"
		switch {
		case !f.OK:
			mark, r.failed = "FAIL", true
		case f.Mend != "":
			mark = "note"
		}
		r.printf("  %-4s  %-18s  %s\n", mark, f.Check, audit.Printable(strings.ReplaceAll(f.Detail, "\n", "; "))) // issuers choose some of it
		if f.Mend != "" {
			r.printf("  %-4s  %-18s  fix: %s\n", "", "", audit.Printable(f.Mend))
		}
	}
}

func (r *report) printf(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format, args...)
	}
}
