package auth

import (
	"errors"
	"time"
)

// ErrUnavailable means that a token could be neither accepted nor refused
// because its issuer's keys or introspection endpoint are out of reach. The answer is 503 with
// Retry-After, never 401: a client would throw a good token away.
var ErrUnavailable = errors.New("authorization server out of reach")

// Reason says, from a closed list, why a request was not let through. It is
// the `reason` member of error bodies and safe to count by.
type Reason string

// The reasons. Those from ReasonMissingHeader to ReasonTokenInQuery concern
// the request, the next ones the token; ReasonUnavailable and ReasonTooMany neither.
const (
	// ReasonMissingHeader: no bearer credentials at all.
	ReasonMissingHeader Reason = "missing_auth_header"
	// ReasonMissingToken: the Bearer scheme without a token.
	ReasonMissingToken Reason = "missing_bearer_token"
	// ReasonInvalidHeader: more than one credential, or a malformed one.
	ReasonInvalidHeader Reason = "invalid_auth_header_format"
	// ReasonTokenInQuery: an access_token parameter (RFC 9700 section 4.3.2).
	ReasonTokenInQuery Reason = "token_in_query"

	// ReasonInvalidToken: malformed or not vouched for by a trusted issuer's
	// key, or with claims that this server does not take. One reason for all
	// of these, so that nobody learns which issuers and keys are trusted.
	ReasonInvalidToken Reason = "invalid_token"
	// ReasonNotJWT: an opaque token, as several authorization servers issue
	// when the client named no resource or audience, and no issuer with
	// introspection.
	ReasonNotJWT Reason = "not_a_jwt"
	// ReasonExpired: verified, but its time has passed.
	ReasonExpired Reason = "token_expired"
	// ReasonInvalidAudience: verified, but meant for another service.
	ReasonInvalidAudience Reason = "invalid_audience"
	// ReasonNotAccessToken: verified, but an ID token, a logout token, a token
	// bound to a sender's key, or lacking the required typ header.
	ReasonNotAccessToken Reason = "not_an_access_token"
	// ReasonUnavailable goes with [ErrUnavailable].
	ReasonUnavailable Reason = "authorization_server_unavailable"
	// ReasonTooMany: too many requests from the caller's network had no good token,
	// or one not seen before.
	ReasonTooMany Reason = "too_many_attempts"

	// ReasonMissingScopes: verified, but not allowed to do this.
	ReasonMissingScopes Reason = "missing_required_scopes"
)

// Reasons returns all reasons for which a token is rejected.
func Reasons() []Reason {
	return []Reason{
		ReasonInvalidHeader, ReasonTokenInQuery, ReasonInvalidToken, ReasonNotJWT, ReasonExpired, ReasonInvalidAudience, ReasonNotAccessToken, ReasonTooMany,
	}
}

// TokenError is the only type of error that [Verifier.Verify] returns.
type TokenError struct {
	// Reason is what the client may know.
	Reason Reason
	// Detail is for the operator's log: a constant text or configured values,
	// never a part of the token.
	Detail string
	// Issuer is the trusted issuer that the token claims to be of, "" if it
	// claims none. Nothing else that such a token says is true either.
	Issuer string
	// Wait is when to try again, with [ReasonTooMany].
	Wait time.Duration
	err  error
}

// Error returns reason and detail.
func (e *TokenError) Error() string {
	s := string(e.Reason) + ": " + e.Detail
	if e.err != nil {
		s += ": " + e.err.Error()
	}
	return s
}

// ofIssuer returns the error with the issuer that its token claims to be of. It leaves err as it
// is: callers with the same token share the error of an introspection.
func ofIssuer(issuer string, err error) error {
	var refusal *TokenError
	if !errors.As(err, &refusal) {
		return err
	}
	claimed := *refusal
	claimed.Issuer = issuer
	return &claimed
}

// Unwrap makes errors.Is(err, [ErrUnavailable]) work.
func (e *TokenError) Unwrap() error { return e.err }

// tooMany is not a decision about the token.
func tooMany(wait time.Duration) *TokenError {
	return &TokenError{Reason: ReasonTooMany, Detail: "too many requests from that network whose token is missing, not valid or new to this server", Wait: wait}
}

func refuse(reason Reason, detail string) *TokenError {
	return &TokenError{Reason: reason, Detail: detail}
}

func unavailable(detail string) *TokenError {
	return &TokenError{Reason: ReasonUnavailable, Detail: detail, err: ErrUnavailable}
}
