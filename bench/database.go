package main

import (
	"context"
	"fmt"
	"log/slog"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// fill makes a database of so many todos in all, of which each of the measured people has
// own ones, and others the rest.
func fill(ctx context.Context, path, issuer string, own, total int) error {
	store, err := sqlite.Open(ctx, sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer store.Close()
	ids := todos.NewIDs()
	for first := 0; first < total; first += 2000 {
		err := store.Write(ctx, func(tx todos.Tx) error {
			for n := first; n < min(first+2000, total); n++ {
				owner := todos.Owner{Issuer: issuer, Subject: fmt.Sprintf("other-%d", n/100)}
				if n < own*people {
					owner.Subject = subject(n % people)
				}
				todo := todos.Todo{ID: ids.Next(), Content: fmt.Sprintf("buy milk, bread and some other things, number %d", n), CreatedAt: tx.Now()}
				if err := tx.Insert(owner, todo); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fillLog appends so many rows to a database's audit log.
func fillLog(ctx context.Context, path, issuer string, rows int) error {
	store, err := sqlite.Open(ctx, sqlite.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer store.Close()
	none := 0
	for first := 0; first < rows; first += 2000 {
		err := store.Write(ctx, func(tx todos.Tx) error {
			for n := first; n < min(first+2000, rows); n++ {
				who := auth.Principal{Issuer: issuer, Subject: fmt.Sprintf("other-%d", n%10_000), ClientID: "bench"}
				err := tx.Record(audit.Event{
					Call: audit.Call{Principal: who, RequestID: fmt.Sprintf("%020d", n)},
					Tool: todos.ToolList, Decision: audit.Allow, Reason: audit.ReasonOK, Basis: audit.BasisOwner, ResultCount: &none,
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
