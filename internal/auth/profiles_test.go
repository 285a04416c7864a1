package auth_test

import (
	"net/http"
	"testing"

	"todomanager/internal/auth"

	"github.com/google/go-cmp/cmp"
)

func TestProfileNames(t *testing.T) {
	for _, name := range append(auth.ProfileNames(), "") {
		issuer, ok := auth.Profile(name)
		issuer.URL = "https://as.example"
		if _, err := auth.NewVerifier(auth.Options{Issuers: []auth.Issuer{issuer}, Resource: resource}); err != nil || !ok {
			t.Errorf("%q: known %t, %v", name, ok, err)
		}
	}
	for _, name := range []string{"Okta", "dex", " "} {
		if _, ok := auth.Profile(name); ok {
			t.Errorf("%q is known", name)
		}
	}
}

// profiled returns the setup of a profile with what the operator adds. Keys are
// ES256, whatever the provider has: RSA keys take long to make.
func profiled(name string, operator func(*auth.Issuer)) setup {
	return setup{issuer: func(i *auth.Issuer) {
		url := i.URL
		*i, _ = auth.Profile(name)
		i.URL, i.Algorithms = url, nil
		if operator != nil {
			operator(i)
		}
	}}
}

// shaped makes a token of exactly these claims beside iss, iat and exp.
func shaped(typ any, claims map[string]any) func(*env) string {
	return func(e *env) string {
		all := map[string]any{"aud": nil, "jti": nil}
		for name, value := range claims {
			all[name] = value
		}
		return e.issuer.Mint(map[string]any{"typ": typ}, all)
	}
}

func caller(want auth.Principal) func(*testing.T, auth.Principal) {
	return func(t *testing.T, got auth.Principal) {
		got.Issuer, got.TokenHash, got.TokenID = "", [32]byte{}, ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("principal (-want +got):\n%s", diff)
		}
	}
}

// TestProfiles sends a token of each provider's shape, and the provider's own
// tokens that are something else.
func TestProfiles(t *testing.T) {
	const invalid, notAT, audience = auth.ReasonInvalidToken, auth.ReasonNotAccessToken, auth.ReasonInvalidAudience
	todos := auth.Scopes{"create:todos", "read:todos"}
	const granted = "read:todos create:todos"
	person := caller(auth.Principal{Subject: "u1", ClientID: "app", Scopes: todos})

	auth0 := profiled("auth0", func(i *auth.Issuer) { i.Audiences = []string{"todo-api"} })
	auth0Token := map[string]any{"sub": "u1", "azp": "app", "aud": []string{"todo-api", "https://t.auth0.example/userinfo"},
		"scope": granted, "permissions": []string{"delete:todos"}}
	authentik := profiled("authentik", func(i *auth.Issuer) { i.Audiences = []string{"app"} })
	cognito := profiled("cognito", func(i *auth.Issuer) { i.ScopePrefixes = []string{"http://localhost:3001/"} })
	cognitoScopes := "http://localhost:3001/read:todos http://localhost:3001/create:todos other/delete:todos"
	byClient := profiled("cognito", func(i *auth.Issuer) {
		i.ScopePrefixes, i.AudienceClaim, i.Audiences = []string{"http://localhost:3001/"}, "client_id", []string{"app"}
	})
	entra := profiled("entra", func(i *auth.Issuer) {
		i.Audiences, i.ScopePrefixes = []string{"api-guid"}, []string{"api://todo/", ""}
	})
	entraToken := func(change map[string]any) func(*env) string {
		claims := map[string]any{"aud": "api-guid", "oid": "u1", "tid": "t1", "sub": "pairwise", "azp": "app", "scp": granted, "ver": "2.0"}
		for name, value := range change {
			claims[name] = value
		}
		return shaped("JWT", claims)
	}
	keycloak := profiled("keycloak", nil)
	okta := profiled("okta", nil)
	ory := profiled("ory", func(i *auth.Issuer) { i.Audiences = []string{"todo-api"} })
	const roles = "urn:zitadel:iam:org:project:roles"
	zitadel := profiled("zitadel", func(i *auth.Issuer) {
		i.Audiences = []string{"project-1"}
		i.ScopeMap = map[string][]string{"user": {"create:todos"}, "reader": {"read:todos"}}
	})
	unmapped := profiled("zitadel", func(i *auth.Issuer) { i.Audiences = []string{"project-1"} })
	zitadelToken := shaped("JWT", map[string]any{"sub": "u1", "client_id": "app", "aud": []string{"app", "project-1"},
		roles: map[string]any{"user": map[string]any{"org-1": "o.example"}, "reader": map[string]any{}, "create:todos": map[string]any{}}})

	runCases(t, []tokenCase{
		{id: "rfc9068", setup: profiled("", nil), token: shaped("at+jwt", map[string]any{"aud": resource, "sub": "u1", "client_id": "app", "scope": granted}), fetches: cold, check: person},
		{id: "rfc9068_JWT", setup: profiled("rfc9068", nil), token: shaped("JWT", map[string]any{"aud": resource, "sub": "u1"}), want: notAT, fetches: cold},

		{id: "auth0", setup: auth0, token: shaped("JWT", auth0Token), fetches: cold, check: person},
		{id: "auth0_9068", setup: auth0, token: shaped("at+jwt", map[string]any{"sub": "u1", "client_id": "app", "aud": "todo-api", "scope": granted}), fetches: cold, check: person},
		{id: "auth0_ID_token", setup: auth0, token: shaped("JWT", map[string]any{"sub": "u1", "aud": "app", "nonce": "n"}), want: notAT, fetches: cold},
		{id: "auth0_machine", setup: auth0, token: shaped("JWT", map[string]any{"sub": "app@clients", "azp": "app", "gty": "client-credentials", "aud": "todo-api"}), want: invalid, fetches: cold},

		{id: "authentik", setup: authentik, token: shaped("JWT", map[string]any{"sub": "u1", "azp": "app", "aud": "app", "uid": "x", "scope": granted}), fetches: cold, check: person},
		{id: "authentik_ID_token", setup: authentik, token: shaped("JWT", map[string]any{"sub": "u1", "azp": "app", "aud": "app", "at_hash": "h"}), want: notAT, fetches: cold},

		{id: "cognito", setup: cognito, token: shaped(nil, map[string]any{"sub": "u1", "client_id": "app", "token_use": "access", "aud": resource, "scope": cognitoScopes}), fetches: cold, check: person},
		{id: "cognito_no_aud", setup: cognito, token: shaped(nil, map[string]any{"sub": "u1", "client_id": "app", "token_use": "access", "scope": cognitoScopes}), want: audience, fetches: cold},
		{id: "cognito_by_client", setup: byClient, token: shaped(nil, map[string]any{"sub": "u1", "client_id": "app", "token_use": "access", "scope": cognitoScopes}), fetches: cold, check: person},
		{id: "cognito_ID_token", setup: byClient, token: shaped(nil, map[string]any{"sub": "u1", "client_id": "app", "token_use": "id"}), want: notAT, fetches: cold},
		{id: "cognito_machine", setup: byClient, token: shaped(nil, map[string]any{"sub": "app", "client_id": "app", "token_use": "access"}), want: invalid, fetches: cold},

		{id: "entra_v2", setup: entra, token: entraToken(nil), fetches: cold, check: caller(auth.Principal{Tenant: "t1", Subject: "u1", ClientID: "app", Scopes: todos})},
		{id: "entra_v1", setup: entra, token: entraToken(map[string]any{"azp": nil, "appid": "app"}), fetches: cold, check: caller(auth.Principal{Tenant: "t1", Subject: "u1", ClientID: "app", Scopes: todos})},
		{id: "entra_roles", setup: entra, token: entraToken(map[string]any{"scp": nil, "roles": []string{"delete:todos"}}), fetches: cold, check: caller(auth.Principal{Tenant: "t1", Subject: "u1", ClientID: "app"})},
		{id: "entra_no_oid", setup: entra, token: entraToken(map[string]any{"oid": nil}), want: invalid, fetches: cold},
		{id: "entra_machine", setup: entra, token: entraToken(map[string]any{"idtyp": "app"}), want: invalid, fetches: cold},

		{id: "keycloak", setup: keycloak, token: shaped("JWT", map[string]any{"typ": "Bearer", "sub": "u1", "azp": "app", "aud": []string{"account", resource}, "scope": granted}), fetches: cold, check: person},
		{id: "keycloak_no_mapper", setup: keycloak, token: shaped("JWT", map[string]any{"typ": "Bearer", "sub": "u1", "azp": "app", "aud": "account"}), want: audience, fetches: cold},
		{id: "keycloak_refresh", setup: keycloak, token: shaped("JWT", map[string]any{"typ": "Refresh", "sub": "u1", "azp": "app", "aud": resource}), want: notAT, fetches: cold},

		{id: "logto", setup: profiled("logto", nil), token: shaped("at+jwt", map[string]any{"sub": "u1", "client_id": "app", "aud": resource, "scope": granted}), fetches: cold, check: person},
		{id: "logto_ID_token", setup: profiled("logto", nil), token: shaped("JWT", map[string]any{"sub": "u1", "aud": "app"}), want: notAT, fetches: cold},

		{id: "okta", setup: okta, token: shaped(nil, map[string]any{"sub": "u1@corp.example", "uid": "u1", "cid": "app", "aud": resource, "scp": []string{"read:todos", "create:todos"}}), fetches: cold, check: person},
		{id: "okta_machine", setup: okta, token: shaped(nil, map[string]any{"sub": "app", "cid": "app", "aud": resource, "scp": []string{"read:todos"}}), want: invalid, fetches: cold},

		{id: "ory", setup: ory, token: shaped("JWT", map[string]any{"sub": "u1", "client_id": "app", "aud": []string{"todo-api"}, "scp": []string{"read:todos", "create:todos"}}), fetches: cold, check: person},
		{id: "ory_string", setup: ory, token: shaped("JWT", map[string]any{"sub": "u1", "client_id": "app", "aud": []string{"todo-api"}, "scope": granted}), fetches: cold, check: person},

		{id: "zitadel", setup: zitadel, token: zitadelToken, fetches: cold, check: person},
		{id: "zitadel_unmapped", setup: unmapped, token: zitadelToken, fetches: cold, check: caller(auth.Principal{Subject: "u1", ClientID: "app"})},
	})
}

// TestWaysOfAsking covers the three ways in which clients ask for a token, and
// how each is told what to ask for.
func TestWaysOfAsking(t *testing.T) {
	todos := auth.Scopes{"create:todos", "delete:todos", "read:todos"}
	for _, c := range []struct {
		name   string
		setup  setup
		claims map[string]any
		scope  string // of the 401
	}{
		{"resource indicator", profiled("logto", nil),
			map[string]any{"aud": resource, "scope": "read:todos create:todos delete:todos"},
			"read:todos create:todos delete:todos"},
		{"audience parameter", profiled("auth0", func(i *auth.Issuer) { i.Audiences = []string{"todo-api"} }),
			map[string]any{"aud": "todo-api", "scope": "read:todos create:todos delete:todos"},
			"read:todos create:todos delete:todos"},
		{"scope with a prefix", profiled("keycloak", func(i *auth.Issuer) {
			i.AudienceClaim, i.Audiences = "azp", []string{"app"}
			i.ScopePrefixes = []string{"todo-api:"}
			i.ScopeMap = map[string][]string{"create": {"create:todos"}, "read": {"read:todos"}, "delete": {"delete:todos"}}
		}), map[string]any{"azp": "app", "scope": "profile todo-api:create todo-api:read todo-api:delete"},
			"todo-api:read todo-api:create todo-api:delete"},
		{"scope with an address", profiled("entra", func(i *auth.Issuer) {
			i.Audiences, i.ScopePrefixes = []string{"api-guid"}, []string{"api://todo/", ""}
		}), map[string]any{"aud": "api-guid", "oid": "u", "tid": "t", "scp": "read:todos create:todos delete:todos"},
			"api://todo/read:todos api://todo/create:todos api://todo/delete:todos"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t, c.setup)
			if r := e.get("/"); r.error.Scope != c.scope {
				t.Errorf("401 asks for %q, want %q", r.error.Scope, c.scope)
			}
			claims := map[string]any{"sub": "u"}
			for name, value := range c.claims {
				claims[name] = value
			}
			if r := e.bearer(shaped("at+jwt", claims)(e)); r.StatusCode != http.StatusOK {
				t.Fatalf("status %s; log %s", r.Status, e.log)
			}
			if diff := cmp.Diff(todos, e.caller().Scopes); diff != "" {
				t.Errorf("scopes (-want +got):\n%s", diff)
			}
		})
	}
}
