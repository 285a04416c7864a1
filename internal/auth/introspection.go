package auth

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// Introspection asks an issuer about tokens (RFC 7662). There are three modes:
//
//   - Issuer.Introspection is nil: only JWTs, verified here. It fits every
//     provider that issues JWTs for this server, and costs it nothing.
//   - Introspection without Always: JWTs are verified here, all other tokens are
//     introspected. It fits providers that issue either kind, by client or by
//     request, and those that refuse to introspect JWTs (oidc-provider, Logto).
//   - Introspection with Always: every token of the issuer is introspected. It
//     fits providers with opaque tokens alone, whose keys are then not looked
//     for, and JWTs whose revocation must be noticed within half a minute.
//
// An opaque token names no issuer and must not be shown to one that did not
// issue it (RFC 9700 section 4.9), so only one issuer of a [Verifier] may have
// this.
//
// The answer is believed for 30 seconds, or until exp if that is sooner: for so
// long a revoked token still works.
type Introspection struct {
	// URL is the endpoint: https, or http on loopback. It is never taken from
	// metadata, for the tokens and the secret are sent there.
	URL string
	// ClientID and ClientSecret authenticate this server there, by
	// client_secret_basic (RFC 6749 section 2.3.1). Required.
	ClientID, ClientSecret string
	// Always introspects JWTs as well. Default: they are verified here.
	Always bool
}

const (
	answerMaxAge         = 30 * time.Second // that an active token is believed to be active
	refusalMaxAge        = 10 * time.Second // that a refused one is not asked about again
	introspectionTimeout = 3 * time.Second
	maxAnswerBytes       = 64 << 10
)

// An introspector decides about tokens by asking their issuer.
type introspector struct {
	policy   *Issuer // how answers are read
	rules    []rule
	reserved reservedNames
	client   *http.Client
	now      func() time.Time
	breaker  breaker

	flights singleflight.Group // by digest
	// Refusals have a cache of their own: anybody can fill it.
	refusals *lru.Cache[digest, refusal]
}

type refusal struct {
	err   error
	until time.Time
}

func newIntrospector(issuer Issuer, client *http.Client, now func() time.Time, log *slog.Logger) (*introspector, error) {
	refusals, err := lru.New[digest, refusal](cacheSize)
	if err != nil {
		return nil, err
	}
	own := *client
	own.Timeout = min(own.Timeout, introspectionTimeout)
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	reserved := reserve(append(issuer.claimNames(), standardClaims()...)...)
	reserved.add("active", "token_type")
	// iat is optional in an answer (RFC 7662 section 2.2), and its time of life
	// is the issuer's business, for no key can be stolen to forge one.
	issuer.TypPolicy, issuer.MaxLifetime = TypLegacy, math.MaxInt64
	return &introspector{
		policy: &issuer, rules: answerRules(), reserved: reserved, client: &own, now: now, refusals: refusals,
		breaker: breaker{issuer: issuer.URL, now: now, log: log},
	}, nil
}

// introspect decides about a token that is not in the cache. Callers with the
// same token wait for one request, which none of them can end by hanging up.
func (s *introspector) introspect(ctx context.Context, raw string, d digest) (verified, error) {
	if no, ok := s.refusals.Get(d); ok && s.now().Before(no.until) {
		return verified{}, no.err
	}
	flight := s.flights.DoChan(string(d[:]), func() (any, error) {
		v, err := s.decide(context.WithoutCancel(ctx), raw, d)
		if err != nil && !errors.Is(err, ErrUnavailable) {
			s.refusals.Add(d, refusal{err, s.now().Add(refusalMaxAge)})
		}
		return v, err
	})
	select {
	case result := <-flight:
		return result.Val.(verified), result.Err
	case <-ctx.Done():
		return verified{}, unavailable("the caller went away during introspection")
	}
}

func (s *introspector) decide(ctx context.Context, raw string, d digest) (verified, error) {
	answer, err := s.ask(ctx, raw)
	if err != nil {
		return verified{}, err
	}
	r := &reading{claims: answer, now: s.now()}
	if err := s.policy.apply(s.rules, r); err != nil {
		return verified{}, err
	}
	r.principal.TokenHash = d
	expires := r.now.Add(answerMaxAge)
	if exp := r.expires.Add(-skew); exp.Before(expires) {
		expires = exp
	}
	return verified{principal: r.principal, expires: expires}, nil
}

// acceptActive demands the JSON value true (RFC 7662 section 2.2).
func (i *Issuer) acceptActive(r *reading) error {
	if string(r.claims["active"]) != "true" {
		return refuse(ReasonInvalidToken, "the authorization server does not say that the token is active")
	}
	return nil
}

func (i *Issuer) acceptAnswerIssuer(r *reading) error {
	if !r.claims.lacksOrIs("iss", i.URL) {
		return refuse(ReasonInvalidToken, "the introspection answer is about a token of another issuer")
	}
	return nil
}

// acceptTokenType demands a sign that the token is an access token: refresh
// tokens are active too, and some providers tell them apart only by leaving
// token_type out.
func (i *Issuer) acceptTokenType(r *reading) error {
	tokenType, ok := r.claims.text("token_type")
	switch {
	case r.claims.has("token_type") && (!ok || !strings.EqualFold(tokenType, "Bearer") && tokenType != "access_token"):
		return refuse(ReasonNotAccessToken, "the introspection answer's token_type is not Bearer")
	case !ok && !r.claims.has("token_use"):
		return refuse(ReasonNotAccessToken, "the introspection answer has neither token_type nor token_use, as for a refresh token")
	}
	return nil
}
