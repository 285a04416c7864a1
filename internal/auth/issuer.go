package auth

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Issuer is one trusted authorization server and how its access tokens are
// read. With URL alone it is the strict profile of RFC 9068. The other fields
// exist because few providers follow that profile; each zero value is the
// profile's own rule.
type Issuer struct {
	// URL is the issuer identifier, compared byte for byte with the iss claim
	// and with the metadata: a slash at its end matters. It is https, or http
	// on loopback.
	URL string
	// Audiences are the accepted audiences, any one of which suffices (RFC 9068
	// section 4). Default: the server's own resource identifier. An audience
	// that is a bare origin also matches with one slash appended or removed,
	// since clients spell it both ways; nothing else is approximate.
	Audiences []string
	// AudienceClaim is read in place of aud, for a provider whose access tokens
	// have none. Default: aud.
	AudienceClaim string
	// ScopeClaims are looked for in this order and the first present one is
	// used alone: no union, so a claim cannot add to what was consented to. A
	// string is split at spaces; of an array each string is one scope. Default:
	// scope.
	ScopeClaims []string
	// ScopePrefixes are cut off scope names. If there are any, names without
	// one belong to other services and are dropped. Default: none.
	ScopePrefixes []string
	// ScopeMap translates scope or role names (after the prefix) to this
	// server's scopes. If set, names that are not in it grant nothing. Default:
	// names stand for themselves.
	ScopeMap map[string][]string
	// SubjectClaim identifies the user within the tenant and must never be
	// reassigned to somebody else. Default: sub.
	SubjectClaim string
	// TenantClaim splits the issuer's users into tenants; a token without it is
	// then refused. Default: the issuer is one tenant.
	TenantClaim string
	// ClientClaims are looked for in this order for the client's id. Default:
	// client_id, azp.
	ClientClaims []string
	// TypPolicy says which typ headers an access token may have. Default:
	// [TypStrict].
	TypPolicy TypPolicy
	// Algorithms are the accepted signature algorithms (RFC 7518 section 3.1),
	// of RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA. Default:
	// RS256, PS256, ES256, ES384, ES512, EdDSA.
	Algorithms []string
	// MaxLifetime is the longest time from iat to exp; it bounds for how long a
	// stolen signing key can have prepared tokens. Default: 25 hours.
	MaxLifetime time.Duration
	// AllowMachine admits tokens whose subject is the client itself (client
	// credentials). Default: refused, todos belong to people.
	AllowMachine bool
}

// TypPolicy says which typ header (RFC 7515 section 4.1.9) marks an access
// token. Under either policy ID tokens, logout tokens, client assertions and
// sender-constrained tokens are refused.
type TypPolicy int

const (
	// TypStrict takes at+jwt and application/at+jwt (RFC 9068 section 2.1) and
	// requires iat.
	TypStrict TypPolicy = iota
	// TypLegacy also takes JWT or no typ at all, and a token without iat.
	TypLegacy
)

const defaultMaxLifetime = 25 * time.Hour

// withDefaults fills in zero values and copies what it keeps.
func (i Issuer) withDefaults(resource string) Issuer {
	orElse := func(list []string, standard ...string) []string {
		if len(list) == 0 {
			return standard
		}
		return slices.Clone(list)
	}
	i.Audiences = orElse(i.Audiences, resource)
	i.AudienceClaim = cmp.Or(i.AudienceClaim, "aud")
	i.ScopeClaims = orElse(i.ScopeClaims, "scope")
	i.ScopePrefixes = slices.Clone(i.ScopePrefixes)
	i.SubjectClaim = cmp.Or(i.SubjectClaim, "sub")
	i.ClientClaims = orElse(i.ClientClaims, "client_id", "azp")
	i.Algorithms = orElse(i.Algorithms, oidc.RS256, oidc.PS256, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA)
	i.MaxLifetime = cmp.Or(i.MaxLifetime, defaultMaxLifetime)
	for _, audience := range i.Audiences {
		if alias, ok := slashAlias(audience); ok {
			i.Audiences = append(i.Audiences, alias)
		}
	}
	return i
}

// validate reports everything wrong with an issuer that has its defaults.
func (i Issuer) validate() error {
	var errs []error
	if _, err := parseServerURL(i.URL); err != nil {
		errs = append(errs, err)
	}
	if slices.Contains(i.Audiences, "") {
		errs = append(errs, errors.New("an audience is empty: set the audience or the resource"))
	}
	supported := []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
		oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}
	for _, alg := range i.Algorithms {
		if !slices.Contains(supported, alg) {
			errs = append(errs, fmt.Errorf("algorithm %q is not one of %v", alg, supported))
		}
	}
	if i.MaxLifetime < 0 {
		errs = append(errs, errors.New("the maximum lifetime is negative"))
	}
	if i.TypPolicy != TypStrict && i.TypPolicy != TypLegacy {
		errs = append(errs, fmt.Errorf("unknown typ policy %d", i.TypPolicy))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("issuer %q: %w", i.URL, err)
	}
	return nil
}

// claimNames are the claims that this issuer's policy reads.
func (i Issuer) claimNames() []string {
	names := slices.Concat(i.ScopeClaims, i.ClientClaims, []string{i.AudienceClaim, i.SubjectClaim})
	if i.TenantClaim != "" {
		names = append(names, i.TenantClaim)
	}
	return names
}

// parseServerURL reads the URL of an authorization server: https, or http on
// loopback, with nothing but host and path (RFC 8414 section 2).
func parseServerURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("not a URL")
	}
	if u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("not an absolute URL of host and path alone")
	}
	if u.Scheme != "https" && !loopbackHTTP(u) {
		return nil, errors.New("must be https, or http on a loopback address")
	}
	return u, nil
}

func loopbackHTTP(u *url.URL) bool {
	if u.Scheme != "http" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
}

// slashAlias returns the other spelling of an origin: with, or without, the
// slash that is its whole path. RFC 3986 section 6.2.3 makes the two
// equivalent, and widely used clients send either as the resource.
func slashAlias(audience string) (string, bool) {
	u, err := url.Parse(audience)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return "", false
	}
	switch origin := u.Scheme + "://" + u.Host; audience {
	case origin:
		return origin + "/", true
	case origin + "/":
		return origin, true
	}
	return "", false
}
