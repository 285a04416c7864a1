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
		"nonce", "at_hash", "c_hash", "s_hash", "_claim_names", "_claim_sources"}
}

// principal applies the issuer's policy to a token whose signature was
// verified. expires is the moment from which the token is no longer accepted.
func (i Issuer) principal(t *token, now time.Time) (p Principal, expires time.Time, err error) {
	if err := i.checkKind(t); err != nil {
		return Principal{}, time.Time{}, err
	}
	if expires, err = i.checkTimes(t.claims, now); err != nil {
		return Principal{}, time.Time{}, err
	}
	if err := i.checkAudience(t.claims); err != nil {
		return Principal{}, time.Time{}, err
	}
	if p, err = i.identify(t); err != nil {
		return Principal{}, time.Time{}, err
	}
	return p, expires, nil
}

// checkKind refuses every signed statement of the issuer that is not a bearer
// access token (RFC 8725 section 3.12). The marks in the claims count under
// either policy, for there are providers that issue all kinds with one typ.
func (i Issuer) checkKind(t *token) error {
	typ, isString := t.header.text("typ")
	if t.header.has("typ") && !isString {
		return refuse(ReasonNotAccessToken, "typ is not a string")
	}
	switch typ = strings.TrimPrefix(strings.ToLower(typ), "application/"); {
	case typ == "at+jwt":
	case i.TypPolicy == TypLegacy && (typ == "" || typ == "jwt"):
	default:
		return refuse(ReasonNotAccessToken, "the typ header is not at+jwt (RFC 9068); if the authorization server cannot set it, relax the typ policy of this issuer")
	}
	for _, mark := range []string{"nonce", "at_hash", "c_hash", "s_hash"} {
		if t.claims.has(mark) {
			return refuse(ReasonNotAccessToken, "an ID token: it has the claim "+mark)
		}
	}
	if t.claims.has("events") {
		return refuse(ReasonNotAccessToken, "a logout or security event token")
	}
	if t.claims.has("cnf") {
		return refuse(ReasonNotAccessToken, "bound to a sender's key, which this server cannot check (RFC 9449 section 7.2, RFC 8705 section 3)")
	}
	// Keycloak and Cognito tell their kinds of tokens apart by these.
	if !t.claims.lacksOrIs("typ", "Bearer") || !t.claims.lacksOrIs("token_use", "access", "access_token") {
		return refuse(ReasonNotAccessToken, "the claim typ or token_use names another kind of token")
	}
	return nil
}

// lacksOrIs reports whether a claim is absent or one of the values.
func (m members) lacksOrIs(name string, values ...string) bool {
	s, ok := m.text(name)
	return !m.has(name) || ok && slices.Contains(values, s)
}

func (i Issuer) checkTimes(claims members, now time.Time) (expires time.Time, err error) {
	exp, ok := claims.time("exp")
	if !ok {
		return time.Time{}, refuse(ReasonInvalidToken, "exp is missing or not a time")
	}
	iat, ok := claims.time("iat")
	if !ok && (i.TypPolicy == TypStrict || claims.has("iat")) {
		return time.Time{}, refuse(ReasonInvalidToken, "iat is missing or not a time")
	}
	start := now
	if ok {
		start = iat
	}
	nbf, ok := claims.time("nbf")
	if !ok && claims.has("nbf") {
		return time.Time{}, refuse(ReasonInvalidToken, "nbf is not a time")
	}
	expires = exp.Add(skew)
	latest := now.Add(skew)
	switch {
	case !now.Before(expires):
		return time.Time{}, refuse(ReasonExpired, "the token has expired")
	case iat.After(latest) || nbf.After(latest):
		return time.Time{}, refuse(ReasonInvalidToken, "not valid yet by more than a minute: compare the clocks of this server and the authorization server")
	case !exp.After(iat) || nbf.After(exp):
		return time.Time{}, refuse(ReasonInvalidToken, "exp is not after iat and nbf")
	case exp.Sub(start) > i.MaxLifetime:
		return time.Time{}, refuse(ReasonInvalidToken, "the lifetime is longer than "+i.MaxLifetime.String()+", the most this issuer may give")
	}
	return expires, nil
}

func (i Issuer) checkAudience(claims members) error {
	audiences, ok := claims.strings(i.AudienceClaim)
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
