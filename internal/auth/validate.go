package auth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
)

// validate reports everything wrong with an issuer that has its defaults.
func (i *Issuer) validate() error {
	_, err := parseServerURL(i.URL)
	errs := []error{err, i.validateEndpoints()}
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
	for _, prefix := range i.ScopePrefixes {
		if prefix != "" && !validScope(prefix) {
			errs = append(errs, fmt.Errorf("scope prefix %q: a scope cannot begin like this (RFC 6749 section 3.3)", prefix))
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

// validateEndpoints checks the addresses that are configured by hand.
func (i *Issuer) validateEndpoints() error {
	var errs []error
	check := func(name, address string) {
		if err := checkEndpoint(address); err != nil {
			if u, bad := url.Parse(address); bad == nil {
				address = u.Redacted() // errors end in logs
			}
			errs = append(errs, fmt.Errorf("%s %q: %w", name, address, err))
		}
	}
	if i.MetadataURL != "" {
		check("metadata URL", i.MetadataURL)
	}
	if i.JWKSURL != "" {
		check("JWKS URL", i.JWKSURL)
	}
	if i.MetadataURL != "" && i.JWKSURL != "" {
		errs = append(errs, errors.New("set the metadata URL or the JWKS URL, not both: with a JWKS URL no metadata is read"))
	}
	if in := i.Introspection; in != nil {
		check("introspection URL", in.URL)
		if in.ClientID == "" || in.ClientSecret == "" {
			errs = append(errs, errors.New("introspection needs a client id and a client secret: register this server as a confidential client"))
		}
	}
	return errors.Join(errs...)
}

// parseServerURL reads the URL of an authorization server: https, or http on
// loopback, with nothing but host and path (RFC 8414 section 2).
func parseServerURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("not a URL")
	}
	if u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("not an absolute URL with only a host and a path")
	}
	if u.Scheme != "https" && !loopbackHTTP(u) {
		return nil, errors.New("must be https, or http on a loopback address")
	}
	return u, nil
}

// checkEndpoint admits the address of a single document or endpoint, which may
// have a query.
func checkEndpoint(raw string) error {
	bare, _, _ := strings.Cut(raw, "?")
	_, err := parseServerURL(bare)
	return err
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
