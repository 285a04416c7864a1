package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/config"
	"todomanager/internal/httpserver"
	"todomanager/internal/todos"
)

// site is a public URL with its own idea of who may come in. What is behind
// authentication is the same for all sites: a principal's issuer keeps people apart.
type site struct {
	config.Site
	verifier *auth.Verifier
	guard    *auth.Guard
}

// sites are all that a server has. Each issuer belongs to one of them.
type sites []site

// refusedToken is told of each refusal; see [auth.GuardOptions]. It may be nil.
type refusedToken = func(context.Context, auth.Reason, string)

// entrance is what all sites let people in by.
type entrance struct {
	challenge []string                            // scopes of a 401; nil: all
	admit     func(context.Context) time.Duration // bounds what strangers cost
	refused   refusedToken
	logger    *slog.Logger
}

func newEntrance(c *config.Server, logger *slog.Logger, refused refusedToken) (e entrance, err error) {
	e = entrance{c.ChallengeScopes, httpserver.AddressLimit(c.AddressRate, c.AddressBurst), refused, logger}
	if c.BehindProxy && len(c.TrustedProxies) == 0 {
		logger.Warn("the proxy is not among --trusted-proxies, so callers cannot be told apart by address: what strangers cost is not limited")
		e.admit = nil
	}
	for _, scope := range c.ChallengeScopes {
		if !slices.Contains(todos.Scopes(), scope) {
			return e, c.Invalid("challenge-scopes", scope, "unknown scope; use some of %s", strings.Join(todos.Scopes(), ", "))
		}
	}
	return e, nil
}

// newSites fetches nothing yet. Its errors are of the configuration.
func newSites(c *config.Server, logger *slog.Logger, refused refusedToken) (sites, error) {
	var list sites
	e, err := newEntrance(c, logger, refused)
	if err != nil {
		return nil, err
	}
	for _, configured := range c.Sites() {
		issuers, err := newIssuers(c, configured)
		if err != nil {
			return nil, err
		}
		s, err := newSite(configured, issuers, e)
		if err != nil {
			return nil, configured.Invalid("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		list = append(list, s)
	}
	return list, nil
}

func newSite(configured config.Site, issuers []auth.Issuer, e entrance) (s site, err error) {
	s.Site = configured
	s.verifier, err = auth.NewVerifier(auth.Options{Issuers: issuers, Resource: s.PublicURL, Scopes: todos.Scopes(), Admit: e.admit, Logger: e.logger})
	if err != nil {
		return s, err
	}
	s.guard, err = auth.NewGuard(auth.GuardOptions{
		Resource: s.PublicURL, Issuers: s.Issuers.URLs(), Scopes: todos.Scopes(), Challenge: e.challenge, Unlisted: []string{todos.ScopeAudit}, Spell: s.verifier.ScopeNames,
		Verify: s.verifier.Verify, Admit: e.admit, Refused: e.refused, Logger: e.logger, ResourceName: "Todo Manager",
	})
	return s, err
}

// routes puts each site's guard in front of the endpoint that they share.
func (s sites) routes(endpoint http.Handler) []httpserver.Site {
	list := make([]httpserver.Site, len(s))
	for i, site := range s {
		list[i] = httpserver.Site{
			PublicURL: site.PublicURL, Endpoint: site.guard.Require(endpoint),
			Metadata: site.guard.Metadata(), MetadataPaths: site.guard.MetadataPaths(),
		}
	}
	return list
}

// insufficientScope answers as the guard does that let the principal in.
func (s sites) insufficientScope(w http.ResponseWriter, p auth.Principal, needed ...string) {
	of := slices.IndexFunc(s, func(site site) bool { return slices.Contains(site.Issuers.URLs(), p.Issuer) })
	s[of].guard.InsufficientScope(w, p, needed...)
}

// ready returns nil once a site has the keys of an issuer: people of the others get 503
// until theirs answers, and must not keep these from being served.
func (s sites) ready() error {
	errs := make([]error, len(s))
	for i, site := range s {
		if errs[i] = site.verifier.Ready(); errs[i] == nil {
			return nil
		}
	}
	return errors.Join(errs...)
}
