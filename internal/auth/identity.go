package auth

import (
	"slices"
	"strings"
)

// identify reads who the caller is. A name that is present but unfit refuses
// the token: it would end up in records that must be unambiguous.
func (i Issuer) identify(t *token) (Principal, error) {
	if t.claims.borrowsClaims(append(i.claimNames(), standardClaims()...)) {
		return Principal{}, refuse(ReasonInvalidToken, "a claim in use is distributed or aggregated (_claim_names)")
	}
	p := Principal{Issuer: i.URL, TokenHash: t.hash(), Scopes: i.scopes(t.claims)}
	var ok bool
	if p.Subject, ok = t.claims.identifier(i.SubjectClaim); !ok || p.Subject == "" {
		return Principal{}, refuse(ReasonInvalidToken, "the subject claim "+i.SubjectClaim+" is missing or not 1 to 255 bytes of plain text")
	}
	if p.Subject == i.URL {
		return Principal{}, refuse(ReasonNotAccessToken, "the subject is the issuer: a client assertion")
	}
	if p.TokenID, ok = t.claims.identifier("jti"); !ok {
		return Principal{}, refuse(ReasonInvalidToken, "jti is not 1 to 255 bytes of plain text")
	}
	if i.TenantClaim != "" {
		if p.Tenant, ok = t.claims.identifier(i.TenantClaim); !ok || p.Tenant == "" {
			return Principal{}, refuse(ReasonInvalidToken, "the tenant claim "+i.TenantClaim+" is missing or not 1 to 255 bytes of plain text")
		}
	}
	if name, found := t.claims.first(i.ClientClaims); found {
		if p.ClientID, ok = t.claims.identifier(name); !ok {
			return Principal{}, refuse(ReasonInvalidToken, "the client claim "+name+" is not 1 to 255 bytes of plain text")
		}
	}
	if p.Subject == p.ClientID && !i.AllowMachine {
		return Principal{}, refuse(ReasonInvalidToken, "the subject is the client itself, not a person")
	}
	return p, nil
}

// identifier returns a claim that names somebody or something: "" if absent,
// not ok if present and unfit.
func (m members) identifier(name string) (s string, ok bool) {
	if !m.has(name) {
		return "", true
	}
	s, ok = m.text(name)
	return s, ok && identifier(s)
}

// first returns the first of the names that is present.
func (m members) first(names []string) (name string, found bool) {
	i := slices.IndexFunc(names, m.has)
	if i < 0 {
		return "", false
	}
	return names[i], true
}

// borrowsClaims reports whether a used claim is said to live elsewhere (OpenID
// Connect Core section 5.6.2). Nothing is ever fetched from there. Claims not
// in use may: providers move long lists of groups out of tokens that way.
func (m members) borrowsClaims(used []string) bool {
	if !m.has("_claim_names") {
		return false
	}
	borrowed, err := parseMembers(m["_claim_names"], reserve(used...))
	return err != nil || slices.ContainsFunc(used, borrowed.has)
}

// scopes returns what the token grants under this server's names.
func (i Issuer) scopes(claims members) Scopes {
	claim, _ := claims.first(i.ScopeClaims)
	names, _ := claims.strings(claim)
	if s, ok := claims.text(claim); ok {
		names = strings.Split(s, " ")
	}
	var granted []string
	for _, name := range names {
		name, ours := i.cutPrefix(name)
		switch {
		case !ours:
		case i.ScopeMap == nil:
			granted = append(granted, name)
		default:
			granted = append(granted, i.ScopeMap[name]...)
		}
	}
	return newScopes(granted)
}

func (i Issuer) cutPrefix(name string) (string, bool) {
	if len(i.ScopePrefixes) == 0 {
		return name, true
	}
	for _, prefix := range i.ScopePrefixes {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest, true
		}
	}
	return "", false
}
