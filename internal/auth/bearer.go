package auth

import (
	"net/http"
	"net/url"
	"strings"
)

// b64token has the characters of a token (RFC 6750 section 2.1).
const b64token = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="

// bearerToken returns the one token of a request (RFC 6750 section 2.1), or
// the reason why there is none. Anything ambiguous is refused rather than
// resolved: whoever stands in front of this server might resolve it otherwise.
func bearerToken(r *http.Request) (string, Reason) {
	if query, err := url.ParseQuery(r.URL.RawQuery); err != nil || query.Has("access_token") {
		return "", ReasonTokenInQuery // what cannot be read might hold one
	}
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return "", ReasonMissingHeader
	}
	if len(values) > 1 {
		return "", ReasonInvalidHeader
	}
	token, reason := parseCredentials(values[0])
	if reason == "" && hasFormBody(r) {
		// A form may hold a second token (section 2.2). No MCP request is one.
		return "", ReasonInvalidHeader
	}
	return token, reason
}

// parseCredentials implements "Bearer" 1*SP b64token. The scheme is without
// regard to case (RFC 9110 section 11.1). Other schemes are no credentials.
func parseCredentials(value string) (string, Reason) {
	scheme, rest := value, ""
	if i := strings.IndexAny(value, " \t"); i >= 0 {
		scheme, rest = value[:i], strings.TrimLeft(value[i:], " ")
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return "", ReasonMissingHeader
	}
	if rest == "" {
		return "", ReasonMissingToken
	}
	switch {
	case strings.TrimLeft(rest, b64token) == "":
		return rest, ""
	case strings.TrimLeft(rest, b64token+" \t,") == "":
		return "", ReasonInvalidHeader // two tokens, or a tab before one
	}
	return "", ReasonInvalidToken
}

func hasFormBody(r *http.Request) bool {
	mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), "application/x-www-form-urlencoded")
}
