package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/config"
	"todomanager/internal/httpserver"
	"todomanager/internal/todos"
	"todomanager/internal/tracing"
)

// site is a public URL with its own idea of who may come in. What is behind
// authentication is the same for all sites: a principal's issuer keeps people apart.
type site struct {
	config.Site
	trusted  []auth.Issuer // what the verifier was made of, with the secrets
	verifier *auth.Verifier
	guard    *auth.Guard
}

// sites are all that a server has. Each issuer belongs to one of them.
type sites []site

// entrance is what every site lets people in with. It must outlast a reload: a verifier that
// is kept goes on using it.
type entrance struct {
	admit   func(context.Context) time.Duration        // bounds what strangers cost; may be nil
	refused func(context.Context, auth.Reason, string) // is told of each refusal, see [auth.GuardOptions]; may be nil
	tracing *tracing.Tracing                           // nil: none
	logger  *slog.Logger
}

// newSites fetches nothing yet. Its errors are of the configuration. A site of before that
// would be the same keeps its verifier, with its keys and the tokens that it knows.
func newSites(c *config.Server, e entrance, before sites) (sites, error) {
	var list sites
	for _, scope := range c.ChallengeScopes {
		if !slices.Contains(todos.Scopes(), scope) {
			return nil, c.Invalid("challenge-scopes", scope, "unknown scope; use some of %s", strings.Join(todos.Scopes(), ", "))
		}
	}
	for _, configured := range c.Sites() {
		issuers, err := newIssuers(c, configured)
		if err != nil {
			return nil, err
		}
		s := site{Site: configured, trusted: issuers}
		if err := s.open(c.ChallengeScopes, e, before); err != nil {
			return nil, configured.Invalid("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		list = append(list, s)
	}
	return list, nil
}

// open gives the site its verifier and its guard. Challenge is the scopes of a 401; nil
// means all.
func (s *site) open(challenge []string, e entrance, before sites) (err error) {
	same := slices.IndexFunc(before, s.sameTokens)
	if same >= 0 {
		s.verifier = before[same].verifier
	} else if s.verifier, err = auth.NewVerifier(auth.Options{
		Issuers: s.trusted, Resource: s.PublicURL, Scopes: todos.Scopes(), Admit: e.admit, Before: before.verifiers(), Logger: e.logger,
	}); err != nil {
		return err
	}
	s.guard, err = auth.NewGuard(auth.GuardOptions{
		Resource: s.PublicURL, Issuers: s.Issuers.URLs(), Scopes: todos.Scopes(), Challenge: challenge, Unlisted: []string{todos.ScopeAudit}, Spell: s.verifier.ScopeNames,
		Verify: tracedVerify(e.tracing, s.verifier.Verify), Admit: e.admit, Refused: e.refused, Logger: e.logger, ResourceName: "Todo Manager",
	})
	return err
}

// sameTokens reports whether two sites take the same tokens, so that they can have one
// verifier.
func (s *site) sameTokens(other site) bool {
	return s.PublicURL == other.PublicURL && reflect.DeepEqual(s.trusted, other.trusted)
}

func (s sites) verifiers() []*auth.Verifier {
	list := make([]*auth.Verifier, len(s))
	for i, site := range s {
		list[i] = site.verifier
	}
	return list
}

// issuers returns the URLs of all issuers of all sites.
func (s sites) issuers() (urls []string) {
	for _, site := range s {
		urls = append(urls, site.Issuers.URLs()...)
	}
	return urls
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
