package main

import (
	"context"
	"fmt"

	"todomanager/internal/store/sqlite"
)

// migrateCommand upgrades the schema of a database that is not served, as the start of the
// server does.
type migrateCommand struct {
	databaseFlags

	NoCopy bool `help:"Make no copy first. Have a backup."`
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
		_, err = fmt.Fprintf(std.out, "schema version %d, as this program needs it\n", to)
		return err
	}
	_, err = fmt.Fprintf(std.out, "schema version %d upgraded to %d\n", from, to)
	return err
}
