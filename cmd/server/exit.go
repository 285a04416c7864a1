package main

import (
	"errors"
	"fmt"

	"todomanager/internal/audit"
)

// The exit codes of commands that prove something.
const (
	exitIncomplete = 3 // what was looked at is fine, but not all could be looked at
	exitTampered   = 4
)

// exitError ends the program with a code of its own.
type exitError struct {
	code int
	err  error // nil: the command has said everything
}

func (e exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// exitCode returns the code that an error of a command asks for.
func exitCode(err error) int {
	var exit exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return exitFailed
}

// tampered ends the program with the code for it if err is a fault of the audit log.
func tampered(err error) error {
	if fault := new(audit.Fault); errors.As(err, &fault) {
		return exitError{exitTampered, fmt.Errorf("the audit log does not verify, so nothing beyond the fault was processed: %w; run audit verify", err)}
	}
	return err
}
