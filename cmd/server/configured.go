package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"todomanager/internal/config"
	"todomanager/internal/httpserver"
	"todomanager/internal/mcp"
	"todomanager/internal/observe"
)

// configured is what follows from the configuration and can change while the server runs.
// It is immutable once it is the service's current one: a reload makes another. A request
// is served by one of them from its beginning to its end.
type configured struct {
	*config.Server
	sites       sites
	admit       func(context.Context) time.Duration // bounds what strangers cost
	certificate *tls.Certificate                    // nil without TLS
	handler     http.Handler
}

// configure finds out everything that can be wrong with a configuration, and touches
// nothing. Before is what is current, or empty. [service.connect] must follow.
func (s *service) configure(c *config.Server, before *configured) (_ *configured, err error) {
	n := &configured{Server: c, admit: s.buckets.AddressLimit(c.AddressRate, c.AddressBurst)}
	if c.BehindProxy && len(c.TrustedProxies) == 0 {
		s.logger.Warn("the proxy is not among --trusted-proxies, so callers cannot be told apart by address: requests without a known token are not limited")
		n.admit = func(context.Context) time.Duration { return 0 }
	}
	if n.certificate, err = c.Certificate(); err != nil {
		return nil, err
	}
	n.sites, err = newSites(c, entrance{s.admit, s.counts.tokenRejected, s.tracing, s.logger}, before.sites)
	return n, err
}

// connect puts in front of the product what the configuration says.
func (s *service) connect(n *configured) error {
	endpoint, err := mcp.New(mcp.Options{
		Service: s.product.Limited(n.MaxTodos, n.MaxContent), Version: version(), Logger: s.logger, Direct: n.DirectCalls,
		RequestID: observe.RequestID, InsufficientScope: n.sites.insufficientScope,
		Began: s.began(), Traced: observe.SetTraceID, Refused: s.counts.requestRefused, MaxContent: n.MaxContent,
		MaxCalls: n.MaxCalls, Places: &s.places, Overloaded: s.counts.overloaded,
	})
	if err != nil {
		return err
	}
	n.handler, err = httpserver.Routes{
		Sites:          n.sites.routes(s.buckets.RateLimit(n.Rate, n.Burst, s.counts.rateLimited)(endpoint)),
		AllowedHosts:   n.AllowedHosts,
		AllowedOrigins: n.AllowedOrigins,
		MaxBody:        int64(n.MaxBody), //nolint:gosec // 16 MiB at most
		TrustedProxies: n.Proxies(),
		Health:         s.health,
		Full:           endpoint.Full,
		Shed:           s.counts.shed,
		Answered:       s.metrics.Request,
		Around:         s.traceRequests(n.sites),
		Logger:         s.logger,
	}.Handler()
	return err
}

// ServeHTTP serves the main listener.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.current.Load().handler.ServeHTTP(w, r)
}

// admit asks the limit that is current, since a verifier outlasts it.
func (s *service) admit(ctx context.Context) time.Duration { return s.current.Load().admit(ctx) }
