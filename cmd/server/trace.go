package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/observe"
	"todomanager/internal/todos"
	"todomanager/internal/tracing"
)

// traceRequests returns what puts a span around each request to the sites, nil without tracing.
func (s *service) traceRequests(all sites) func(http.Handler) http.Handler {
	if s.tracing == nil {
		return nil
	}
	var routes []string
	for _, site := range all {
		if u, err := url.Parse(site.PublicURL); err == nil {
			routes = append(routes, cmp.Or(u.Path, "/"))
		}
		routes = append(routes, site.guard.MetadataPaths()...)
	}
	return func(next http.Handler) http.Handler {
		return s.tracing.Requests(routes, []string{"/livez", "/readyz"}, observe.SetTraceID, next)
	}
}

// began returns what begins the span of a call, nil without tracing.
func (s *service) began() func(ctx context.Context, name, traceparent string) (context.Context, string, func()) {
	if s.tracing == nil {
		return nil
	}
	return s.tracing.Call
}

// verify decides about a token.
type verify = func(ctx context.Context, token string) (auth.Principal, error)

// tracedVerify puts a span around it that has the reason of a refusal, from auth's closed
// list, and nothing of the token.
func tracedVerify(t *tracing.Tracing, next verify) verify {
	if t == nil {
		return next
	}
	return func(ctx context.Context, token string) (auth.Principal, error) {
		ctx, end := t.Start(ctx, "verify token")
		p, err := next(ctx, token)
		end(failureOf(err))
		return p, err
	}
}

func failureOf(err error) string {
	var refusal *auth.TokenError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal) && !errors.Is(err, auth.ErrUnavailable):
		return string(refusal.Reason)
	}
	return string(auth.ReasonUnavailable)
}

// tracedStore shows where a call waits: for the writer, and for the disk.
func tracedStore(t *tracing.Tracing, store todos.Store) todos.Store {
	if t == nil {
		return store
	}
	return &storeTrace{store, t}
}

type storeTrace struct {
	todos.Store
	tracing *tracing.Tracing
}

// Write notes two spans: until fn began, and from its end until the commit. If fn ran twice
// they are of its last run.
func (s *storeTrace) Write(ctx context.Context, fn func(todos.Tx) error) error {
	asked := time.Now()
	var began, ended atomic.Pointer[time.Time] // atomic: fn may run on, see todos.Store
	err := s.Store.Write(ctx, func(tx todos.Tx) error {
		now := time.Now()
		began.Store(&now)
		defer func() {
			now := time.Now()
			ended.Store(&now)
		}()
		return fn(tx)
	})
	answered := time.Now()
	if at := began.Load(); at == nil {
		s.tracing.Past(ctx, "wait for the writer", asked, answered)
	} else {
		s.tracing.Past(ctx, "wait for the writer", asked, *at)
	}
	if at := ended.Load(); at != nil {
		s.tracing.Past(ctx, "commit", *at, answered)
	}
	return err
}
