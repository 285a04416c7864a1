package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// GuardOptions configure a [Guard].
type GuardOptions struct {
	// Resource is this server's resource identifier, the URL that people give
	// their client: http or https, a host, perhaps a path. Required.
	Resource string
	// Issuers are the identifiers of the authorization servers to send clients
	// to. At least one.
	Issuers []string
	// Scopes are what a client should ask for: scopes_supported of the metadata, in
	// this order.
	Scopes []string
	// Challenge is the scope of a 401, if that is not all of Scopes: a client then asks
	// for the others when it needs them.
	Challenge []string
	// Unlisted are further scopes of the server, which nobody is told to ask for:
	// a 403 names those that the principal holds or needs.
	Unlisted []string
	// Spell returns how the clients of an issuer must ask for scopes, as
	// [Verifier.ScopeNames] does; what it leaves out is not asked for. The
	// metadata and a 401 use the spelling of the first of Issuers, a 403 that of
	// the principal's. Default: scopes are asked for by their own names.
	Spell func(issuer string, scopes []string) []string
	// Verify decides about a token, as [Verifier.Verify] does. Required.
	Verify func(ctx context.Context, token string) (Principal, error)
	// Admit, if set, is asked before a request without a usable token is answered, as
	// [Options].Admit is for those with one: unless it returns 0 the answer is 429.
	Admit func(ctx context.Context) time.Duration
	// Refused, if set, is called for every request that is not let through. Issuer
	// is the trusted one that the token claims to be of, or empty. It runs before
	// the answer is written and must not block.
	Refused func(ctx context.Context, reason Reason, issuer string)
	// Logger receives why tokens were refused. Default: discard.
	Logger *slog.Logger
	// ResourceName, optional, is the metadata's resource_name, for people.
	ResourceName string
}

// A Guard stands in front of a handler and lets only verified callers through.
type Guard struct {
	verify      func(context.Context, string) (Principal, error)
	refused     func(context.Context, Reason, string)
	admit       func(context.Context) time.Duration
	log         *slog.Logger
	spell       func(string, []string) []string
	scopes      []string // listed and unlisted
	scope       string   // of a 401, as a scope parameter of the first issuer
	metadataURL string
	paths       []string
	document    []byte
}

// NewGuard checks the options and prepares all constant answers.
func NewGuard(o GuardOptions) (*Guard, error) {
	if o.Verify == nil || len(o.Issuers) == 0 {
		return nil, errors.New("a guard needs a verify function and at least one issuer")
	}
	resource, err := parseResource(o.Resource)
	if err != nil {
		return nil, fmt.Errorf("resource %q: %w", o.Resource, err)
	}
	for _, name := range slices.Concat(o.Scopes, o.Challenge, o.Unlisted) {
		if !validScope(name) {
			return nil, fmt.Errorf("%q is not a scope (RFC 6749 section 3.3)", name)
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Refused == nil {
		o.Refused = func(context.Context, Reason, string) {}
	}
	if o.Admit == nil {
		o.Admit = func(context.Context) time.Duration { return 0 }
	}
	if o.Challenge == nil {
		o.Challenge = o.Scopes
	}
	if o.Spell == nil {
		o.Spell = func(_ string, scopes []string) []string { return scopes }
	}
	spelled := o.Spell(o.Issuers[0], o.Scopes)
	g := &Guard{
		verify: o.Verify, refused: o.Refused, admit: o.Admit, log: o.Logger, spell: o.Spell,
		scopes: slices.Concat(o.Scopes, o.Unlisted), scope: strings.Join(o.Spell(o.Issuers[0], o.Challenge), " "),
		paths: metadataPaths(resource),
	}
	g.metadataURL = resource.Scheme + "://" + resource.Host + g.paths[0]
	g.document, err = metadataDocument(o, spelled)
	return g, err
}

// parseResource reads a resource identifier (RFC 9728 section 1.2), of which
// parts go into header values unescaped.
func parseResource(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" {
		return nil, errors.New("not an absolute http or https URL")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || !validScope(raw) {
		return nil, errors.New("must be only a host and a path, at most 255 printable ASCII characters")
	}
	return u, nil
}

// Require lets a request through to next if it carries exactly one bearer
// token and that token verifies; next finds the [Principal] with
// [PrincipalFrom]. Otherwise it answers 400, 401, 429 with Retry-After, or 503
// with Retry-After, and next is not called. The body is never read.
func (g *Guard) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		raw, reason := bearerToken(r)
		if reason != "" {
			if wait := g.admit(ctx); wait > 0 {
				g.refuseToken(ctx, w, tooMany(wait))
				return
			}
			g.refused(ctx, reason, "")
			g.refuse(w, reason)
			return
		}
		p, err := g.verify(ctx, raw)
		if err != nil {
			g.refuseToken(ctx, w, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(WithPrincipal(ctx, p)))
	})
}

// refuseToken answers for an error of the verifier. An error of any other type
// decides nothing about the token, so it is treated as an outage.
func (g *Guard) refuseToken(ctx context.Context, w http.ResponseWriter, err error) {
	var refusal *TokenError
	if errors.As(err, &refusal) && refusal.Reason == ReasonTooMany {
		g.refused(ctx, ReasonTooMany, "")
		WriteTooMany(w, refusal.Wait, string(ReasonTooMany), "too many requests from your network whose token is missing, not valid or new to this server; retry after the time given in Retry-After")
		return
	}
	if errors.As(err, &refusal) && !errors.Is(err, ErrUnavailable) {
		g.log.InfoContext(ctx, "token refused", "reason", refusal.Reason, "detail", refusal.Detail)
		g.refused(ctx, refusal.Reason, refusal.Issuer)
		g.refuse(w, refusal.Reason)
		return
	}
	g.log.InfoContext(ctx, "token could not be checked", "err", err)
	g.refused(ctx, ReasonUnavailable, "")
	w.Header().Set("Retry-After", retryAfter)
	WriteError(w, http.StatusServiceUnavailable, ErrorBody{
		Error: "temporarily_unavailable", Reason: string(ReasonUnavailable),
		Description: "the authorization server cannot be reached to check the token: try again",
	})
}
