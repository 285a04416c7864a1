package config

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

func (s *Server) validateIssuers() error {
	if len(s.Issuer) == 0 {
		return s.Invalid("issuer", "", "the server needs an issuer to trust; name the OpenID Connect provider, for example https://id.example.com")
	}
	for i, issuer := range s.Issuer {
		if slices.Contains(s.Issuer[:i].URLs(), issuer.URL) {
			return issuer.Invalid("url", issuer.URL, "given twice; keep one")
		}
		if err := s.validateIssuer(issuer); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) validateIssuer(i *Issuer) error {
	if i.PublicURL != "" {
		if err := s.checkPublicURL(i.PublicURL); err != nil {
			return i.Invalid("public-url", i.PublicURL, "%w", err)
		}
	}
	u, err := parseURL(i.URL, "https://login.example.com")
	if err != nil {
		return i.Invalid("url", i.URL, "%w", err)
	}
	if strings.Contains(u.Path, "/.well-known/") {
		return i.Invalid("url", i.URL, "the address of the issuer's metadata; write the issuer itself, exactly as its tokens name it in iss, without /.well-known/ and what follows it")
	}
	public, _ := url.Parse(cmp.Or(i.PublicURL, s.PublicURL))
	if u.Scheme == "http" && !IsLoopback(public.Hostname()) {
		return i.Invalid("url", i.URL, "an http issuer is for trying things out with a loopback --public-url; use https")
	}
	if audience, err := checkAudiences(i.Audiences); err != nil {
		return i.Invalid("audiences", audience, "%w", err)
	}
	if i.Typ != "" && i.Typ != "strict" && i.Typ != "legacy" {
		return i.Invalid("typ", i.Typ, "must be strict or legacy")
	}
	return i.validateMode()
}

// validateMode wants introspection to be asked for and configured, or neither.
func (i *Issuer) validateMode() error {
	switch i.Mode {
	case "", "jwt":
		if i.Introspection != nil {
			return i.Invalid("mode", i.Mode, "introspection is configured but not used; write introspection (for every token) or auto (for those that are not JWTs), or remove the key introspection")
		}
		return nil
	case "introspection", "auto":
		if i.Introspection == nil {
			return i.Invalid("mode", i.Mode, "the endpoint to ask is missing; add the key introspection with url, client-id and client-secret-file")
		}
		return i.validateIntrospection()
	}
	return i.Invalid("mode", i.Mode, "must be jwt, introspection or auto")
}

func (i *Issuer) validateIntrospection() error {
	switch {
	case i.Introspection.URL == "":
		return i.Invalid("introspection.url", "", "missing; add the address of the authorization server's introspection endpoint")
	case i.Introspection.ClientID == "":
		return i.Invalid("introspection.client-id", "", "missing; add the one that the authorization server gave this server")
	case i.Introspection.ClientSecretFile == "":
		return i.Invalid("introspection.client-secret-file", "", "missing; name a file that holds nothing but the secret")
	}
	return nil
}
