package devauth

import (
	"net/url"
	"slices"
	"strings"
)

const (
	maxRedirectURIs   = 8
	maxRedirectURILen = 512 // bytes
)

// editorSchemes are private-use schemes without the dot that RFC 8252 section
// 7.1 asks for, of clients that people really use.
const editorSchemes = " claude cursor vscode vscode-insiders vscodium windsurf zed "

// validRedirectURI reports whether a client may register uri: http on loopback,
// a private-use scheme (a reverse domain name, which has a dot, or one of
// editorSchemes), or the page with which VS Code on the web takes codes.
// Everything else could hand a code to somebody else, or run as script.
func validRedirectURI(uri string) bool {
	if len(uri) > maxRedirectURILen || strings.ContainsFunc(uri, notURIChar) {
		return false
	}
	// The scheme is compared as written: there is one spelling, in lower case.
	scheme, _, _ := strings.Cut(uri, ":")
	u, err := url.Parse(uri)
	if err != nil || u.User != nil || u.Scheme != scheme {
		return false
	}
	switch {
	case scheme == "http":
		_, ok := cutLoopbackPort(uri)
		return ok
	case scheme == "https":
		return uri == "https://vscode.dev/redirect"
	case strings.Contains(scheme, "."):
		return true
	}
	return strings.Contains(editorSchemes, " "+scheme+" ")
}

// notURIChar holds for what no URI contains (RFC 3986 section 2) and for "#":
// a redirect URI has no fragment (RFC 6749 section 3.1.2).
func notURIChar(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("#\"<>\\^`{|}", r)
}

// matchesRedirectURI reports whether uri is one of the registered ones. Of a
// loopback URI the port may differ, because native clients listen on whichever
// is free (RFC 8252 section 7.3); all else is compared byte for byte.
func matchesRedirectURI(registered []string, uri string) bool {
	if !validRedirectURI(uri) {
		return false
	}
	if slices.Contains(registered, uri) {
		return true
	}
	want, ok := cutLoopbackPort(uri)
	return ok && slices.ContainsFunc(registered, func(reg string) bool {
		got, ok := cutLoopbackPort(reg)
		return ok && got == want
	})
}

// cutLoopbackPort returns uri without its port, if it is http on loopback.
func cutLoopbackPort(uri string) (string, bool) {
	for _, origin := range [...]string{"http://localhost", "http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(uri, origin)
		if !ok {
			continue
		}
		if port, ok := strings.CutPrefix(rest, ":"); ok {
			rest = strings.TrimLeft(port, "0123456789")
			if len(rest) == len(port) {
				return "", false
			}
		}
		if rest == "" || rest[0] == '/' || rest[0] == '?' {
			return origin + rest, true
		}
	}
	return "", false
}

// withParams appends params to the query of a redirect URI that passed
// validRedirectURI, and leaves all its other bytes alone.
func withParams(redirectURI string, params url.Values) string {
	separator := "?"
	if strings.Contains(redirectURI, "?") {
		separator = "&"
	}
	return redirectURI + separator + params.Encode()
}

// redirectHost returns the part of a redirect URI that tells a person where
// they are being sent: host and port, or the scheme of a native client.
func redirectHost(redirectURI string) string {
	scheme, rest, _ := strings.Cut(redirectURI, ":")
	if scheme != "http" && scheme != "https" {
		return scheme + ":"
	}
	host := strings.TrimPrefix(rest, "//")
	if i := strings.IndexAny(host, "/?"); i >= 0 {
		host = host[:i]
	}
	return host
}
