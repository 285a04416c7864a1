package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"todomanager/internal/atomicfile"
	"todomanager/internal/audit"
	"todomanager/internal/observe"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// userExportCommand gives out what is stored about a person.
type userExportCommand struct {
	person

	To string `placeholder:"FILE" help:"Write to this file, readable by its owner alone, rather than to standard output."`
}

// Run exports.
func (c *userExportCommand) Run(ctx context.Context, std stdio) error {
	return c.run(ctx, func(admin *sqlite.Admin, by sqlite.Operator) error {
		if c.To == "" {
			return c.export(ctx, admin, by, std, std.out)
		}
		return atomicfile.Write(c.To, func(w io.Writer) error { return c.export(ctx, admin, by, std, w) })
	})
}

// export writes one JSON object a line: the person, then their todos, then audit rows.
func (c *userExportCommand) export(ctx context.Context, admin *sqlite.Admin, by sqlite.Operator, std stdio, to io.Writer) error {
	w := bufio.NewWriter(to)
	lines := json.NewEncoder(observe.Escaper(w))
	lines.SetEscapeHTML(false)
	line := func(name string, value any) error { return lines.Encode(map[string]any{name: value}) }
	there, err := admin.Elsewhere(ctx, c.owner())
	if err != nil {
		return err
	}
	var found sqlite.Person
	err = admin.Export(ctx, c.owner(), by, sqlite.Export{
		Person: func(p sqlite.Person) error {
			found = p
			return line("person", struct {
				Issuer    string    `json:"issuer"`
				Tenant    string    `json:"tenant"`
				Subject   string    `json:"subject"`
				BlockedAt time.Time `json:"blocked_at,omitzero"`
				Todos     int64     `json:"todos"`
			}{c.Issuer, c.Tenant, c.Subject, p.BlockedAt, p.Todos})
		},
		Todo: func(t todos.Todo) error {
			return line("todo", struct {
				ID        string    `json:"id"`
				Content   string    `json:"content"`
				CreatedAt time.Time `json:"created_at"`
			}{t.ID, t.Content, t.CreatedAt})
		},
		Row: func(r audit.Row) error { found.Rows++; return line("audit", c.own(r)) },
	})
	if err == nil {
		found.Rows-- // without the row of this export, which is there for anybody
		c.doubt(std.err, found)
		tellElsewhere(std.err, there)
	}
	return errors.Join(err, w.Flush())
}

// own leaves out of a row what is another person's: who acted on their todo, or on whose
// they acted.
func (c *userExportCommand) own(r audit.Row) audit.Row {
	if r.Subject == nil || *r.Subject != c.Subject {
		r.Subject, r.ClientID, r.TokenID, r.TokenSHA256, r.ActorSalt = nil, nil, nil, nil, nil
		r.Details = nil // names the operator
	}
	if r.TargetSubject != nil && *r.TargetSubject != c.Subject {
		r.TargetSubject, r.TargetSalt = nil, nil
	}
	return r
}
