package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
	"todomanager/internal/todos"
)

// writeConn is the writer's connection with its prepared statements. They run on the
// writer's own context, which never ends: a caller who leaves must not undo a group,
// and a context that can end costs the driver a goroutine a statement. Locks held by
// other processes are waited for at most the busy timeout.
type writeConn struct {
	*sql.Conn
	ctx     context.Context
	queries *sqlitedb.Queries
	control map[string]*sql.Stmt
	turns   turns
}

// The statements that steer a transaction.
const (
	stmtBegin      = "BEGIN IMMEDIATE"
	stmtCommit     = "COMMIT"
	stmtRollback   = "ROLLBACK"
	stmtSavepoint  = "SAVEPOINT call"
	stmtRelease    = "RELEASE call"
	stmtRollbackTo = "ROLLBACK TO call"
)

func connect(ctx context.Context, db *sql.DB, t turns) (*writeConn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &writeConn{Conn: conn, ctx: ctx, control: make(map[string]*sql.Stmt), turns: t}
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil { // see turns
		return nil, errors.Join(err, c.close())
	}
	for _, text := range []string{stmtBegin, stmtCommit, stmtRollback, stmtSavepoint, stmtRelease, stmtRollbackTo} {
		if c.control[text], err = conn.PrepareContext(ctx, text); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	if c.queries, err = sqlitedb.Prepare(ctx, conn); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *writeConn) exec(text string) error {
	if _, err := c.control[text].ExecContext(c.ctx); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

func (c *writeConn) rollback() error { return c.exec(stmtRollback) }

func (c *writeConn) close() error {
	var errs []error
	for _, stmt := range c.control {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	if c.queries != nil {
		errs = append(errs, c.queries.Close())
	}
	// Closes the connection rather than giving it back to the pool to be used again.
	if err := c.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(err, driver.ErrBadConn) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// group is one transaction under way.
type group struct {
	conn *writeConn
	now  time.Time  // one for all rows of the group
	head audit.Head // of the log, the group's own rows included
	over bool       // the transaction is gone: nothing more may run in it
	wall func() time.Time

	began      int64 // seq of the head before the group
	anyBlocked bool  // whether the list of blocked people has an entry
	storageLow bool
}

// begin opens a transaction and reads the head of the audit log in it, since other
// processes write there too.
func (c *writeConn) begin(now func() time.Time) (*group, error) {
	if err := c.turns.take(func() error { return c.exec(stmtBegin) }); err != nil {
		return nil, err
	}
	row, err := c.queries.AuditHead(c.ctx)
	if err != nil {
		return nil, fmt.Errorf("read the head of the audit log: %w", err)
	}
	g := &group{
		conn: c, wall: now, now: now().UTC().Truncate(time.Millisecond), began: row.HeadSeq, anyBlocked: row.AnyBlocked,
		head: audit.Head{LogID: row.LogID, Seq: row.HeadSeq, Hash: audit.Hash(row.HeadHash)},
	}
	if last := time.UnixMilli(row.HeadAt).UTC(); last.After(g.now) {
		g.now = last // the clock went back; the log does not
	}
	return g, nil
}

// seal moves the head of the log to the group's last row, the last change before commit.
// If it fails nothing is in the database.
func (g *group) seal() error {
	if g.head.Seq == g.began {
		return nil
	}
	err := g.conn.queries.MoveAuditHead(g.conn.ctx, sqlitedb.MoveAuditHeadParams{
		Seq: g.head.Seq, Hash: g.head.Hash[:], OccurredAt: g.now.UnixMilli(),
	})
	if err != nil {
		return fmt.Errorf("move the head of the audit log: %w", err)
	}
	return nil
}

// commit makes a sealed group durable. If it fails nobody knows whether it did.
func (g *group) commit() error { return g.conn.exec(stmtCommit) }

// run carries out one call in a savepoint of its own and keeps what it did unless it
// fails or panics. If the savepoint cannot be undone SQLite has dropped the whole
// transaction, as it does on a full disk: the group is over.
func (g *group) run(fn func(todos.Tx) error) error {
	if err := g.conn.exec(stmtSavepoint); err != nil {
		g.over = true
		return unavailable(err)
	}
	before := g.head
	err := protect(fn, &tx{g})
	if err == nil {
		if err = g.conn.exec(stmtRelease); err != nil {
			g.over = true
			return unavailable(err)
		}
		return nil
	}
	g.head = before
	if undo := errors.Join(g.conn.exec(stmtRollbackTo), g.conn.exec(stmtRelease)); undo != nil {
		g.over = true
		return unavailable(errors.Join(err, undo))
	}
	return err
}

// protect keeps a panic of one call from the others.
func protect(fn func(todos.Tx) error, tx todos.Tx) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: panic: %v\n%s", todos.ErrInternal, v, debug.Stack())
		}
	}()
	return fn(tx)
}

func unavailable(err error) error {
	return fmt.Errorf("%w: %w", todos.ErrAuditUnavailable, err)
}
