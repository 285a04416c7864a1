package main

import (
	"context"
	"net/http"
	"time"

	"todomanager/internal/audit"
	"todomanager/internal/todos"
)

// recorded counts a call, and tells its span.
func (s *service) recorded(ctx context.Context, e audit.Event) {
	s.tracing.Decided(ctx, string(e.Decision), string(e.Reason))
	s.metrics.Call(e.Tool, string(e.Decision), string(e.Reason), time.Since(e.Call.Started))
}

// measure adds what is read when somebody looks, and what alerts wait for.
func (s *service) measure() {
	for _, tool := range todos.Names() {
		for _, reason := range []audit.Reason{audit.ReasonStorageLow, audit.ReasonInternalError} {
			s.metrics.Expect(tool, string(audit.Deny), string(reason))
		}
	}
	s.metrics.Counter("unrecorded_refusals_total", "Refused calls whose audit row could not be written.", func() float64 {
		return float64(s.product.Unrecorded())
	})
	s.metrics.Gauge("calls_waiting", "Calls that wait until others have been carried out.", func() float64 { return float64(s.places.Waiting()) })
	s.metrics.Gauge("writer_queue", "Calls that wait for the writer; at 1,024 further ones are shed.", func() float64 { return float64(s.store.Waiting()) })
	s.metrics.Gauge("wal_bytes", "Size of the database's write-ahead log.", func() float64 { return float64(s.store.LogBytes()) })
	s.metrics.Gauges("issuer_keys_fetched_timestamp_seconds", "When the issuer's keys were last fetched, 0 if never.", "issuer", func() map[string]float64 {
		return s.current.Load().sites.keysFetched()
	})
}

// keysFetched returns when the keys of each issuer were fetched, in seconds, 0 for never.
func (s sites) keysFetched() map[string]float64 {
	times := make(map[string]float64)
	for _, site := range s {
		for issuer, at := range site.verifier.KeysFetched() {
			times[issuer] = 0
			if !at.IsZero() {
				times[issuer] = float64(at.Unix())
			}
		}
	}
	return times
}

// operations is what the operations listener serves.
func (s *service) operations() http.Handler {
	m := s.metrics.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			m.ServeHTTP(w, r)
			return
		}
		s.health.ServeHTTP(w, r)
	})
}
