package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"todomanager/internal/auth"
	"todomanager/internal/config"
	"todomanager/internal/todos"
)

// maxSecret bounds a client secret, in bytes: a larger file is not one.
const maxSecret = 4 << 10

// newIssuers turns the issuers of a site into what auth understands: the defaults of
// the profile, and over them what is configured. Audiences that are configured nowhere
// are --audience at the server's own public URL, else auth's default.
func newIssuers(c *config.Server, site config.Site) ([]auth.Issuer, error) {
	list := make([]auth.Issuer, len(site.Issuers))
	for n, entry := range site.Issuers {
		issuer, err := newIssuer(entry)
		if err != nil {
			return nil, err
		}
		if issuer.Audiences == nil && site.PublicURL == c.PublicURL {
			issuer.Audiences = c.Audience
		}
		list[n] = issuer
	}
	return list, nil
}

func newIssuer(entry *config.Issuer) (i auth.Issuer, err error) {
	i, ok := auth.Profile(entry.Profile)
	if !ok {
		names := auth.ProfileNames()
		return i, entry.Invalid("profile", entry.Profile, "unknown; the nearest known profile is %q (all: %s)",
			config.Nearest(entry.Profile, names), strings.Join(names, ", "))
	}
	i.URL = entry.URL
	i.Audiences = orProfile(entry.Audiences, i.Audiences)
	i.AudienceClaim = cmp.Or(entry.AudienceClaim, i.AudienceClaim)
	i.ScopeClaims = orProfile(entry.ScopeClaims, i.ScopeClaims)
	i.ScopePrefixes = orProfile(entry.ScopePrefixes, i.ScopePrefixes)
	i.SubjectClaim = cmp.Or(entry.SubjectClaim, i.SubjectClaim)
	i.TenantClaim = cmp.Or(entry.TenantClaim, i.TenantClaim)
	i.ClientClaims = orProfile(entry.ClientClaims, i.ClientClaims)
	i.Algorithms = orProfile(entry.Algorithms, i.Algorithms)
	i.MaxLifetime = cmp.Or(entry.MaxLifetime, i.MaxLifetime)
	i.AllowMachine = entry.AllowMachine || i.AllowMachine
	i.MetadataURL, i.JWKSURL = entry.MetadataURL, entry.JWKSURL
	switch entry.Typ {
	case "strict":
		i.TypPolicy = auth.TypStrict
	case "legacy":
		i.TypPolicy = auth.TypLegacy
	}
	if i.ScopeMap, err = newScopeMap(entry, i.ScopeMap); err == nil {
		i.Introspection, err = newIntrospection(entry)
	}
	return i, err
}

// orProfile returns what is configured, be it the empty list, else the profile's.
func orProfile(configured, profile []string) []string {
	if configured != nil {
		return configured
	}
	return profile
}

// newScopeMap refuses scopes that the product does not have: they would grant nothing.
func newScopeMap(entry *config.Issuer, profile map[string][]string) (map[string][]string, error) {
	if entry.ScopeMap == nil {
		return profile, nil
	}
	known := append(todos.Scopes(), todos.ScopeAudit)
	scopes := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(entry.ScopeMap)) {
		for _, scope := range entry.ScopeMap[name] {
			if !slices.Contains(known, scope) {
				return nil, entry.Invalid("scope-map."+name, scope, "unknown scope, which would grant nothing; the nearest known scope is %q", config.Nearest(scope, known))
			}
		}
		scopes[name] = entry.ScopeMap[name]
	}
	return scopes, nil
}

func newIntrospection(entry *config.Issuer) (*auth.Introspection, error) {
	from := entry.Introspection
	if from == nil {
		return nil, nil
	}
	secret, err := readSecret(from.ClientSecretFile)
	if err != nil {
		return nil, entry.Invalid("introspection.client-secret-file", from.ClientSecretFile, "%w", err)
	}
	return &auth.Introspection{
		URL: from.URL, ClientID: from.ClientID, ClientSecret: secret, Always: entry.Mode == "introspection",
	}, nil
}

// readSecret reads a file that holds a secret and perhaps a line break.
func readSecret(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("%w; name a file that this process may read", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" || len(text) > maxSecret {
		return "", errors.New("empty, or too large for a secret; write nothing but the secret into it")
	}
	return secret, nil
}
