package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Options configure a [Verifier].
type Options struct {
	// Issuers are the trusted authorization servers, at least one, each URL
	// once.
	Issuers []Issuer
	// Resource is this server's resource identifier (RFC 8707, RFC 9728): the
	// public URL. It is the accepted audience of an issuer that lists none.
	Resource string
	// Scopes are the names of this server's scopes. [Verifier.Survey] and
	// [Verifier.Examine] compare with them; verifying needs none.
	Scopes []string
	// Client fetches metadata and keys. Its timeout is at most 5 seconds and it
	// does not follow redirects to another host. Default: a client of its own
	// that uses no proxy.
	Client *http.Client
	// Admit, if set, is asked before a token is verified that was not seen lately. Unless
	// it returns 0 the token is not looked at, and Verify fails with [ReasonTooMany]. It
	// must not block.
	Admit func(ctx context.Context) time.Duration
	// Before are verifiers that this one replaces. The keys that they have are known to it
	// too, for issuers whose keys are found at the same place: nobody has to wait for an
	// issuer that is out of reach just now. Tokens that they verified are not.
	Before []*Verifier
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Logger receives outages, recoveries and key changes. Default: discard.
	Logger *slog.Logger
}

// A Verifier decides whether a token is a valid access token for this server.
// It is safe for concurrent use. Without [Verifier.Run] it works, but loads keys
// only when a request needs them.
type Verifier struct {
	issuers map[string]*trusted
	opaque  *trusted // the issuer whose opaque tokens are introspected, or nil
	parser  parser
	cache   cache
	scopes  []string
	client  *http.Client
	now     func() time.Time
	admit   func(context.Context) time.Duration
}

// trusted is an issuer with all that verifies its tokens.
type trusted struct {
	*Issuer
	rules        []rule
	keys         *keySource
	config       *oidc.Config
	introspector *introspector // nil without introspection
}

// introspectsAll reports whether the issuer's keys are of no use.
func (i *trusted) introspectsAll() bool { return i.Introspection != nil && i.Introspection.Always }

// NewVerifier checks the options; nothing is fetched yet. Its error says what
// to fix, for every issuer.
func NewVerifier(o Options) (*Verifier, error) {
	if len(o.Issuers) == 0 {
		return nil, errors.New("no issuer: configure at least one authorization server to trust")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Admit == nil {
		o.Admit = func(context.Context) time.Duration { return 0 }
	}
	cache, err := newCache()
	if err != nil {
		return nil, err
	}
	v := &Verifier{issuers: make(map[string]*trusted), cache: cache, now: o.Now, admit: o.Admit,
		scopes: slices.Clone(o.Scopes), client: newClient(o.Client)}
	claimNames := standardClaims()
	var errs []error
	for _, issuer := range o.Issuers {
		issuer = issuer.withDefaults(o.Resource)
		errs = append(errs, issuer.validate(), v.trust(issuer, o))
		claimNames = append(claimNames, issuer.claimNames()...)
	}
	v.parser = newParser(claimNames)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return v, nil
}

// trust adds an issuer that has its defaults.
func (v *Verifier) trust(issuer Issuer, o Options) (err error) {
	if v.issuers[issuer.URL] != nil {
		return fmt.Errorf("issuer %q is configured twice", issuer.URL)
	}
	i := &trusted{
		Issuer: &issuer,
		rules:  jwtRules(),
		keys:   &keySource{issuer: &issuer, client: v.client, now: o.Now, log: o.Logger},
		// go-oidc matches iss and the algorithm list. Its audience check knows
		// one audience, and its time checks read strings as times, allow 0 s
		// and 5 min of skew and ignore iat: the claims policy does both.
		config: &oidc.Config{SupportedSigningAlgs: issuer.Algorithms, SkipClientIDCheck: true, SkipExpiryCheck: true},
	}
	v.issuers[issuer.URL] = i
	for _, before := range o.Before {
		i.keys.inherit(before.issuers[issuer.URL])
	}
	if issuer.Introspection == nil {
		return nil
	}
	if v.opaque != nil {
		return fmt.Errorf("issuers %q and %q both have introspection: an opaque token does not say whose it is and must not be shown to the wrong one; set it for one issuer", v.opaque.URL, issuer.URL)
	}
	v.opaque = i
	i.introspector, err = newIntrospector(issuer, v.client, o.Now, o.Logger)
	return err
}

// Verify returns the principal of a token, or a [*TokenError]. It waits at most
// 5 seconds for an authorization server, and for none unless the token names a
// trusted issuer whose keys, or that one key, are not known, or is to be
// introspected.
func (v *Verifier) Verify(ctx context.Context, raw string) (Principal, error) {
	if err := checkLength(raw); err != nil {
		return Principal{}, err
	}
	now := v.now()
	d := sha256.Sum256([]byte(raw))
	if p, ok := v.cache.get(d, now); ok {
		return p, nil
	}
	if wait := v.admit(ctx); wait > 0 {
		return Principal{}, tooMany(wait)
	}
	result, err := v.verify(ctx, raw, d, now)
	if err != nil {
		return Principal{}, err
	}
	v.cache.add(d, result)
	return result.principal, nil
}

func checkLength(raw string) error {
	if len(raw) > MaxTokenBytes {
		return refuse(ReasonInvalidToken, "the token is longer than 16 KiB")
	}
	return nil
}

// verify decides about a token that is not in the cache.
func (v *Verifier) verify(ctx context.Context, raw string, d digest, now time.Time) (verified, error) {
	t, err := v.parser.parse(raw)
	if v.opaque != nil && isOpaque(err) {
		return v.opaque.introspector.introspect(ctx, raw, d)
	}
	if err != nil {
		return verified{}, err
	}
	issuer, err := v.issuerOf(t)
	if err != nil {
		return verified{}, err
	}
	if issuer.introspectsAll() {
		result, err := issuer.introspector.introspect(ctx, raw, d)
		return result, ofIssuer(issuer.URL, err)
	}
	key, err := issuer.verifySignature(ctx, t)
	if err != nil {
		return verified{}, ofIssuer(issuer.URL, err)
	}
	r := &reading{header: t.header, claims: t.claims, now: now}
	if err := issuer.apply(issuer.rules, r); err != nil {
		return verified{}, ofIssuer(issuer.URL, err)
	}
	r.principal.TokenHash = t.hash()
	return verified{principal: r.principal, expires: r.expires, keys: issuer.keys, key: key}, nil
}

// isOpaque reports whether the parser's error means that the text is no JWT at
// all. A malformed JWT is not sent anywhere.
func isOpaque(err error) bool {
	var refusal *TokenError
	return errors.As(err, &refusal) && refusal.Reason == ReasonNotJWT
}

// issuerOf returns the issuer that a token claims to be of, if it is trusted.
func (v *Verifier) issuerOf(t *token) (*trusted, error) {
	claimed, _ := t.claims.text("iss")
	if issuer := v.issuers[claimed]; issuer != nil {
		return issuer, nil
	}
	return nil, refuse(ReasonInvalidToken, "the issuer is not a trusted one; trusted are: "+strings.Join(v.issuerURLs(), ", "))
}

// Run loads every issuer's keys at once and keeps them fresh, until ctx ends.
// An issuer that is down stops nothing: Run logs the outage once, retries with
// growing pauses of up to a minute, and logs the recovery.
func (v *Verifier) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, issuer := range v.issuers {
		if !issuer.introspectsAll() {
			wg.Go(func() { issuer.keys.run(ctx) })
		}
	}
	wg.Wait()
	v.client.CloseIdleConnections()
}

// Ready returns nil once the keys of an issuer have been loaded, be it long ago; until
// then an error that names those still missing. One issuer is enough: another that is
// down must not take its people out of service too.
func (v *Verifier) Ready() error {
	for _, i := range v.issuers {
		if i.introspectsAll() || i.keys.set.Load() != nil {
			return nil
		}
	}
	return fmt.Errorf("no keys loaded yet: %s", strings.Join(v.issuerURLs(), ", "))
}

// KeysFetched returns when the keys of each issuer that has any were last fetched, the zero
// time if never. An issuer that is always asked about its tokens has none.
func (v *Verifier) KeysFetched() map[string]time.Time {
	times := make(map[string]time.Time)
	for url, i := range v.issuers {
		if i.introspectsAll() {
			continue
		}
		times[url] = time.Time{}
		if set := i.keys.set.Load(); set != nil {
			times[url] = set.fetched
		}
	}
	return times
}

func (v *Verifier) issuerURLs() []string {
	urls := make([]string, 0, len(v.issuers))
	for url := range v.issuers {
		urls = append(urls, url)
	}
	slices.Sort(urls)
	return urls
}
