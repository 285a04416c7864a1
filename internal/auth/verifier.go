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
	// Client fetches metadata and keys. Its timeout is at most 5 seconds and it
	// does not follow redirects to another host. Default: a client of its own
	// that uses no proxy.
	Client *http.Client
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
	parser  parser
	cache   cache
	now     func() time.Time
}

// trusted is an issuer with its keys.
type trusted struct {
	Issuer
	keys   *keySource
	config *oidc.Config
}

// NewVerifier checks the options; nothing is fetched yet. Its error says what
// to mend, for every issuer.
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
	cache, err := newCache()
	if err != nil {
		return nil, err
	}
	v := &Verifier{issuers: make(map[string]*trusted), cache: cache, now: o.Now}
	client := newClient(o.Client)
	claimNames := standardClaims()
	var errs []error
	for _, issuer := range o.Issuers {
		issuer = issuer.withDefaults(o.Resource)
		errs = append(errs, issuer.validate())
		if v.issuers[issuer.URL] != nil {
			errs = append(errs, fmt.Errorf("issuer %q is configured twice", issuer.URL))
		}
		v.issuers[issuer.URL] = newTrusted(issuer, client, o)
		claimNames = append(claimNames, issuer.claimNames()...)
	}
	v.parser = newParser(claimNames)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return v, nil
}

func newTrusted(issuer Issuer, client *http.Client, o Options) *trusted {
	return &trusted{
		Issuer: issuer,
		keys:   &keySource{issuer: issuer.URL, client: client, now: o.Now, log: o.Logger},
		// go-oidc matches iss and the algorithm list. Its audience check knows
		// one audience, and its time checks read strings as times, allow 0 s
		// and 5 min of skew and ignore iat: the claims policy does both.
		config: &oidc.Config{SupportedSigningAlgs: issuer.Algorithms, SkipClientIDCheck: true, SkipExpiryCheck: true},
	}
}

// Verify returns the principal of a token, or a [*TokenError]. It waits at most
// 5 seconds for an authorization server, and for none unless the token names a
// trusted issuer whose keys, or that one key, are not known.
func (v *Verifier) Verify(ctx context.Context, raw string) (Principal, error) {
	if len(raw) > MaxTokenBytes {
		return Principal{}, refuse(ReasonInvalidToken, "the token is longer than 16 KiB")
	}
	now := v.now()
	digest := sha256.Sum256([]byte(raw))
	if p, ok := v.cache.get(digest, now); ok {
		return p, nil
	}
	t, err := v.parser.parse(raw)
	if err != nil {
		return Principal{}, err
	}
	claimed, _ := t.claims.text("iss")
	issuer := v.issuers[claimed]
	if issuer == nil {
		return Principal{}, refuse(ReasonInvalidToken, "the issuer is not a trusted one; trusted are: "+strings.Join(v.issuerURLs(), ", "))
	}
	key, err := issuer.verifySignature(ctx, t)
	if err != nil {
		return Principal{}, err
	}
	p, expires, err := issuer.principal(t, now)
	if err != nil {
		return Principal{}, err
	}
	v.cache.add(digest, verified{principal: p, expires: expires, keys: issuer.keys, key: key})
	return p, nil
}

// Run loads every issuer's keys at once and keeps them fresh, until ctx ends.
// An issuer that is down stops nothing: Run logs the outage once, retries with
// growing pauses of up to a minute, and logs the recovery. It returns nil.
func (v *Verifier) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, issuer := range v.issuers {
		wg.Go(func() { issuer.keys.run(ctx) })
	}
	wg.Wait()
	return nil
}

// Ready returns nil once the keys of every issuer have been loaded, be it long
// ago; until then an error that names the issuers still missing.
func (v *Verifier) Ready() error {
	var missing []string
	for _, url := range v.issuerURLs() {
		if v.issuers[url].keys.set.Load() == nil {
			missing = append(missing, url)
		}
	}
	if missing != nil {
		return fmt.Errorf("keys not loaded yet: %s", strings.Join(missing, ", "))
	}
	return nil
}

func (v *Verifier) issuerURLs() []string {
	urls := make([]string, 0, len(v.issuers))
	for url := range v.issuers {
		urls = append(urls, url)
	}
	slices.Sort(urls)
	return urls
}
