package auth

import (
	"slices"
	"strings"
)

// The rules of this file read who the caller is. A name that is present but
// unfit refuses the token: it would end up in records that must be unambiguous.

func (i *Issuer) readSubject(r *reading) error {
	if i.borrowsClaims(r.claims) {
		return refuse(ReasonInvalidToken, "a claim in use is distributed or aggregated (_claim_names)")
	}
	subject, ok := r.claims.identifier(i.SubjectClaim)
	if !ok || subject == "" {
		return refuse(ReasonInvalidToken, "the subject claim "+i.SubjectClaim+" is missing or not 1 to 255 bytes of plain text")
	}
	if subject == i.URL {
		return refuse(ReasonNotAccessToken, "the subject is the issuer: a client assertion")
	}
	r.principal.Subject = subject
	return nil
}

func (i *Issuer) readTokenID(r *reading) error {
	var ok bool
	if r.principal.TokenID, ok = r.claims.identifier("jti"); !ok {
		return refuse(ReasonInvalidToken, "jti is not 1 to 255 bytes of plain text")
	}
	return nil
}

func (i *Issuer) readTenant(r *reading) error {
	if i.TenantClaim == "" {
		return nil
	}
	tenant, ok := r.claims.identifier(i.TenantClaim)
	if !ok || tenant == "" {
		return refuse(ReasonInvalidToken, "the tenant claim "+i.TenantClaim+" is missing or not 1 to 255 bytes of plain text")
	}
	r.principal.Tenant = tenant
	return nil
}

// readClient relies on the subject, if there is one.
func (i *Issuer) readClient(r *reading) error {
	if name, found := r.claims.first(i.ClientClaims); found {
		client, ok := r.claims.identifier(name)
		if !ok {
			return refuse(ReasonInvalidToken, "the client claim "+name+" is not 1 to 255 bytes of plain text")
		}
		r.principal.ClientID = client
	}
	if !i.AllowMachine && r.forMachine() {
		return refuse(ReasonInvalidToken, "the token is for the client itself, not for a person")
	}
	return nil
}

// forMachine reports whether a client obtained the token for itself (RFC 9068
// section 5). Auth0 and Entra give such a token a subject of its own and a mark.
func (r *reading) forMachine() bool {
	grant, _ := r.claims.text("gty")
	kind, _ := r.claims.text("idtyp")
	return r.principal.Subject != "" && r.principal.Subject == r.principal.ClientID ||
		grant == "client-credentials" || kind == "app"
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
func (i *Issuer) borrowsClaims(m members) bool {
	if !m.has("_claim_names") {
		return false
	}
	used := append(i.claimNames(), standardClaims()...)
	borrowed, err := parseMembers(m["_claim_names"], reserve(used...))
	return err != nil || slices.ContainsFunc(used, borrowed.has)
}

// readScopes reads what the token grants under this server's names. It refuses
// nothing: whatever is not understood grants nothing.
func (i *Issuer) readScopes(r *reading) error {
	claim, found := r.claims.first(i.ScopeClaims)
	if !found {
		return nil
	}
	names, _ := r.claims.strings(claim)
	if s, ok := r.claims.text(claim); ok {
		names = strings.Split(s, " ")
	}
	if i.ScopeMap != nil {
		names = append(names, r.claims.keys(claim)...)
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
	r.principal.Scopes = newScopes(granted)
	return nil
}

func (i *Issuer) cutPrefix(name string) (string, bool) {
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
