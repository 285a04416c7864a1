package audit

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"todomanager/internal/auth"
)

const (
	// flushInterval is how often counts become rows.
	flushInterval = time.Minute
	// maxRefusals bounds what is told apart between two flushes, and so the memory.
	maxRefusals = 256
	// maxCountRows bounds the rows of one flush. Where more was counted, the largest counts
	// have rows of their own and the last row of each kind sums up the others.
	maxCountRows = 33
)

// The reasons of counted kinds, besides those for which tokens are rejected.
const (
	ReasonRateLimited      Reason = "rate_limited"
	ReasonMalformedRequest Reason = "malformed_request"
	ReasonOverloaded       Reason = "overloaded"
	// ReasonOther sums up refusals of several reasons, callers or networks.
	ReasonOther Reason = "other"
)

// CountedReasons returns all reasons that a row of a counted kind can have.
func CountedReasons() []Reason {
	reasons := []Reason{ReasonRateLimited, ReasonMalformedRequest, ReasonOverloaded, ReasonOther}
	for _, r := range auth.Reasons() {
		reasons = append(reasons, Reason(r))
	}
	return reasons
}

// Refusal is what was refused before it became a call, without what tells one request
// from the next: refusals that are equal are counted together.
type Refusal struct {
	Kind   Kind // one of the counted ones
	Reason Reason
	Issuer string // a configured one, or empty

	Tenant, Subject string       // of a verified caller, else empty
	Source          netip.Prefix // of a caller of whom no more is known: the [Network]; else the zero value
}

// Network returns the part of an address that is recorded: the first 24 bits of IPv4, 64
// of IPv6.
func Network(addr netip.Addr) netip.Prefix {
	bits := 64
	if addr.Is4() {
		bits = 24
	}
	network, _ := addr.Prefix(bits) // fails for no address at all, which has no network
	return network
}

// other is what r is counted as where there is no room for more.
func (r Refusal) other() Refusal { return Refusal{Kind: r.Kind, Reason: ReasonOther} }

func (r Refusal) event(t tally) Event {
	details := countDetails{Count: t.count, FirstAt: t.first.UTC().Truncate(time.Millisecond), LastAt: t.last.UTC().Truncate(time.Millisecond)}
	if r.Source.IsValid() {
		details.Source = r.Source.String()
	}
	return Event{
		Kind: r.Kind, Decision: Deny, Reason: r.Reason, Details: details,
		Call: Call{Principal: auth.Principal{Issuer: r.Issuer, Tenant: r.Tenant, Subject: r.Subject}},
	}
}

// countDetails is the details column of a counted kind.
type countDetails struct {
	Count   int64     `json:"count"`
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
	Source  string    `json:"source,omitempty"`
}

// tally says how often something was refused, and when.
type tally struct {
	count       int64
	first, last time.Time
}

func (t tally) plus(u tally) tally {
	if t.count == 0 {
		return u
	}
	if u.first.Before(t.first) {
		t.first = u.first
	}
	if u.last.After(t.last) {
		t.last = u.last
	}
	t.count += u.count
	return t
}

// tallies never hold more than maxRefusals, besides one [ReasonOther] of each kind.
type tallies map[Refusal]tally

func (ts tallies) add(r Refusal, t tally) {
	if _, known := ts[r]; !known && len(ts) >= maxRefusals {
		r = r.other()
	}
	ts[r] = ts[r].plus(t)
}

// events returns at most maxCountRows, the largest counts first. Their sum is that of all.
func (ts tallies) events() []Event {
	rest := make(tallies)
	for r := range ts {
		rest[r.other()] = tally{}
	}
	room := maxCountRows - len(rest)
	var events []Event
	for _, r := range slices.SortedFunc(maps.Keys(ts), func(a, b Refusal) int { return cmp.Compare(ts[b].count, ts[a].count) }) {
		if r == r.other() || len(events) == room {
			rest[r.other()] = rest[r.other()].plus(ts[r])
			continue
		}
		events = append(events, r.event(ts[r]))
	}
	for r, t := range rest {
		if t.count > 0 {
			events = append(events, r.event(t))
		}
	}
	return events
}

// Counts counts refusals, so that nobody can fill the disk by being refused: however
// many there are, they take bounded memory and become a bounded number of rows a
// minute. It is safe for concurrent use.
type Counts struct {
	record func(context.Context, []Event) error
	logger *slog.Logger

	mu      sync.Mutex
	tallies tallies
}

// NewCounts returns counts without any. Record must record all the events or none.
func NewCounts(record func(context.Context, []Event) error, logger *slog.Logger) *Counts {
	return &Counts{record: record, logger: logger, tallies: make(tallies)}
}

// Add counts a refusal. It waits for no disk.
func (c *Counts) Add(r Refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now() // under the lock, so that first and last are in order
	c.tallies.add(r, tally{1, now, now})
}

// Run records every minute what was counted, until ctx ends. Call [Counts.Flush] when
// the last request is over.
func (c *Counts) Run(ctx context.Context) {
	tick := time.NewTicker(flushInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := c.Flush(ctx); err != nil {
			c.logger.ErrorContext(ctx, "refusals are kept in memory and recorded later; look at the database and its disk", "err", err)
		}
	}
}

// Flush records what was counted. If that fails the counts are kept, also where the
// record may have been made after all: a refusal may then be counted twice, but none is
// lost.
func (c *Counts) Flush(ctx context.Context) error {
	c.mu.Lock()
	taken := c.tallies
	c.tallies = make(tallies)
	c.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	err := c.record(ctx, taken.events())
	if err == nil {
		return nil
	}
	var refusals int64
	c.mu.Lock()
	defer c.mu.Unlock()
	for r, t := range taken {
		refusals += t.count
		c.tallies.add(r, t)
	}
	return fmt.Errorf("%d refusals could not be recorded: %w", refusals, err)
}
