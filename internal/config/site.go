package config

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Site is a public URL and the issuers whose tokens count there.
type Site struct {
	PublicURL string
	Issuers   Issuers // at least one

	origin Origin // of the setting issuer
}

// Invalid returns an [*Error] about the issuers of the site together.
func (s Site) Invalid(format string, args ...any) error {
	return invalid(s.origin, "issuer", strings.Join(s.Issuers.URLs(), ", "), format, args...)
}

// Sites groups the issuers by public URL, their own or --public-url, in the order in
// which they are configured. The Server must be valid.
func (s *Server) Sites() []Site {
	var sites []Site
	for _, issuer := range s.Issuer {
		url := cmp.Or(issuer.PublicURL, s.PublicURL)
		i := slices.IndexFunc(sites, func(site Site) bool { return site.PublicURL == url })
		if i < 0 {
			i, sites = len(sites), append(sites, Site{PublicURL: url, origin: s.Origin("issuer")})
		}
		sites[i].Issuers = append(sites[i].Issuers, issuer)
	}
	return sites
}

// validateSites wants sites that a request can tell apart: by Host header and path,
// which know neither the scheme nor an empty path.
func (s *Server) validateSites() error {
	taken := make(map[string]string)
	for _, site := range s.Sites() {
		u, err := url.Parse(site.PublicURL)
		if err != nil {
			return s.Invalid("public-url", site.PublicURL, "%w", err)
		}
		address := net.JoinHostPort(u.Hostname(), u.Port()) + cmp.Or(u.Path, "/")
		if other, ok := taken[address]; ok {
			const mend = "the same address as %s; use one spelling for both, or another path"
			if first := site.Issuers[0]; first.PublicURL != "" {
				return first.Invalid("public-url", site.PublicURL, mend, other)
			}
			return s.Invalid("public-url", site.PublicURL, mend, other)
		}
		taken[address] = site.PublicURL
	}
	return nil
}
