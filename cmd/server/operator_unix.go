//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// listenToOperator takes the operator's signals until stop is called: SIGHUP reloads the
// configuration, SIGUSR1 switches between logging everything and the configured level.
func listenToOperator(args arguments) (by operatorSignals, stop func()) {
	// One that waits is enough: what it asks for is done after the last one came.
	reload, verbose := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(verbose, syscall.SIGUSR1)
	return operatorSignals{reload: reload, verbose: verbose, read: args.readAgain}, func() {
		signal.Stop(reload)
		signal.Stop(verbose)
	}
}
