package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strconv"

	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// userCommand is what an operator does about one person. All of it works beside a running
// server and leaves an audit row in the transaction of the change.
type userCommand struct {
	Block   userBlockCommand   `cmd:"" help:"Refuse a person's calls from the next one on, whatever their token says."`
	Unblock userUnblockCommand `cmd:"" help:"Accept their calls again."`
	Export  userExportCommand  `cmd:"" help:"Print everything that is stored about a person, as JSON."`
	Erase   userEraseCommand   `cmd:"" help:"Remove a person's todos, blank their identity in the audit log, and block them."`
}

// person names one person, and the database to look for them in.
type person struct {
	databaseFlags

	Subject string `arg:"" help:"The person's subject, as in audit list."`
	Issuer  string `required:"" placeholder:"URL" help:"The issuer that they sign in with, as in audit list."`
	Tenant  string `placeholder:"TEXT" help:"Their tenant, where the issuer has a tenant claim."`
}

// Validate refuses what names nobody.
func (p *person) Validate() error {
	switch {
	case p.Subject == "":
		return errors.New("SUBJECT is empty: name one person")
	case p.Issuer == "":
		return errors.New("--issuer is empty: a subject means a person only together with an issuer")
	}
	return nil
}

func (p *person) owner() todos.Owner {
	return todos.Owner{Issuer: p.Issuer, Tenant: p.Tenant, Subject: p.Subject}
}

// run opens the database for changes.
func (p *person) run(ctx context.Context, do func(*sqlite.Admin, sqlite.Operator) error) (err error) {
	admin, err := sqlite.OpenAdmin(ctx, p.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	return do(admin, operator())
}

// doubt tells of a person who was never seen: the name may be misspelt.
func (p *person) doubt(w io.Writer, found sqlite.Person) {
	if !found.Known() {
		fmt.Fprintf(w, "server: nothing is stored about subject %q of issuer %q and tenant %q: compare the three with audit list\n", p.Subject, p.Issuer, p.Tenant)
	}
}

// operator is who runs the command, as the operating system says.
func operator() sqlite.Operator {
	if u, err := user.Current(); err == nil {
		return sqlite.Operator{Name: u.Username}
	}
	return sqlite.Operator{Name: "unknown"}
}

// userBlockCommand shuts a person out.
type userBlockCommand struct{ person }

// Run blocks.
func (c *userBlockCommand) Run(ctx context.Context, std stdio) error {
	return c.run(ctx, func(admin *sqlite.Admin, by sqlite.Operator) error {
		found, err := admin.Person(ctx, c.owner())
		if err != nil {
			return err
		}
		blocked, err := admin.Block(c.owner(), by)
		if err != nil {
			return err
		}
		c.doubt(std.err, found)
		return say(std.out, blocked, "blocked", "was blocked already")
	})
}

// userUnblockCommand lets them in again.
type userUnblockCommand struct{ person }

// Run unblocks.
func (c *userUnblockCommand) Run(ctx context.Context, std stdio) error {
	return c.run(ctx, func(admin *sqlite.Admin, by sqlite.Operator) error {
		unblocked, err := admin.Unblock(c.owner(), by)
		if err != nil {
			return err
		}
		return say(std.out, unblocked, "unblocked", "was not blocked")
	})
}

func say(w io.Writer, changed bool, done, already string) error {
	if !changed {
		done = already
	}
	_, err := fmt.Fprintln(w, done)
	return err
}

// userEraseCommand removes a person.
type userEraseCommand struct {
	person

	Yes     bool `help:"Carry it out; without this flag the command only reports what it would do."`
	NoBlock bool `help:"Keep accepting their calls."`
}

// Run erases, or tells what it would erase.
func (c *userEraseCommand) Run(ctx context.Context, std stdio) error {
	return c.run(ctx, func(admin *sqlite.Admin, by sqlite.Operator) error {
		if !c.Yes {
			return c.foretell(ctx, admin, std)
		}
		done, err := admin.Erase(ctx, c.owner(), by, !c.NoBlock)
		if err != nil {
			if done.Rows+done.Todos > 0 {
				err = fmt.Errorf("%w; the erasure is not complete: run the command again", err)
			}
			return err
		}
		_, failed := fmt.Fprintf(std.out, "erased: %s removed, %s blanked, %s; erasure %s\n",
			count(done.Todos, "todo"), count(done.Rows, "audit row"), blockedWord(done.Blocked), done.ID)
		c.doubt(std.err, sqlite.Person{Todos: done.Todos, Rows: done.Rows})
		there, err := admin.Elsewhere(ctx, c.owner()) // now, since they may have been moved meanwhile
		tellElsewhere(std.err, there)
		return errors.Join(failed, err)
	})
}

func (c *userEraseCommand) foretell(ctx context.Context, admin *sqlite.Admin, std stdio) error {
	found, err := admin.Person(ctx, c.owner())
	if err != nil {
		return err
	}
	there, err := admin.Elsewhere(ctx, c.owner())
	if err != nil {
		return err
	}
	c.doubt(std.err, found)
	tellElsewhere(std.err, there)
	_, err = fmt.Fprintf(std.out, "nothing was changed; with --yes: %s removed, %s blanked, %s\n",
		count(found.Todos, "todo"), count(found.Rows, "audit row"), blockedWord(!c.NoBlock))
	return err
}

func blockedWord(blocked bool) string {
	if blocked {
		return "blocked"
	}
	return "not blocked"
}

func count(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatInt(n, 10) + " " + what
}
