package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"todomanager/internal/audit"
	"todomanager/internal/auth"
	"todomanager/internal/metrics"
	"todomanager/internal/observe"
	"todomanager/internal/todos"
)

// counts are the refusals that become no row of their own. What strangers do is counted
// apart, lest it crowd out what people do.
type counts struct {
	metrics   *metrics.Metrics
	strangers *audit.Counts
	people    *audit.Counts
}

func newCounts(write func(context.Context, func(todos.Tx) error) error, m *metrics.Metrics, logger *slog.Logger) *counts {
	record := func(ctx context.Context, events []audit.Event) error {
		return write(ctx, func(tx todos.Tx) error {
			for _, e := range events {
				if err := tx.Record(e); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return &counts{m, audit.NewCounts(record, logger), audit.NewCounts(record, logger)}
}

// tokenRejected counts a request whose token is not accepted. One without any is how
// every MCP client begins, and an issuer out of reach rejects nothing.
func (c *counts) tokenRejected(ctx context.Context, reason auth.Reason, issuer string) {
	switch reason {
	case auth.ReasonMissingHeader, auth.ReasonMissingToken, auth.ReasonUnavailable:
		return
	}
	kind := audit.TokenRejected
	if reason == auth.ReasonTooMany {
		kind = audit.RateLimited
	}
	c.metrics.Refused(string(kind), string(reason))
	c.strangers.Add(audit.Refusal{
		Kind: kind, Reason: audit.Reason(reason), Issuer: issuer, Source: audit.Network(observe.ClientAddr(ctx)),
	})
}

// rateLimited counts a call too many.
func (c *counts) rateLimited(_ context.Context, p auth.Principal) {
	c.metrics.Refused(string(audit.RateLimited), string(audit.ReasonRateLimited))
	c.people.Add(audit.Refusal{Kind: audit.RateLimited, Reason: audit.ReasonRateLimited, Issuer: p.Issuer, Tenant: p.Tenant, Subject: p.Subject})
}

// requestRefused counts a request that is no MCP message.
func (c *counts) requestRefused(_ context.Context, p auth.Principal) {
	c.refused(audit.ReasonMalformedRequest, p)
}

// overloaded counts a request too many at once.
func (c *counts) overloaded(_ context.Context, p auth.Principal) {
	c.refused(audit.ReasonOverloaded, p)
}

// shed counts one that was refused before anybody looked whose it is.
func (c *counts) shed() {
	c.metrics.Request(http.StatusServiceUnavailable)
	c.metrics.Refused(string(audit.RequestRefused), string(audit.ReasonOverloaded))
	c.strangers.Add(audit.Refusal{Kind: audit.RequestRefused, Reason: audit.ReasonOverloaded})
}

func (c *counts) refused(reason audit.Reason, p auth.Principal) {
	c.metrics.Refused(string(audit.RequestRefused), string(reason))
	c.people.Add(audit.Refusal{Kind: audit.RequestRefused, Reason: reason, Issuer: p.Issuer, Tenant: p.Tenant, Subject: p.Subject})
}

func (c *counts) run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { c.strangers.Run(ctx) })
	both.Go(func() { c.people.Run(ctx) })
	both.Wait()
}

func (c *counts) flush(ctx context.Context) error {
	return errors.Join(c.strangers.Flush(ctx), c.people.Flush(ctx))
}
