package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/audit"
)

// ledger records events, or fails.
type ledger struct {
	mu     sync.Mutex
	events []audit.Event
	sizes  []int // of each batch
	err    error
}

func (l *ledger) record(_ context.Context, events []audit.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	for _, e := range events {
		if err := e.Check(); err != nil {
			return err
		}
	}
	l.events, l.sizes = append(l.events, events...), append(l.sizes, len(events))
	return nil
}

type counted struct {
	Count   int64     `json:"count"`
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
	Source  string    `json:"source"`
}

func detailsOf(t *testing.T, e audit.Event) (c counted) {
	t.Helper()
	text, err := json.Marshal(e.Details)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (l *ledger) total(t *testing.T) (sum int64) {
	for _, e := range l.events {
		sum += detailsOf(t, e).Count
	}
	return sum
}

func rejected(n int) audit.Refusal {
	address := netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), 7})
	return audit.Refusal{Kind: audit.TokenRejected, Reason: "invalid_token", Source: audit.Network(address)}
}

// TestCountsEveryMinute: equal refusals are one row with their number, times and network.
func TestCountsEveryMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(ledger)
		c := audit.NewCounts(l.record, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.Run(ctx) }()
		first := time.Now().UTC()
		c.Add(rejected(1))
		time.Sleep(30 * time.Second)
		c.Add(rejected(1))
		c.Add(audit.Refusal{Kind: audit.RateLimited, Reason: "rate_limited", Issuer: "i", Subject: "alice"})
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if len(l.events) != 2 {
			t.Fatalf("%d events, want 2: %+v", len(l.events), l.events)
		}
		want := counted{2, first, first.Add(30 * time.Second), "10.0.1.0/24"}
		if got := detailsOf(t, l.events[0]); got != want || l.events[0].Kind != audit.TokenRejected || l.events[0].Call.Principal.Subject != "" {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if p := l.events[1].Call.Principal; p.Issuer != "i" || p.Subject != "alice" {
			t.Errorf("caller %+v", p)
		}
		time.Sleep(10 * time.Minute)
		cancel()
		<-done
		if len(l.sizes) != 1 {
			t.Errorf("%d batches, want one: nothing happened since", len(l.sizes))
		}
	})
}

// TestCountsAreBounded: a hundred thousand refusals of as many kinds as a stranger can
// make are 33 rows, lose nothing, and take no memory that grows.
func TestCountsAreBounded(t *testing.T) {
	l := new(ledger)
	c := audit.NewCounts(l.record, slog.New(slog.DiscardHandler))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for n := range 1000 {
		c.Add(rejected(n))
	}
	before := heap()
	const refusals = 100_000
	for n := 1000; n < refusals; n++ {
		c.Add(rejected(n % 65536))
	}
	if grown := int64(heap()) - int64(before); grown > 64<<10 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(l.events) > 33 || l.total(t) != refusals {
		t.Errorf("%d rows count %d refusals, want at most 33 and %d", len(l.events), l.total(t), refusals)
	}
}

// TestCountsSurviveFailures: what cannot be recorded is kept, and recorded once.
func TestCountsSurviveFailures(t *testing.T) {
	l := &ledger{err: errors.New("disk full")}
	c := audit.NewCounts(l.record, slog.New(slog.DiscardHandler))
	for round := range 20 {
		for n := range 100 * round {
			c.Add(rejected(n))
		}
		if err := c.Flush(t.Context()); round > 0 && !errors.Is(err, l.err) {
			t.Errorf("round %d: %v", round, err)
		}
	}
	l.err = nil
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := int64(100 * 19 * 20 / 2); len(l.events) > 33 || l.total(t) != want {
		t.Errorf("%d rows count %d refusals, want at most 33 and %d", len(l.events), l.total(t), want)
	}
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{"203.0.113.9": "203.0.113.0/24", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64"} {
		if got := audit.Network(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if audit.Network(netip.Addr{}).IsValid() {
		t.Error("no address has a network")
	}
}

func BenchmarkCounts(b *testing.B) {
	c := audit.NewCounts(new(ledger).record, slog.New(slog.DiscardHandler))
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			c.Add(rejected(n))
		}
	})
}
