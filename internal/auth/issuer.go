package auth

import (
	"cmp"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Issuer is one trusted authorization server and how its access tokens are
// read. With URL alone it is the strict profile of RFC 9068. The other fields
// exist because few providers follow that profile; each zero value is the
// profile's own rule. [Profile] has the settings of known providers.
type Issuer struct {
	// URL is the issuer identifier, compared byte for byte with the iss claim
	// and with the metadata: a slash at its end matters. It is https, or http
	// on loopback.
	URL string
	// MetadataURL is where the metadata is, for an issuer that has it at none of
	// the places of RFC 8414 section 3 and OpenID Connect Discovery section 4.
	// The document's issuer must still be URL. Default: those places, in the
	// order of the MCP authorization specification.
	MetadataURL string
	// JWKSURL is where the keys are, for an issuer without metadata, which is
	// then not looked for. Default: the metadata's jwks_uri. Both addresses are
	// https, or http on loopback.
	JWKSURL string
	// Introspection is set for an issuer whose opaque tokens are to be accepted.
	// Default: tokens are JWTs.
	Introspection *Introspection
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
	// string is split at spaces; of an array each string is one scope; of an
	// object, and only with a ScopeMap, each key is one. Default: scope.
	ScopeClaims []string
	// ScopePrefixes are cut off scope names. If there are any, names without
	// one belong to other services and are dropped, unless the empty prefix is
	// among them: that is for a provider whose clients ask with a prefix that its
	// tokens do not repeat. Clients are told to ask with the first. Default: none.
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
	// AllowMachine admits tokens that a client obtained for itself (client
	// credentials), as far as they can be told: the subject is the client, or
	// Auth0's gty or Entra's idtyp says so. Default: refused, todos belong to
	// people.
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

// Effective returns i with the default in place of each zero value that has one. Resource
// is [Options].Resource.
func (i Issuer) Effective(resource string) Issuer {
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
	if i.Introspection != nil {
		endpoint := *i.Introspection
		i.Introspection = &endpoint
	}
	return i
}

// withDefaults is [Issuer.Effective] with all spellings of the audiences. What it returns
// shares nothing with i.
func (i Issuer) withDefaults(resource string) Issuer {
	i = i.Effective(resource)
	for _, audience := range i.Audiences {
		if alias, ok := slashAlias(audience); ok {
			i.Audiences = append(i.Audiences, alias)
		}
	}
	return i
}

// claimNames are the claims that this issuer's policy reads.
func (i *Issuer) claimNames() []string {
	names := slices.Concat(i.ScopeClaims, i.ClientClaims, []string{i.AudienceClaim, i.SubjectClaim})
	if i.TenantClaim != "" {
		names = append(names, i.TenantClaim)
	}
	return names
}
