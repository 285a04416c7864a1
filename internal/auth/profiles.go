package auth

import "github.com/coreos/go-oidc/v3/oidc"

// ProfileNames returns the names that [Profile] knows.
func ProfileNames() []string {
	return []string{"rfc9068", "auth0", "authentik", "cognito", "entra", "keycloak", "logto", "okta", "ory", "zitadel"}
}

// Profile returns the settings that a provider's access tokens need, to be
// completed with the issuer's URL and whatever is particular to an
// installation. The name "" is rfc9068. Each profile departs from RFC 9068 only
// where the provider does. None reads permissions or groups: what a user may do
// in general is more than what they let this client do. What an operator must
// still configure stands with each.
func Profile(name string) (Issuer, bool) {
	switch name {
	case "", "rfc9068":
		return Issuer{}, true
	case "auth0":
		return auth0(), true
	case "authentik":
		return authentik(), true
	case "cognito":
		return cognito(), true
	case "entra":
		return entra(), true
	case "keycloak":
		return keycloak(), true
	case "logto":
		return logto(), true
	case "okta":
		return okta(), true
	case "ory":
		return ory(), true
	case "zitadel":
		return zitadel(), true
	default:
		return Issuer{}, false
	}
}

// auth0 has typ JWT unless the API uses the RFC 9068 profile, and the client in
// azp or, with that profile, in client_id. Its issuers end in a slash. Without a
// resource or audience parameter it issues opaque tokens, which nobody can
// verify.
func auth0() Issuer {
	return Issuer{TypPolicy: TypLegacy, ClientClaims: []string{"azp", "client_id"}}
}

// authentik makes access tokens out of ID tokens. aud is the client's id, so
// Audiences must list the clients; scope needs a property mapping that adds the
// claim; the client is in azp. Its issuers end in a slash.
func authentik() Issuer {
	return Issuer{TypPolicy: TypLegacy, ClientClaims: []string{"azp"}}
}

// cognito sets no typ and tells its tokens apart by token_use, which is checked
// for every issuer. It leaves aud out unless the client sends the resource
// parameter, as MCP clients do; for others set AudienceClaim to client_id and
// Audiences to the clients' ids, which gives up telling two services of one
// client apart. Scopes begin with the resource server's identifier and a slash:
// set ScopePrefixes to that.
func cognito() Issuer {
	return Issuer{TypPolicy: TypLegacy, ClientClaims: []string{"client_id"}, Algorithms: []string{oidc.RS256}}
}

// entra (v1 and v2 tokens) has typ JWT, scopes in scp, and a sub that differs
// for each client; oid is the user within the directory tid. The client is in
// azp (v2) or appid (v1). aud is the API's client id (v2) or its App ID URI
// (v1): list it in Audiences. Clients ask for scopes as api://…/name while
// tokens have the bare name: set ScopePrefixes to that prefix and the empty one.
func entra() Issuer {
	return Issuer{
		TypPolicy: TypLegacy, ScopeClaims: []string{"scp"}, SubjectClaim: "oid", TenantClaim: "tid",
		ClientClaims: []string{"azp", "appid"}, Algorithms: []string{oidc.RS256},
	}
}

// keycloak has typ JWT in the header, its kind of token in the claim typ, which
// is checked for every issuer, and the client in azp. aud needs an audience
// mapper. A service account has a user of its own, so its tokens count as a
// person's.
func keycloak() Issuer {
	return Issuer{TypPolicy: TypLegacy, ClientClaims: []string{"azp"}}
}

// logto follows RFC 9068 for a client that sends the resource parameter; tokens
// for others are opaque, and only those can be introspected. Its keys are EC
// P-384 or RSA.
func logto() Issuer {
	return Issuer{ClientClaims: []string{"client_id"}, Algorithms: []string{oidc.ES384, oidc.RS256}}
}

// okta (custom authorization servers; those of the organization issue tokens
// that nobody else can verify) sets no typ and has scopes as the array scp and
// the client in cid. sub is the login name, which changes with a person's name
// and may be given to somebody else; uid is the same for ever, and absent from
// the tokens of machines.
func okta() Issuer {
	return Issuer{
		TypPolicy: TypLegacy, ScopeClaims: []string{"scp"}, SubjectClaim: "uid",
		ClientClaims: []string{"cid"}, Algorithms: []string{oidc.RS256},
	}
}

// ory (Hydra with the JWT strategy) has typ JWT, scopes as the array scp or, if
// so configured, the string scope, and in aud what the client asked for by the
// audience parameter. With its default strategy tokens are opaque and are
// introspected at the admin port.
func ory() Issuer {
	return Issuer{TypPolicy: TypLegacy, ScopeClaims: []string{"scp", "scope"}, ClientClaims: []string{"client_id"}}
}

// zitadel has typ JWT and no scope claim. The project's roles are the keys of an
// object, if the project asserts them; ScopeMap must say what each grants, or
// nothing is. aud lists client and project ids: put the project's in Audiences.
func zitadel() Issuer {
	return Issuer{TypPolicy: TypLegacy, ScopeClaims: []string{"urn:zitadel:iam:org:project:roles"}}
}
