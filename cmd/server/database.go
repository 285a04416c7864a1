package main

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/note"

	"todomanager/internal/audit"
	"todomanager/internal/config"
)

// databaseFlags name the database of a command that works beside the server.
type databaseFlags struct {
	Config string `env:"TODO_CONFIG" placeholder:"FILE" help:"YAML file; its values for these settings apply here too."`
	DB     string `name:"db" env:"TODO_DB" default:"todos.db" placeholder:"FILE" help:"SQLite database (${default})."`
}

// auditFileFlags name the database with its audit key and signed heads.
type auditFileFlags struct {
	databaseFlags

	AuditKey   string `env:"TODO_AUDIT_KEY" placeholder:"FILE" help:"The server's private key; the public ones are in FILE.pub (default: beside the database)."`
	AuditHeads string `env:"TODO_AUDIT_HEADS" placeholder:"FILE" help:"The server's file of signed heads (default: beside the database)."`
}

// keys reads the public keys that a flag names, else those beside the private key. It
// returns nil if there are none there: what needs no proof goes on without.
func (f *auditFileFlags) keys(named string) (note.Verifiers, error) {
	key, _ := f.paths()
	keys, err := publicKeys(named, key+".pub")
	if named == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--key: %w", err)
	}
	return keys, nil
}

// headNotes returns the signed heads in the file of them, none if there is no file. Read before
// the log, they are of rows that it has.
func (f *auditFileFlags) headNotes() ([]string, error) {
	_, heads := f.paths()
	notes, err := audit.HeadsFile(heads).Notes()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return notes, err
}

// paths are those of the private key and of the signed heads.
func (f *auditFileFlags) paths() (key, heads string) {
	return config.AuditFiles(f.DB, f.AuditKey, f.AuditHeads)
}
