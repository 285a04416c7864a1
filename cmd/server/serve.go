package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"golang.org/x/sync/errgroup"

	"todomanager/internal/audit"
	"todomanager/internal/config"
	"todomanager/internal/httpserver"
	"todomanager/internal/mcp"
	"todomanager/internal/metrics"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
	"todomanager/internal/tracing"
)

// serveCommand is the service.
type serveCommand struct {
	config.Server
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, std stdio, args arguments) error {
	by, stop := listenToOperator(args)
	defer stop()
	logger, level, outlet, err := std.lastingLogger(c.LogLevel)
	if err != nil {
		return err
	}
	by.level = level
	tuneCollector(memlimit.FromCgroup, logger)
	s, err := newService(ctx, &c.Server, logger)
	if err != nil {
		return err
	}
	s.countLost(outlet)
	for _, site := range s.current.Load().sites {
		logger.Info("serving", "public_url", site.PublicURL, "listen", s.main.Addr(), "issuers", site.Issuers.URLs(), "db", c.DB)
	}
	return s.run(ctx, by)
}

// service is the running program: the parts that must be started and stopped, and what
// stays when the configuration changes.
type service struct {
	logger  *slog.Logger
	metrics *metrics.Metrics
	tracing *tracing.Tracing // nil without --otlp-endpoint
	store   *sqlite.Store
	notary  *audit.Notary
	counts  *counts
	product *todos.Service
	buckets *httpserver.Buckets
	places  mcp.Places
	health  *httpserver.Health
	main    *httpserver.Server
	ops     *httpserver.Server // nil if there is no operations listener
	systemd supervisor

	current atomic.Pointer[configured] // never nil once newService has returned
}

// newService wires everything and binds the listeners. Here and in [service.connect] the
// packages meet.
func newService(ctx context.Context, c *config.Server, logger *slog.Logger) (_ *service, err error) {
	s := &service{logger: logger, metrics: metrics.New(), buckets: httpserver.NewBuckets(), systemd: supervisor{logger}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()

	s.tracing = tracing.New(tracing.Options{Endpoint: c.OTLPEndpoint, Version: version(), Logger: logger})
	s.counts = newCounts(func(ctx context.Context, fn func(todos.Tx) error) error { return s.store.Write(ctx, fn) }, s.metrics, logger)
	first, err := s.configure(c, new(configured))
	if err != nil {
		return nil, err
	}
	s.current.Store(first)
	if s.store, err = sqlite.Open(ctx, sqlite.Options{
		Path: c.DB, Logger: logger, MinFree: func() uint64 { return uint64(s.current.Load().MinFree) },
		Committed: s.metrics.Committed, Failed: s.metrics.Failed,
	}); err != nil {
		return nil, err
	}
	if s.notary, err = newNotary(s.store, c, logger); err != nil {
		return nil, err
	}
	if s.product, err = todos.NewService(todos.Options{Store: tracedStore(s.tracing, s.store), Logger: logger, Recorded: s.recorded}); err != nil {
		return nil, err
	}
	s.measure()
	s.health = httpserver.NewHealth(logger,
		httpserver.Check{Name: "database", Run: s.store.Ready},
		httpserver.Check{Name: "disk", Run: s.store.DiskFree},
		httpserver.Check{Name: "keys", Run: func(context.Context) error { return s.current.Load().sites.ready() }})
	if err := s.connect(first); err != nil {
		return nil, err
	}
	return s, s.listen(c)
}

// newNotary opens the key that signs the audit log. It comes after the database, in whose
// folder the key is unless that is configured.
func newNotary(store *sqlite.Store, c *config.Server, logger *slog.Logger) (*audit.Notary, error) {
	key, heads := c.AuditFiles()
	signer, made, err := audit.OpenSigner(key)
	if err != nil {
		return nil, err
	}
	if err := signer.Publish(); err != nil {
		logger.Warn("the public audit key is not kept beside the private one: give audit verify this one (--key)", "public_key", signer.Public(), "err", err)
	}
	if made {
		logger.Warn("a new audit key was made: keep a copy of the public key where nobody who can change the database can change it", "file", key, "public_key", signer.Public())
	}
	return audit.NewNotary(store, signer, audit.HeadsFile(heads), logger), nil
}

func (s *service) listen(c *config.Server) (err error) {
	main := httpserver.Options{
		Address: c.Listen, Handler: s, Logger: s.logger,
		MaxConnections: connections(c.MaxConnections, httpserver.Descriptors(), s.logger), BehindProxy: c.BehindProxy || len(c.TrustedProxies) > 0,
	}
	if c.TLSCert != "" {
		main.Certificate = func() *tls.Certificate { return s.current.Load().certificate }
	}
	if s.main, err = httpserver.Listen(main); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if c.OpsListen == "" {
		return nil
	}
	if s.ops, err = httpserver.Listen(httpserver.Options{
		Address: c.OpsListen, Handler: s.operations(), Logger: s.logger, MaxConnections: opsConnections, BehindProxy: true,
	}); err != nil {
		return fmt.Errorf("--ops-listen: %w", err)
	}
	return nil
}

// run serves until ctx ends or a part fails, then stops in the order in which requests
// flow: listeners drain first, the database closes last.
func (s *service) run(ctx context.Context, by operatorSignals) error {
	s.systemd.ready(s.status())
	unwatch := s.systemd.watch(context.WithoutCancel(ctx), s.store.Alive) // until the last row: requests may hang at the end, too

	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { <-ctx.Done(); s.systemd.stopping(); return nil })
	parts.Go(func() error { s.obey(ctx, by); return nil })
	parts.Go(func() error { s.watchCertificate(ctx); return nil })
	parts.Go(func() error { s.notary.Run(ctx); return nil })
	parts.Go(func() error { s.counts.run(ctx); return nil })
	parts.Go(func() error { return s.main.Serve(ctx) })
	if s.ops != nil {
		parts.Go(func() error { return s.ops.Serve(ctx) })
	}
	err := parts.Wait()
	ending := context.WithoutCancel(ctx)
	err = errors.Join(err, s.counts.flush(ending))
	err = errors.Join(err, s.notary.Sign(ending)) // after the last row
	s.tracing.Close()
	unwatch()
	return errors.Join(err, s.store.Close())
}

// status is what people see who ask the supervisor.
func (s *service) status() string { return "Serving " + s.current.Load().sites[0].PublicURL }

// close releases what was opened for a service that will not run.
func (s *service) close() error {
	var errs []error
	s.tracing.Close()
	for _, listener := range []*httpserver.Server{s.main, s.ops} {
		if listener != nil {
			errs = append(errs, listener.Close())
		}
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}
