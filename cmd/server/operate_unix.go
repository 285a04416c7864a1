//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// operate listens to the operator's signals until stop is called: SIGHUP reloads the
// configuration, SIGUSR1 has everything logged, and no more.
func operate(args arguments) (by operation, stop func()) {
	// One that waits is enough: what it asks for is done after the last one came.
	reload, verbose := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(verbose, syscall.SIGUSR1)
	return operation{reload: reload, verbose: verbose, read: args.readAgain}, func() {
		signal.Stop(reload)
		signal.Stop(verbose)
	}
}
