package config

import (
	"errors"
	"io"

	"github.com/alecthomas/kong"
)

// ErrHelp is returned by [Parse] when help was asked for and has been printed.
var ErrHelp = errors.New("help requested")

// Error is a wrong command line or configuration. Its message is complete: it
// names the setting, its value and how to fix it.
type Error struct{ err error }

func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Parse fills cli, a pointer to a kong struct, from args (without the program's
// name), the environment and the file named by the selected command's --config.
// Help goes to stdout and gives [ErrHelp]; any other failure is an [*Error].
// Parse never ends the process. It panics if cli is not a valid kong struct.
func Parse(cli any, args []string, stdout io.Writer, options ...kong.Option) (*kong.Context, error) {
	helped, source, wrong := false, new(file), new(misread)
	options = append(options, wrong.options()...)
	options = append(options,
		kong.Writers(stdout, io.Discard),
		kong.Exit(func(int) { helped = true }),
		kong.WithBeforeResolve(source.load),
		kong.Resolvers(source),
		kong.Bind(source), // for Server.BeforeApply
	)
	parser := kong.Must(cli, options...)
	ctx, err := parser.Parse(args)
	if helped {
		return nil, ErrHelp
	}
	if err == nil {
		return ctx, nil
	}
	if wrong.err != nil {
		return nil, wrong.err
	}
	var own *Error
	if errors.As(err, &own) {
		return nil, own
	}
	return nil, &Error{err}
}
