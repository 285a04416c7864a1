package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite/internal/sqlitedb"
	"todomanager/internal/todos"
)

// act is the audit event of what an operator did, to a person or (the zero Owner) to the
// whole log. Who that is stands in target_subject, from where it can be erased.
func act(kind audit.Kind, who todos.Owner, details any) audit.Event {
	return audit.Event{
		Kind: kind, Decision: audit.Allow, Reason: audit.ReasonOK, TargetSubject: who.Subject, Details: details,
		Call: audit.Call{Principal: auth.Principal{Issuer: who.Issuer, Tenant: who.Tenant}},
	}
}

// Operator is the details column of acts that have no further ones.
type Operator struct {
	Name string `json:"operator"` // who ran the command, as the operating system says
}

// Block refuses a person's calls from the next transaction on. It reports whether that
// is new; if not, nothing is changed or recorded.
func (a *Admin) Block(who todos.Owner, by Operator) (blocked bool, err error) {
	err = a.write(func(t *tx) error {
		if blocked, err = t.block(who); err != nil || !blocked {
			return err
		}
		return t.Record(act(audit.UserBlock, who, by))
	})
	return blocked, err
}

func (t *tx) block(who todos.Owner) (bool, error) {
	n, err := t.conn.queries.Block(t.conn.ctx, sqlitedb.BlockParams{
		Issuer: who.Issuer, Tenant: who.Tenant, Subject: who.Subject, BlockedAt: t.now.UnixMilli(),
	})
	return n > 0, classify("block", err)
}

// Unblock undoes Block, likewise.
func (a *Admin) Unblock(who todos.Owner, by Operator) (unblocked bool, err error) {
	err = a.write(func(t *tx) error {
		n, err := t.conn.queries.Unblock(t.conn.ctx, sqlitedb.UnblockParams{Issuer: who.Issuer, Tenant: who.Tenant, Subject: who.Subject})
		if unblocked = n > 0; err != nil || !unblocked {
			return classify("unblock", err)
		}
		return t.Record(act(audit.UserUnblock, who, by))
	})
	return unblocked, err
}

// Person is what a database holds about one person.
type Person struct {
	BlockedAt time.Time // zero unless blocked
	Todos     int64
	Rows      int64 // of the audit log: that they acted in, and that concern them
}

// Known reports whether the database holds anything about the person.
func (p Person) Known() bool { return p.Todos+p.Rows > 0 || !p.BlockedAt.IsZero() }

// Person counts what there is of a person. Beside a server that may have changed since.
func (a *Admin) Person(ctx context.Context, who todos.Owner) (p Person, err error) {
	if p, err = a.person(ctx, who); err != nil {
		return p, err
	}
	for _, f := range ofPerson(who) {
		seqs, err := reader{a.conn, a.conn.queries}.seqs(ctx, f)
		if err != nil {
			return p, err
		}
		p.Rows += int64(len(seqs))
	}
	return p, nil
}

// person finds all but the rows.
func (a *Admin) person(ctx context.Context, who todos.Owner) (p Person, err error) {
	at, err := a.conn.queries.BlockedAt(ctx, sqlitedb.BlockedAtParams{Issuer: who.Issuer, Tenant: who.Tenant, Subject: who.Subject})
	switch {
	case err == nil:
		p.BlockedAt = time.UnixMilli(at).UTC()
	case !errors.Is(err, sql.ErrNoRows):
		return p, err
	}
	p.Todos, err = a.conn.queries.CountTodos(ctx, sqlitedb.CountTodosParams{Issuer: who.Issuer, Tenant: who.Tenant, Subject: who.Subject})
	return p, err
}

// ofPerson selects the rows in which a person acted, and those that concern them. No row
// is both.
func ofPerson(who todos.Owner) [2]audit.Filter {
	return [2]audit.Filter{
		{Issuer: who.Issuer, Tenant: &who.Tenant, Subject: who.Subject},
		{Issuer: who.Issuer, Tenant: &who.Tenant, TargetSubject: who.Subject},
	}
}

// Export is where the parts of a person's data go.
type Export struct {
	Person func(Person) error // first; its Rows are not counted
	Todo   func(todos.Todo) error
	Row    func(audit.Row) error
}

// Export records that a person's data is given out, then gives it out: todos oldest
// first, the rows in which they acted, and those that concern them.
func (a *Admin) Export(ctx context.Context, who todos.Owner, by Operator, to Export) error {
	var last int64
	err := a.write(func(t *tx) error {
		err := t.Record(act(audit.UserExport, who, by))
		last = t.head.Seq
		return err
	})
	if err != nil {
		return err
	}
	p, err := a.person(ctx, who)
	if err != nil {
		return err
	}
	if err := errors.Join(to.Person(p), a.todosOf(ctx, who, to.Todo)); err != nil {
		return err
	}
	r := reader{a.conn, a.conn.queries}
	for _, f := range ofPerson(who) {
		f.BeforeSeq = last + 1
		s, err := r.span(ctx, f)
		if err == nil {
			err = r.oldestFirst(ctx, f, s, each(to.Row))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *Admin) todosOf(ctx context.Context, who todos.Owner, yield func(todos.Todo) error) error {
	for p := (todos.Position{}); ; {
		page, err := pageOf(ctx, a.conn.queries, todos.Query{Owner: who, After: p, Limit: todos.MaxPage})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, t := range page {
			if err := yield(t); err != nil {
				return err
			}
			p = todos.Position{CreatedAt: t.CreatedAt, ID: t.ID}
		}
	}
}

// Erasure is the details column of user.erase. It names nobody.
type Erasure struct {
	Operator
	ID      string `json:"erasure"` // random, to refer to it
	Rows    int64  `json:"rows"`    // from which the person was erased
	Todos   int64  `json:"todos"`   // that were removed
	Blocked bool   `json:"blocked"` // whether their calls are refused from then on
}

// Erase removes a person's todos and blanks their identity in the audit log: in all rows
// below the one that records it. That row is written first, together with the block if
// there is to be one, the rest follows in many transactions. What a crash leaves over is
// done by erasing again.
func (a *Admin) Erase(ctx context.Context, who todos.Owner, by Operator, block bool) (Erasure, error) {
	e := Erasure{Operator: by, ID: rand.Text(), Blocked: block}
	rows, at, err := a.recordErasure(ctx, who, &e)
	if err != nil {
		return e, err
	}
	if _, err := a.conn.ExecContext(ctx, "PRAGMA secure_delete = ON"); err != nil {
		return e, err
	}
	err = a.inSteps(ctx, func(t *tx, most int) (int, error) { return t.deleteTodos(who, at, most) })
	if err == nil {
		err = a.blank(ctx, who, rows)
	}
	if err == nil {
		err = a.giveBack(ctx)
	}
	if err == nil {
		err = a.foldLog(ctx)
	}
	return e, err
}

// recordErasure finds the person's rows and records that they are erased. Most are found
// before the transaction, lest it keep the server waiting.
func (a *Admin) recordErasure(ctx context.Context, who todos.Owner, e *Erasure) (rows []int64, at time.Time, err error) {
	r := reader{a.conn, a.conn.queries}
	chain, err := a.conn.queries.AuditChain(ctx)
	if err != nil {
		return nil, at, err
	}
	for _, f := range ofPerson(who) {
		f.BeforeSeq = chain.HeadSeq + 1
		seqs, err := r.seqs(ctx, f)
		if err != nil {
			return nil, at, err
		}
		rows = append(rows, seqs...)
	}
	err = a.write(func(t *tx) error {
		for _, f := range ofPerson(who) {
			f.AfterSeq = chain.HeadSeq
			seqs, err := r.seqs(ctx, f)
			if err != nil {
				return classify("find audit rows", err)
			}
			rows = append(rows, seqs...)
		}
		at = t.now
		return t.recordErasure(who, e, int64(len(rows)))
	})
	return rows, at, err
}

func (t *tx) recordErasure(who todos.Owner, e *Erasure, rows int64) (err error) {
	e.Rows = rows
	e.Todos, err = t.conn.queries.CountTodos(t.conn.ctx, sqlitedb.CountTodosParams{Issuer: who.Issuer, Tenant: who.Tenant, Subject: who.Subject})
	if err != nil {
		return classify("count todos", err)
	}
	if e.Blocked {
		if _, err := t.block(who); err != nil {
			return err
		}
	}
	event := act(audit.UserErase, who, e)
	event.TargetSubject = ""
	return t.Record(event)
}

// deleteTodos removes a person's oldest todos, those made up to a time. It may remove
// some more than asked for, where several are of one age.
func (t *tx) deleteTodos(who todos.Owner, upTo time.Time, most int) (int, error) {
	limit, err := t.conn.queries.AgeOfNthTodo(t.conn.ctx, sqlitedb.AgeOfNthTodoParams{
		Issuer: who.Issuer, Tenant: who.Tenant, Subject: who.Subject, Before: int64(most) - 1,
	})
	if errors.Is(err, sql.ErrNoRows) {
		limit, err = upTo.UnixMilli(), nil
	}
	if err != nil {
		return 0, classify("find todos", err)
	}
	n, err := t.conn.queries.DeleteTodosUpTo(t.conn.ctx, sqlitedb.DeleteTodosUpToParams{
		Issuer: who.Issuer, Tenant: who.Tenant, Subject: who.Subject, UpTo: min(limit, upTo.UnixMilli()),
	})
	return int(n), classify("delete todos", err)
}

// blank erases a person from rows.
func (a *Admin) blank(ctx context.Context, who todos.Owner, seqs []int64) error {
	return a.inSteps(ctx, func(t *tx, most int) (int, error) {
		now := seqs[:min(most, len(seqs))]
		for _, seq := range now {
			if err := t.blankRow(who, seq); err != nil {
				return 0, err
			}
		}
		seqs = seqs[len(now):]
		return len(now), nil
	})
}

// blankRow erases a person from a row, unless it was pruned or somebody else did.
func (t *tx) blankRow(who todos.Owner, seq int64) error {
	rows, err := reader{t.conn, t.conn.queries}.consecutive(t.conn.ctx, span{seq - 1, seq}, 1)
	if err != nil || len(rows) == 0 {
		return classify("read an audit row", err)
	}
	row := rows[0]
	isActor := row.Subject != nil && *row.Subject == who.Subject && row.EraseActor()
	isTarget := row.TargetSubject != nil && *row.TargetSubject == who.Subject && row.EraseTarget()
	if !isActor && !isTarget {
		return nil
	}
	p := paramsOf(&row)
	err = t.conn.queries.EraseFromRow(t.conn.ctx, sqlitedb.EraseFromRowParams{
		Subject: p.Subject, ClientID: p.ClientID, TokenSHA256: p.TokenSHA256, TokenID: p.TokenID,
		ActorSalt: p.ActorSalt, ActorCommit: row.ActorCommit,
		TargetSubject: p.TargetSubject, TargetSalt: p.TargetSalt, TargetCommit: row.TargetCommit, Seq: row.Seq,
	})
	return classify("erase from an audit row", err)
}
