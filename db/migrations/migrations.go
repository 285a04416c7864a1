// Package migrations holds the database schema as numbered goose files, embedded
// so that one binary can create and upgrade its database.
//
// Migrations only go forward. Once a version is released its file never changes;
// a correction is a new file with the next number. Numbers are zero-padded because
// sqlc reads the files in lexicographic order.
package migrations

import "embed"

// FS holds the migration files at its root.
//
//go:embed *.sql
var FS embed.FS
