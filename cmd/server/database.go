package main

import "todomanager/internal/config"

// databaseFlags name the database of a command that works beside the server.
type databaseFlags struct {
	Config string `env:"TODO_CONFIG" placeholder:"FILE" help:"YAML file; what it says of these settings counts here too."`
	DB     string `name:"db" env:"TODO_DB" default:"todos.db" placeholder:"FILE" help:"SQLite database (${default})."`
}

// auditFileFlags name the database with its audit key and signed heads.
type auditFileFlags struct {
	databaseFlags

	AuditKey   string `env:"TODO_AUDIT_KEY" placeholder:"FILE" help:"The server's private key; the public ones are in FILE.pub (default: beside the database)."`
	AuditHeads string `env:"TODO_AUDIT_HEADS" placeholder:"FILE" help:"The server's file of signed heads (default: beside the database)."`
}

// paths are those of the private key and of the signed heads.
func (f *auditFileFlags) paths() (key, heads string) {
	return config.AuditFiles(f.DB, f.AuditKey, f.AuditHeads)
}
