package auth

import (
	"net/http"
	"slices"
	"strings"
)

// retryAfter, in seconds, is about when an authorization server that was out
// of reach is asked again.
const retryAfter = "10"

// An answer is what a client gets for a [Reason].
type answer struct {
	status      int
	code        string // OAuth error code, "" for none in the challenge
	description string
}

// answerFor maps reasons to answers (RFC 6750 section 3.1): 400 for requests
// that say two things at once, 401 without a code if there are no credentials,
// 401 invalid_token for whatever is wrong with a token. The descriptions hold
// no quotes or backslashes, as they stand in a quoted string.
func answerFor(reason Reason) answer {
	const invalidToken = "invalid_token"
	switch reason {
	case ReasonMissingHeader, ReasonMissingToken:
		return answer{http.StatusUnauthorized, "", "send an access token from the authorization server in the header Authorization: Bearer"}
	case ReasonInvalidHeader:
		return answer{http.StatusBadRequest, "invalid_request", "send exactly one token, in one Authorization header of the form: Bearer, a space, the token; no form body may come with it"}
	case ReasonTokenInQuery:
		return answer{http.StatusBadRequest, "invalid_request", "send the token in the Authorization header, never in the address"}
	case ReasonNotJWT:
		return answer{http.StatusUnauthorized, invalidToken, "not a JWT: request a token for this resource or audience from the authorization server"}
	case ReasonExpired:
		return answer{http.StatusUnauthorized, invalidToken, "the access token has expired"}
	case ReasonInvalidAudience:
		return answer{http.StatusUnauthorized, invalidToken, "the access token was not issued for this resource"}
	case ReasonNotAccessToken:
		return answer{http.StatusUnauthorized, invalidToken, "the token is not a bearer access token of type at+jwt"}
	default:
		return answer{http.StatusUnauthorized, invalidToken, "the access token is not valid"}
	}
}

// refuse writes the answer for a reason, which is never [ReasonUnavailable].
func (g *Guard) refuse(w http.ResponseWriter, reason Reason) {
	a := answerFor(reason)
	w.Header().Set("WWW-Authenticate", g.challenge(a.code, a.description, g.scope))
	e := ErrorBody{Error: a.code, Description: a.description, Reason: string(reason), Scope: g.scope}
	if e.Error == "" {
		e.Error = "unauthorized"
	}
	WriteError(w, a.status, e)
}

// challenge builds the value of WWW-Authenticate (RFC 6750 section 3, RFC 9728
// section 5.1). Its arguments are constants and checked configuration, so
// nothing needs escaping.
func (g *Guard) challenge(code, description, scope string) string {
	var params []string
	add := func(name, value string) {
		if value != "" {
			params = append(params, name+`="`+value+`"`)
		}
	}
	if code != "" {
		add("error", code)
		add("error_description", description)
	}
	add("scope", scope)
	add("resource_metadata", g.metadataURL)
	return "Bearer " + strings.Join(params, ", ")
}

// InsufficientScope writes the whole 403 answer for a principal that lacks some
// of the needed scopes (RFC 6750 section 3.1). The challenge asks for what is
// needed together with what p already holds, since a client replaces its token
// by the new one: our scopes only, in the order of [GuardOptions], further
// needed ones last, spelled as clients of p's issuer ask for them. Where what is
// needed cannot be asked for, no scope is named.
func (g *Guard) InsufficientScope(w http.ResponseWriter, p Principal, needed ...string) {
	needed = slices.DeleteFunc(slices.Clone(needed), func(name string) bool { return !validScope(name) })
	var ask, missing []string
	for _, name := range append(slices.Clone(g.scopes), needed...) {
		need := slices.Contains(needed, name)
		if (need || p.Scopes.Has(name)) && !slices.Contains(ask, name) {
			ask = append(ask, name)
			if !p.Scopes.Has(name) {
				missing = append(missing, name)
			}
		}
	}
	scope := ""
	if len(g.spell(p.Issuer, missing)) == len(missing) {
		scope = strings.Join(g.spell(p.Issuer, ask), " ")
	}
	const code, description = "insufficient_scope", "the access token lacks a scope that this call needs"
	w.Header().Set("WWW-Authenticate", g.challenge(code, description, scope))
	WriteError(w, http.StatusForbidden, ErrorBody{
		Error: code, Description: description, Reason: string(ReasonMissingScopes),
		Scope: scope, MissingScopes: missing,
	})
}
