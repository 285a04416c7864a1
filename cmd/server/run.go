package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/alecthomas/kong"

	"todomanager/internal/config"
	"todomanager/internal/observe"
)

// The exit codes that every command shares.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// commands is the command line.
type commands struct {
	Serve serveCommand `cmd:"" help:"Run the service."`
	Dev   devCommand   `cmd:"" help:"Run the service with a sign-in server for trying it out, on loopback only."`
	Check checkCommand `cmd:"" help:"Check the configuration, the issuers and the database, and say what to fix."`
	Audit auditCommand `cmd:"" help:"Query, prove, archive and prune the audit log."`
	User  userCommand  `cmd:"" help:"Block, export or erase a person."`

	Tenants tenantsCommand `cmd:"" help:"List tenants, and move one to another issuer."`

	Backup      backupCommand      `cmd:"" help:"Copy the database while it is served, check the copy, and say what is in it."`
	Restore     restoreCommand     `cmd:"" help:"Put such a copy in place of a database that is not served."`
	Migrate     migrateCommand     `cmd:"" help:"Upgrade the schema of a database that is not served, as the server does when it starts."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask the server on this machine whether it is ready: exit code 0 or 1."`

	Version versionCommand `cmd:"" help:"Print what this binary was built from."`
}

// stdio is what a command writes to.
type stdio struct {
	out io.Writer // results
	err io.Writer // the log, and the error that ends the command
}

// logger returns the program's logger at a level that the configuration has checked.
func (s stdio) logger(level string) (*slog.Logger, error) {
	logger, _, err := s.loggerTo(s.err, level)
	return logger, err
}

// loggerTo is logger with another way to the same output. It also returns what changes the
// level later.
func (s stdio) loggerTo(w io.Writer, level string) (*slog.Logger, *slog.LevelVar, error) {
	v := new(slog.LevelVar)
	if err := v.UnmarshalText([]byte(level)); err != nil {
		return nil, nil, err
	}
	return observe.NewLogger(w, v, observe.Terminal(s.err)), v, nil
}

// arguments are the command line, without the program's name.
type arguments []string

func (c *commands) parse(args []string, stdout io.Writer) (*kong.Context, error) {
	return config.Parse(c, args, stdout,
		kong.Name("server"),
		kong.Description("Todo Manager: a multi-tenant todo server for MCP clients."))
}

// run is the program without its process: arguments in, exit code out.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command, err := new(commands).parse(args, stdout)
	if err == nil {
		command.BindTo(ctx, (*context.Context)(nil))
		err = command.Run(stdio{stdout, stderr}, arguments(args))
	}

	var usage *config.Error
	switch {
	case err == nil, errors.Is(err, config.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "server: %v\n", err)
		return exitUsage
	default:
		if err.Error() != "" {
			fmt.Fprintf(stderr, "server: %v\n", err)
		}
		return exitCode(err)
	}
}
