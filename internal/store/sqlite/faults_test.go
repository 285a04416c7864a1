package sqlite_test

import (
	"context"
	"database/sql/driver"
	"sync"
)

// faults stands between the store and SQLite. Before a statement runs, and before each
// of its rows is read, hook may fail it, or do to the connection what SQLite does when it
// fails. The text of a statement whose row is read ends in nextRow.
type faults struct {
	mu   sync.Mutex
	hook func(text string, raw rawExec) error
}

const nextRow = " (next row)"

// rawExec runs a statement on the connection without asking the hook.
type rawExec func(text string) error

func (f *faults) set(hook func(text string, raw rawExec) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

func (f *faults) check(text string, raw rawExec) error {
	f.mu.Lock()
	hook := f.hook
	f.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(text, raw)
}

func (f *faults) wrap(c driver.Connector) driver.Connector { return faultyConnector{c, f} }

type faultyConnector struct {
	driver.Connector
	faults *faults
}

func (c faultyConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &faultyConn{conn, c.faults}, nil
}

type faultyConn struct {
	driver.Conn
	faults *faults
}

func (c *faultyConn) raw(text string) error {
	_, err := c.Conn.(driver.ExecerContext).ExecContext(context.Background(), text, nil)
	return err
}

func (c *faultyConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return &faultyStmt{stmt, text, c}, nil
}

func (c *faultyConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

type faultyStmt struct {
	driver.Stmt
	text string
	conn *faultyConn
}

func (s *faultyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.conn.faults.check(s.text, s.conn.raw); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s *faultyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.conn.faults.check(s.text, s.conn.raw); err != nil {
		return nil, err
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	return &faultyRows{rows, s}, nil
}

type faultyRows struct {
	driver.Rows
	stmt *faultyStmt
}

func (r *faultyRows) Next(values []driver.Value) error {
	if err := r.stmt.conn.faults.check(r.stmt.text+nextRow, r.stmt.conn.raw); err != nil {
		return err
	}
	return r.Rows.Next(values)
}
