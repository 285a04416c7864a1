package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"golang.org/x/sync/errgroup"

	"todomanager/internal/audit"
	"todomanager/internal/config"
	"todomanager/internal/httpserver"
	"todomanager/internal/mcp"
	"todomanager/internal/metrics"
	"todomanager/internal/observe"
	"todomanager/internal/store/sqlite"
	"todomanager/internal/todos"
)

// serveCommand is the service.
type serveCommand struct {
	config.Server
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, std stdio) error {
	logger, err := std.logger(c.LogLevel)
	if err != nil {
		return err
	}
	s, err := newService(ctx, &c.Server, logger)
	if err != nil {
		return err
	}
	for _, site := range s.sites {
		logger.Info("serving", "public_url", site.PublicURL, "listen", s.main.Addr(), "issuers", site.Issuers.URLs(), "db", c.DB)
	}
	return s.run(ctx)
}

// service is the running program: the parts that must be started and stopped.
type service struct {
	metrics *metrics.Metrics
	sites   sites
	store   *sqlite.Store
	notary  *audit.Notary
	counts  *counts
	main    *httpserver.Server
	ops     *httpserver.Server // nil if there is no operations listener
}

// newService wires everything and binds the listeners. It is the only place where the
// packages meet.
func newService(ctx context.Context, c *config.Server, logger *slog.Logger) (_ *service, err error) {
	s := &service{metrics: metrics.New()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()

	if err := c.CheckFiles(); err != nil {
		return nil, err
	}
	s.counts = newCounts(func(ctx context.Context, fn func(todos.Tx) error) error { return s.store.Write(ctx, fn) }, s.metrics, logger)
	if s.sites, err = newSites(c, logger, s.counts.tokenRejected); err != nil {
		return nil, err
	}
	if s.store, err = sqlite.Open(ctx, sqlite.Options{
		Path: c.DB, Logger: logger, MinFree: uint64(c.MinFree), Committed: s.metrics.Committed, Failed: s.metrics.Failed,
	}); err != nil {
		return nil, err
	}
	if s.notary, err = newNotary(s.store, c, logger); err != nil {
		return nil, err
	}
	endpoint, err := newEndpoint(s, c, logger)
	if err != nil {
		return nil, err
	}
	health := httpserver.NewHealth(logger,
		httpserver.Check{Name: "database", Run: s.store.Ready},
		httpserver.Check{Name: "disk", Run: s.store.DiskFree},
		httpserver.Check{Name: "keys", Run: func(context.Context) error { return s.sites.ready() }})
	routes, err := httpserver.Routes{
		Sites:          s.sites.routes(httpserver.RateLimit(c.Rate, c.Burst, s.counts.rateLimited)(endpoint)),
		AllowedHosts:   c.AllowedHosts,
		AllowedOrigins: c.AllowedOrigins,
		MaxBody:        int64(c.MaxBody),
		TrustedProxies: c.Proxies(),
		Health:         health,
		Answered:       s.metrics.Request,
		Logger:         logger,
	}.Handler()
	if err != nil {
		return nil, err
	}
	return s, s.listen(c, routes, health, logger)
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

// newEndpoint builds what is behind authentication.
func newEndpoint(s *service, c *config.Server, logger *slog.Logger) (http.Handler, error) {
	product, err := todos.NewService(todos.Options{Store: s.store, Logger: logger, MaxTodos: c.MaxTodos, MaxContent: c.MaxContent, Recorded: s.recorded})
	if err != nil {
		return nil, err
	}
	s.measure(product)
	return mcp.New(mcp.Options{
		Service: product, Version: version(), Logger: logger,
		RequestID: observe.RequestID, InsufficientScope: s.sites.insufficientScope,
		Traced: observe.SetTraceID, Refused: s.counts.requestRefused, MaxContent: c.MaxContent,
	})
}

func (s *service) listen(c *config.Server, routes http.Handler, health *httpserver.Health, logger *slog.Logger) (err error) {
	s.main, err = httpserver.Listen(httpserver.Options{
		Address: c.Listen, CertFile: c.TLSCert, KeyFile: c.TLSKey, Handler: routes, Logger: logger,
	})
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if c.OpsListen == "" {
		return nil
	}
	if s.ops, err = httpserver.Listen(httpserver.Options{Address: c.OpsListen, Handler: s.operations(health), Logger: logger}); err != nil {
		return fmt.Errorf("--ops-listen: %w", err)
	}
	return nil
}

// run serves until ctx ends or a part fails, then stops in the order in which requests
// flow: listeners drain first, the database closes last.
func (s *service) run(ctx context.Context) error {
	parts, ctx := errgroup.WithContext(ctx)
	for _, site := range s.sites {
		parts.Go(func() error { return site.verifier.Run(ctx) })
	}
	parts.Go(func() error { s.notary.Run(ctx); return nil })
	parts.Go(func() error { s.counts.run(ctx); return nil })
	parts.Go(func() error { return s.main.Serve(ctx) })
	if s.ops != nil {
		parts.Go(func() error { return s.ops.Serve(ctx) })
	}
	err := parts.Wait()
	err = errors.Join(err, s.counts.flush(context.WithoutCancel(ctx)))
	s.notary.Sign(context.WithoutCancel(ctx)) // after the last row
	return errors.Join(err, s.store.Close())
}

// close releases what was opened for a service that will not run.
func (s *service) close() error {
	var errs []error
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
