package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// safePath is what a public URL's path may be made of: characters that every
// client and proxy passes on unchanged.
var safePath = regexp.MustCompile(`^[A-Za-z0-9/._~-]*$`)

// safeHost is a DNS name or IPv4 address in its canonical spelling.
var safeHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)

func (s *Server) validatePublicURL() error {
	if err := s.checkPublicURL(s.PublicURL); err != nil {
		return s.Invalid("public-url", s.PublicURL, "%w", err)
	}
	return nil
}

// checkPublicURL wants the one canonical spelling: clients and tokens carry the URL as
// people type it and it is compared byte for byte (RFC 9728 §3.3).
func (s *Server) checkPublicURL(text string) error {
	u, err := parseURL(text, "https://todo.example.com")
	if err != nil {
		return err
	}
	if canonical := u.Scheme + "://" + canonicalHost(u) + u.EscapedPath(); text != canonical {
		return fmt.Errorf("not in canonical form; write %s", canonical)
	}
	switch clean := path.Clean("/" + u.Path); {
	case !safePath.MatchString(u.EscapedPath()) || strings.TrimSuffix(u.Path, "/") != strings.TrimSuffix(clean, "/"):
		return errors.New("the path must be plain: letters, digits, and . _ ~ - between single slashes")
	case clean == "/livez" || clean == "/readyz" || clean == "/.well-known" || strings.HasPrefix(clean, "/.well-known/"):
		return errors.New("the path is taken by the server itself; choose another, such as /mcp")
	case s.TLSCert != "" && u.Scheme != "https":
		return errors.New("with --tls-cert the server speaks https only; start the URL with https://")
	}
	return nil
}

// parseURL wants an absolute URL like the example, https or on loopback http, that is
// nothing but scheme, host, port and path.
func parseURL(text, example string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("not an absolute URL; write %s, for example", example)
	}
	switch host := u.Hostname(); {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("the scheme %q is not supported; use https", u.Scheme)
	case u.User != nil:
		return nil, errors.New("no user name or password belongs here; remove what is before the @")
	case strings.ContainsAny(text, "?#"):
		return nil, errors.New("no query or fragment belongs here; end the URL before the ? or #")
	case u.Port() != "" && !isNumber(u.Port(), 1):
		return nil, errors.New("the port must be a number from 1 to 65535")
	case !isHost(strings.ToLower(host)):
		return nil, errors.New("not a host name or address; write an international name in its xn-- form")
	case u.Scheme == "http" && !IsLoopback(strings.ToLower(host)):
		return nil, errors.New("http is for localhost, 127.0.0.1 and [::1] only; use https")
	}
	return u, nil
}

// isHost takes a host without port or brackets.
func isHost(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" || safeHost.MatchString(host)
}

// canonicalHost is u's host in lower case with the port left out where it is
// the scheme's default.
func canonicalHost(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.String()
	}
	port := u.Port()
	if port == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		port = ""
	}
	switch {
	case port != "":
		return net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
}

func (s *Server) validateHosts() error {
	for _, allowed := range s.AllowedHosts {
		u, err := url.Parse("//" + allowed)
		if err != nil || u.Host != allowed || !isHost(u.Hostname()) || u.Port() != "" && !isNumber(u.Port(), 1) || strings.HasSuffix(allowed, ":") {
			return s.Invalid("allowed-hosts", allowed, "not a lower-case host or host:port; write todo.internal or 192.0.2.7:3001, for example")
		}
	}
	return nil
}

func (s *Server) validateOrigins() error {
	for _, origin := range s.AllowedOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || !isHost(u.Hostname()) || origin != u.Scheme+"://"+canonicalHost(u) {
			return s.Invalid("allowed-origins", origin, "not a web origin as browsers send it; write scheme and host only, for example https://app.example.com")
		}
	}
	return nil
}
