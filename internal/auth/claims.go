package auth

import (
	"slices"
	"strings"
	"time"
)

// skew is how far the clocks of this server and an issuer may differ, applied
// once and alike to exp, nbf and iat.
const skew = time.Minute

// standardClaims are the claims that the policy reads whatever the issuer.
func standardClaims() []string {
	return []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "typ", "token_use", "events", "cnf",
		"nonce", "at_hash", "c_hash", "s_hash", "gty", "idtyp", "_claim_names", "_claim_sources"}
}

// acceptType refuses a JWT whose header does not say that it is an access token
// (RFC 9068 section 4).
func (i *Issuer) acceptType(r *reading) error {
	typ, isString := r.header.text("typ")
	if r.header.has("typ") && !isString {
		return refuse(ReasonNotAccessToken, "typ is not a string")
	}
	switch typ = strings.TrimPrefix(strings.ToLower(typ), "application/"); {
	case typ == "at+jwt":
	case i.TypPolicy == TypLegacy && (typ == "" || typ == "jwt"):
	default:
		return refuse(ReasonNotAccessToken, "the typ header is not at+jwt (RFC 9068); if the authorization server cannot set it, relax the typ policy of this issuer")
	}
	return nil
}

// acceptKind refuses every statement of the issuer that is not a bearer access
// token (RFC 8725 section 3.12). The marks in the claims count under either
// policy, for there are providers that issue all kinds with one typ.
func (i *Issuer) acceptKind(r *reading) error {
	for _, mark := range []string{"nonce", "at_hash", "c_hash", "s_hash"} {
		if r.claims.has(mark) {
			return refuse(ReasonNotAccessToken, "an ID token: it has the claim "+mark)
		}
	}
	if r.claims.has("events") {
		return refuse(ReasonNotAccessToken, "a logout or security event token")
	}
	if r.claims.has("cnf") {
		return refuse(ReasonNotAccessToken, "bound to a sender's key, which this server cannot check (RFC 9449 section 7.2, RFC 8705 section 3)")
	}
	// Keycloak and Cognito tell their kinds of tokens apart by these.
	if !r.claims.lacksOrIs("typ", "Bearer") || !r.claims.lacksOrIs("token_use", "access", "access_token") {
		return refuse(ReasonNotAccessToken, "the claim typ or token_use names another kind of token")
	}
	return nil
}

// lacksOrIs reports whether a claim is absent or one of the values.
func (m members) lacksOrIs(name string, values ...string) bool {
	s, ok := m.text(name)
	return !m.has(name) || ok && slices.Contains(values, s)
}

// acceptTimes checks exp, iat and nbf (RFC 7519 section 4.1) and sets expires.
func (i *Issuer) acceptTimes(r *reading) error {
	exp, ok := r.claims.time("exp")
	if !ok {
		return refuse(ReasonInvalidToken, "exp is missing or not a time")
	}
	iat, ok := r.claims.time("iat")
	if !ok && (i.TypPolicy == TypStrict || r.claims.has("iat")) {
		return refuse(ReasonInvalidToken, "iat is missing or not a time")
	}
	start := r.now
	if ok {
		start = iat
	}
	nbf, ok := r.claims.time("nbf")
	if !ok && r.claims.has("nbf") {
		return refuse(ReasonInvalidToken, "nbf is not a time")
	}
	r.expires = exp.Add(skew)
	latest := r.now.Add(skew)
	switch {
	case !r.now.Before(r.expires):
		return refuse(ReasonExpired, "the token has expired")
	case iat.After(latest) || nbf.After(latest):
		return refuse(ReasonInvalidToken, "not valid yet by more than a minute: compare the clocks of this server and the authorization server")
	case !exp.After(iat) || nbf.After(exp):
		return refuse(ReasonInvalidToken, "exp is not after iat and nbf")
	case exp.Sub(start) > i.MaxLifetime:
		return refuse(ReasonInvalidToken, "the lifetime is longer than "+i.MaxLifetime.String()+", the most this issuer may give")
	}
	return nil
}

// acceptAudience demands one of the configured audiences (RFC 9068 section 4).
func (i *Issuer) acceptAudience(r *reading) error {
	audiences, ok := r.claims.strings(i.AudienceClaim)
	if !ok {
		return refuse(ReasonInvalidAudience, i.AudienceClaim+" is missing or malformed; the authorization server must put one of these into it: "+strings.Join(i.Audiences, ", "))
	}
	for _, audience := range audiences {
		if slices.Contains(i.Audiences, audience) {
			return nil
		}
	}
	return refuse(ReasonInvalidAudience, "issued for another audience; accepted are: "+strings.Join(i.Audiences, ", "))
}
