package main

import (
	"context"
	"fmt"

	"todomanager/internal/store/sqlite"
)

// migrateCommand upgrades the schema of a database that is not served, as the server does
// when it starts.
type migrateCommand struct {
	databaseFlags

	NoCopy bool `help:"Make no copy first; have a backup."`
}

// Run upgrades, and tells from where to where.
func (c *migrateCommand) Run(ctx context.Context, std stdio) error {
	logger, err := std.logger("info")
	if err != nil {
		return err
	}
	from, to, err := sqlite.Migrate(ctx, c.DB, !c.NoCopy, logger)
	if err != nil {
		return err
	}
	if from == to {
		_, err = fmt.Fprintf(std.out, "schema version %d, which is what this program needs\n", to)
		return err
	}
	_, err = fmt.Fprintf(std.out, "schema version %d upgraded to %d\n", from, to)
	return err
}
