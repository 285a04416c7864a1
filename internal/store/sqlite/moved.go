package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"todomanager/internal/todos"
)

// Elsewhere returns the other tenants, connected with the person's own by moves in the audit
// log, directly or through others, that hold todos or audit rows of the same subject.
func (a *Admin) Elsewhere(ctx context.Context, who todos.Owner) (there []todos.Owner, err error) {
	moves, err := a.moves(ctx)
	if err != nil {
		return nil, err
	}
	for _, other := range related(moves, TenantID{who.Issuer, who.Tenant}) {
		owner := todos.Owner{Issuer: other.Issuer, Tenant: other.Tenant, Subject: who.Subject}
		found, err := a.Person(ctx, owner)
		if err != nil {
			return nil, err
		}
		if found.Todos+found.Rows > 0 {
			there = append(there, owner)
		}
	}
	return there, nil
}

// moves reads what the audit log has of moves.
func (a *Admin) moves(ctx context.Context) ([]Moving, error) {
	rows, err := a.conn.queries.TenantMoves(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for moves of tenants: %w", err)
	}
	moves := make([]Moving, len(rows))
	for i, details := range rows {
		if err := json.Unmarshal([]byte(details.String), &moves[i]); err != nil {
			return nil, fmt.Errorf("an audit row of a move cannot be read: %w; run audit verify", err)
		}
	}
	return moves, nil
}

// related returns the tenants that moves connect with one, nearest first.
func related(moves []Moving, with TenantID) []TenantID {
	seen := []TenantID{with}
	add := func(id TenantID) {
		if !slices.Contains(seen, id) {
			seen = append(seen, id)
		}
	}
	for i := 0; i < len(seen); i++ {
		for _, m := range moves {
			switch seen[i] {
			case m.From:
				add(m.To)
			case m.To:
				add(m.From)
			}
		}
	}
	return seen[1:]
}
