package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"

	"todomanager/db/migrations"
)

// Condition is what can be said of a database without changing it.
type Condition struct {
	Exists  bool
	Bytes   int64 // size of the file
	Version int64 // of its schema
	Known   int64 // the newest schema version that this program knows
}

// checkTime bounds how long a large database is looked through.
const checkTime = 10 * time.Second

// Inspect opens the database at path read-only and looks through it, as far as that can
// be done in ten seconds. A server may be serving it meanwhile. A database that does not
// exist is no error; one that is damaged, of another program, or of a schema that somebody
// has changed, is.
func Inspect(ctx context.Context, path string) (c Condition, err error) {
	if c.Known, err = newest(); err != nil {
		return c, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, orphanedLog(path)
	}
	if err != nil {
		return c, fmt.Errorf("%w; run this as the server's user", err)
	}
	c.Exists, c.Bytes = true, info.Size()

	db, err := Options{Path: path}.pool(forLooking, 1)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := c.readVersion(ctx, db); err != nil {
		return c, err
	}
	if c.Version == c.Known {
		switch err := sameSchema(ctx, db); {
		case errors.Is(err, errStrangeSchema):
			return c, fmt.Errorf("%w; find out who did that, and remove what was added (DROP), or restore a backup", err)
		case err != nil:
			return c, withMend(err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var verdict string
	err = db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict)
	switch {
	case errors.Is(err, context.DeadlineExceeded): // too large to look through here; nothing bad was found so far
		return c, nil
	case err != nil:
		return c, withMend(err)
	case verdict != "ok":
		return c, fmt.Errorf("%s; the file is damaged: restore a backup", verdict)
	}
	return c, nil
}

// schemaOf looks at the version alone.
func schemaOf(ctx context.Context, path string) (c Condition, err error) {
	if c.Known, err = newest(); err != nil {
		return c, err
	}
	db, err := Options{Path: path}.pool(forLooking, 1)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = c.readVersion(ctx, db)
	return c, err
}

func (c *Condition) readVersion(ctx context.Context, db *sql.DB) error {
	row := db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`)
	if err := row.Scan(&c.Version); err != nil {
		return withMend(err)
	}
	return nil
}

// newest returns the number of the last embedded migration.
func newest() (int64, error) {
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil || len(files) == 0 {
		return 0, errors.Join(errors.New("no embedded migrations"), err)
	}
	return goose.NumericComponent(files[len(files)-1])
}
