package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/config"
	"todomanager/internal/store/sqlite"
)

// tenantsCommand is about tenants as a whole.
type tenantsCommand struct {
	List tenantsListCommand `cmd:"" help:"Print what each tenant has. Works beside a running server and changes no data. Exit code 3: --scan-time ran out."`
	Move tenantsMoveCommand `cmd:"" help:"Give everybody's todos to the same subjects of another tenant: the provider's URL changed, or a tenant claim came or went."`
}

// tenantFlags are what commands about tenants go by. Of the issuers they know no more than is
// configured for the command itself: none is no error.
type tenantFlags struct {
	databaseFlags

	Issuer config.Issuers `env:"TODO_ISSUER" placeholder:"URL,..." help:"The issuers that the server trusts, to tell which tenants nobody can sign in to."`
}

// orphaned returns why nobody can sign in to a tenant; empty if somebody can, or if no
// issuers are configured.
func (f *tenantFlags) orphaned(id sqlite.TenantID) string {
	n := slices.IndexFunc(f.Issuer, func(i *config.Issuer) bool { return i.URL == id.Issuer })
	switch {
	case len(f.Issuer) == 0:
		return ""
	case n < 0:
		return "issuer is not configured"
	}
	profile, _ := auth.Profile(f.Issuer[n].Profile)
	switch claim := cmp.Or(f.Issuer[n].TenantClaim, profile.TenantClaim); {
	case claim != "" && id.Tenant == "":
		return "issuer has a tenant claim"
	case claim == "" && id.Tenant != "":
		return "issuer has no tenant claim"
	}
	return ""
}

// tenantsListCommand prints the tenants.
type tenantsListCommand struct {
	tenantFlags

	ScanTime time.Duration `default:"30s" placeholder:"DURATION" help:"How long to count audit rows, from the newest back (${default})."`
	Output   string        `short:"o" default:"table" placeholder:"table|json" help:"Format of the output (${default})."`
}

// Validate refuses what makes no sense.
func (c *tenantsListCommand) Validate() error {
	errs := []error{oneOf("-o", c.Output, "table", "json")}
	if c.ScanTime <= 0 {
		errs = append(errs, fmt.Errorf("--scan-time is %v: use a duration such as 30s", c.ScanTime))
	}
	return errors.Join(errs...)
}

// tenantLine is a tenant as it is printed.
type tenantLine struct {
	sqlite.TenantID
	People     int64     `json:"people"`
	Todos      int64     `json:"todos"`
	Bytes      int64     `json:"bytes"`
	Blocked    int64     `json:"blocked"`
	AuditRows  int64     `json:"audit_rows"`
	LastActive time.Time `json:"last_active,omitzero"`
	Orphaned   string    `json:"orphaned,omitempty"`
}

// Run prints them.
func (c *tenantsListCommand) Run(ctx context.Context, std stdio) error {
	list, firstSeq, err := sqlite.ListTenants(ctx, c.DB, c.ScanTime)
	if err != nil {
		return err
	}
	lines := make([]tenantLine, len(list))
	for i, t := range list {
		lines[i] = tenantLine{t.TenantID, t.People, t.Todos, t.Bytes, t.Blocked, t.AuditRows, t.LastActive, c.orphaned(t.TenantID)}
	}
	if c.Output == "json" {
		err = json.NewEncoder(std.out).Encode(map[string]any{"tenants": lines, "audit_rows_from": max(1, firstSeq)})
	} else {
		err = printTenants(std.out, lines, firstSeq > 0)
	}
	if err == nil && firstSeq > 0 {
		err = exitError{exitIncomplete, fmt.Errorf("audit rows were counted down to row %d within --scan-time %v: there may be more, and more tenants", firstSeq, c.ScanTime)}
	}
	return err
}

func printTenants(out io.Writer, lines []tenantLine, more bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(w, "ISSUER\tTENANT\tPEOPLE\tTODOS\tTEXT\tBLOCKED\tAUDIT ROWS\tLAST ACTIVE\tNOTE")
	for _, t := range lines {
		rows, active := strconv.FormatInt(t.AuditRows, 10), "-"
		if more {
			rows += "+"
		}
		if !t.LastActive.IsZero() {
			active = t.LastActive.Format(time.RFC3339)
		}
		_, failed := fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%d\t%s\t%s\t%s\n", audit.Printable(t.Issuer), cmp.Or(audit.Printable(t.Tenant), "-"),
			t.People, t.Todos, sizeText(t.Bytes), t.Blocked, rows, active, cmp.Or(t.Orphaned, "-"))
		err = errors.Join(err, failed)
	}
	return errors.Join(err, w.Flush())
}
