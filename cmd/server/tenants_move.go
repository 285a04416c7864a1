package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"todomanager/internal/store/sqlite"
)

// tenantsMoveCommand moves a tenant.
type tenantsMoveCommand struct {
	tenantFlags

	From       string `required:"" placeholder:"URL" help:"The issuer that has the todos now, as in tenants list."`
	FromTenant string `placeholder:"TEXT" help:"Its tenant; leave it out where there is none."`
	To         string `required:"" placeholder:"URL" help:"The issuer that people sign in with from now on, as in the configuration."`
	ToTenant   string `placeholder:"TEXT" help:"Its tenant, where it has a tenant claim."`
	Yes        bool   `help:"Carry it out; without this flag the command only reports what it would do."`
}

// Validate refuses what moves nothing, or to where nobody ever signs in.
func (c *tenantsMoveCommand) Validate() error {
	u, err := url.Parse(c.To)
	switch {
	case c.From == "":
		return errors.New("--from is empty: name the issuer that has the todos, as in tenants list")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("--to is %.128q: not an issuer's URL; write it as in the configuration, for example https://id.example.com", c.To)
	case c.from() == c.to():
		return fmt.Errorf("--to is %q with --to-tenant %q, the same as --from: name another issuer or tenant", c.To, c.ToTenant)
	}
	return nil
}

func (c *tenantsMoveCommand) from() sqlite.TenantID {
	return sqlite.TenantID{Issuer: c.From, Tenant: c.FromTenant}
}

func (c *tenantsMoveCommand) to() sqlite.TenantID {
	return sqlite.TenantID{Issuer: c.To, Tenant: c.ToTenant}
}

// Run moves, or tells what it would move.
func (c *tenantsMoveCommand) Run(ctx context.Context, std stdio) (err error) {
	admin, err := sqlite.OpenAdmin(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	c.warn(std)
	if !c.Yes {
		return c.foretell(ctx, admin, std)
	}
	done, err := admin.MoveTenant(ctx, c.from(), c.to(), operator())
	switch {
	case err != nil && done.Step == "begin":
		return fmt.Errorf("%w; the move is not complete: run the command again", err)
	case err != nil:
		return err
	case done.Step == "":
		c.doubt(std)
		_, err = fmt.Fprintln(std.out, "nothing was changed")
	default:
		_, err = fmt.Fprintf(std.out, "moved: %s of %s, %s copied; move %s\n",
			count(done.Todos, "todo"), people(done.People), count(done.Blocks, "block"), done.ID)
	}
	return err
}

func (c *tenantsMoveCommand) foretell(ctx context.Context, admin *sqlite.Admin, std stdio) error {
	found, err := admin.Movable(ctx, c.from(), c.to())
	if err != nil {
		return err
	}
	if found.Todos+found.Blocks == 0 {
		c.doubt(std)
	}
	merged := ""
	if found.Merged > 0 {
		merged = fmt.Sprintf("; %s with todos in both tenants will have them in one list", people(found.Merged))
	}
	_, err = fmt.Fprintf(std.out, "nothing was changed; with --yes: %s of %s moved, %s copied%s\n",
		count(found.Todos, "todo"), people(found.People), count(found.Blocks, "block"), merged)
	return err
}

// doubt tells of a tenant without anything: the name may be misspelt.
func (c *tenantsMoveCommand) doubt(std stdio) {
	fmt.Fprintf(std.err, "server: nothing to move is stored under issuer %q and tenant %q: compare the two with tenants list\n", c.From, c.FromTenant)
}

// warn tells what the configuration makes of the move.
func (c *tenantsMoveCommand) warn(std stdio) {
	if len(c.Issuer) == 0 {
		return
	}
	if why := c.orphaned(c.to()); why != "" {
		fmt.Fprintf(std.err, "server: nobody can sign in to issuer %q and tenant %q as this command is configured: %s\n", c.To, c.ToTenant, why)
	}
	if c.orphaned(c.from()) == "" {
		fmt.Fprintf(std.err, "server: people can still sign in to issuer %q and tenant %q as this command is configured: move again once they cannot\n", c.From, c.FromTenant)
	}
}

func people(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}
