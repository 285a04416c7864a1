package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"todomanager/internal/audit"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
	"todomanager/internal/todos"
)

// Moving is the details column of tenant.move: of the row that begins a move, which is in
// the old tenant's log and says what there was to move, and of the one that ends it, in the
// new tenant's, which says what was moved.
type Moving struct {
	Operator
	ID     string   `json:"move"` // random; both rows have it
	Step   string   `json:"step"` // "begin" or "end"
	From   TenantID `json:"from"`
	To     TenantID `json:"to"`
	People int64    `json:"people"`
	Todos  int64    `json:"todos"`
	Blocks int64    `json:"blocks"` // that the new tenant did not have
}

// Movable is what a move would move.
type Movable struct {
	People int64
	Merged int64 // people who have todos in the other tenant, too
	Todos  int64
	Blocks int64 // that the other tenant does not have
}

// TakenError is why a move is refused.
type TakenError struct {
	IDs []string // of todos that are in both tenants
}

// Error names some of them.
func (e *TakenError) Error() string {
	const shown = 5
	text := strings.Join(e.IDs[:min(shown, len(e.IDs))], ", ")
	if len(e.IDs) > shown {
		text += ", ..."
	}
	return fmt.Sprintf("both tenants have todos with the same ids (%d): %s; delete one todo of each pair (as its owner, or with delete:todos), then run this again", len(e.IDs), text)
}

// Movable looks at what MoveTenant would do. Its error is a [*TakenError] if it would refuse.
func (a *Admin) Movable(ctx context.Context, from, to TenantID) (m Movable, err error) {
	people, err := a.conn.queries.PeopleToMove(ctx, sqlitedb.PeopleToMoveParams{
		Issuer: from.Issuer, Tenant: from.Tenant, ToIssuer: to.Issuer, ToTenant: to.Tenant,
	})
	if err != nil {
		return m, err
	}
	m = Movable{People: people.People, Merged: people.Merged, Todos: people.Todos}
	m.Blocks, err = a.conn.queries.BlocksToCopy(ctx, sqlitedb.BlocksToCopyParams{
		Issuer: from.Issuer, Tenant: from.Tenant, ToIssuer: to.Issuer, ToTenant: to.Tenant,
	})
	if err != nil {
		return m, err
	}
	taken, err := a.conn.queries.TakenIDs(ctx, sqlitedb.TakenIDsParams{
		Issuer: from.Issuer, Tenant: from.Tenant, ToIssuer: to.Issuer, ToTenant: to.Tenant,
	})
	if err == nil && len(taken) > 0 {
		err = &TakenError{taken}
	}
	return m, err
}

// MoveTenant gives the todos of everybody in one tenant to the same subject in another, and
// blocks there who is blocked here. Blocks stay here as well: a move lets nobody in.
//
// The blocks come first, with the row that begins the move, then the todos in many
// transactions, each person's in one. The last of them has the row that ends the move; when
// it commits nothing is left in the old tenant. What a crash leaves over is done by moving
// again: Step is "end" if none is needed. If there is nothing to move nothing is recorded and
// Step is empty.
func (a *Admin) MoveTenant(ctx context.Context, from, to TenantID, by Operator) (Moving, error) {
	m := &move{Moving: Moving{Operator: by, ID: rand.Text(), From: from, To: to}, subjects: make(map[string]bool)}
	found, err := a.Movable(ctx, from, to)
	if err != nil || found.Todos+found.Blocks == 0 {
		return m.Moving, err
	}
	ended := false
	err = a.write(func(t *tx) (err error) {
		ended, err = t.beginMove(m, found)
		return err
	})
	if err == nil && !ended {
		m.Step = "begin"
		err = a.inSteps(ctx, func(t *tx, most int) (int, error) { return t.moveSome(m, most) })
	}
	if err == nil {
		err = a.giveBack(ctx)
	}
	return m.Moving, err
}

// move is a move under way.
type move struct {
	Moving
	subjects map[string]bool // who was moved
}

// beginMove reports whether the move is at its end at once, since there are no todos.
func (t *tx) beginMove(m *move, found Movable) (ended bool, err error) {
	if m.Blocks, err = t.copyBlocks(m); err != nil {
		return false, err
	}
	begin := m.Moving
	begin.Step, begin.People, begin.Todos = "begin", found.People, found.Todos
	if err := t.Record(act(audit.TenantMove, todos.Owner{Issuer: m.From.Issuer, Tenant: m.From.Tenant}, begin)); err != nil {
		return false, err
	}
	_, left, err := t.firstWithTodos(m.From)
	if err != nil || left {
		return false, err
	}
	return true, t.endMove(m)
}

// moveSome moves whole people until at least most todos were moved. Somebody who makes a
// todo in the old tenant meanwhile is found again, since it always begins in front. It
// returns less than most only once nobody is left, which it records.
func (t *tx) moveSome(m *move, most int) (done int, err error) {
	for {
		subject, left, err := t.firstWithTodos(m.From)
		switch {
		case err != nil:
			return 0, err
		case !left:
			return 0, t.endMove(m)
		case done >= most:
			return done, nil
		}
		n, err := t.movePerson(m, subject)
		if err != nil {
			return 0, err
		}
		done += int(n)
	}
}

// movePerson moves what one person has. Whatever else is kept of a person, and is not kept
// by triggers as todo_counts is, is to be moved here.
func (t *tx) movePerson(m *move, subject string) (moved int64, err error) {
	n, err := t.conn.queries.MoveTodos(t.conn.ctx, sqlitedb.MoveTodosParams{
		Issuer: m.From.Issuer, Tenant: m.From.Tenant, Subject: subject, ToIssuer: m.To.Issuer, ToTenant: m.To.Tenant,
	})
	if err != nil {
		return 0, classify("move todos", err)
	}
	m.subjects[subject] = true
	m.Todos += n
	return n, nil
}

func (t *tx) firstWithTodos(in TenantID) (subject string, found bool, err error) {
	subject, err = t.conn.queries.FirstWithTodos(t.conn.ctx, sqlitedb.FirstWithTodosParams{Issuer: in.Issuer, Tenant: in.Tenant})
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return subject, err == nil, classify("find who has todos", err)
}

// endMove also copies the blocks that were made meanwhile.
func (t *tx) endMove(m *move) error {
	n, err := t.copyBlocks(m)
	if err != nil {
		return err
	}
	m.Blocks += n
	m.Step, m.People = "end", int64(len(m.subjects))
	return t.Record(act(audit.TenantMove, todos.Owner{Issuer: m.To.Issuer, Tenant: m.To.Tenant}, m.Moving))
}

func (t *tx) copyBlocks(m *move) (int64, error) {
	n, err := t.conn.queries.CopyBlocks(t.conn.ctx, sqlitedb.CopyBlocksParams{
		Issuer: m.From.Issuer, Tenant: m.From.Tenant, ToIssuer: m.To.Issuer, ToTenant: m.To.Tenant,
	})
	return n, classify("copy blocks", err)
}
