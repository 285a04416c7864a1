package auth_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"

	"github.com/google/go-cmp/cmp"
)

// survey returns the findings about the only issuer, one a line: check, verdict
// (+, - or, with advice, !) and detail.
func survey(t *testing.T, v *auth.Verifier) []string {
	t.Helper()
	surveys := v.Survey(t.Context())
	if len(surveys) != 1 {
		t.Fatalf("%d surveys", len(surveys))
	}
	var lines []string
	for _, f := range surveys[0].Findings {
		verdict := "+"
		switch {
		case !f.OK && f.Mend == "":
			t.Errorf("%s fails without a remedy: %s", f.Check, f.Detail)
		case !f.OK:
			verdict = "-"
		case f.Mend != "":
			verdict = "!"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", f.Check, verdict, f.Detail))
	}
	return lines
}

const metadataAddress = "https://as.example/.well-known/oauth-authorization-server"

func TestSurvey(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	dated := func(body string, date time.Time) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", date.Format(http.TimeFormat))
			document(body)(w, r)
		}
	}
	keys := func(members ...string) string { return `{"keys":[` + strings.Join(members, ",") + `]}` }
	ec := func(members string) string { return jwk(t, authtest.NewKey("ES256").Public(), members) }
	introspection := &auth.Introspection{URL: "https://as.example" + introspectPath, ClientID: "c", ClientSecret: "s"}
	const full = `{"issuer":"https://as.example","jwks_uri":"https://as.example/jwks","scopes_supported":["openid","read:todos","create:todos","delete:todos"],
		"code_challenge_methods_supported":["S256"],"registration_endpoint":"https://as.example/r","client_id_metadata_document_supported":true,
		"authorization_response_iss_parameter_supported":true,"subject_types_supported":["public"],"introspection_endpoint":"https://as.example/introspect"}`
	for _, c := range []struct {
		name   string
		issuer auth.Issuer
		serve  map[string]http.HandlerFunc
		want   []string
	}{
		{"all is well", auth.Issuer{Introspection: introspection}, map[string]http.HandlerFunc{
			"/.well-known/oauth-authorization-server": dated(full, now.Add(-2*time.Second)),
			"/jwks":        document(keys(ec(`,"kid":"k1","alg":"ES256"`))),
			introspectPath: document(`{"active":false}`),
		}, []string{
			"metadata + found at " + metadataAddress,
			"clock + this server's clock differs from the issuer's by 2s",
			"PKCE + S256 is advertised",
			"registration + dynamic registration: yes; client id metadata documents: yes",
			"issuer parameter + authorization responses name their issuer (RFC 9207)",
			"scopes + scopes_supported has read:todos create:todos delete:todos",
			`key + "k1", EC P-256 for ES256`,
			"keys + 1 of 1 at https://as.example/jwks are usable",
			"introspection + https://as.example/introspect answers",
		}},
		{"much is missing", auth.Issuer{Algorithms: []string{"RS256"}, Introspection: introspection}, map[string]http.HandlerFunc{
			"/.well-known/oauth-authorization-server": dated(`{"issuer":"https://as.example","jwks_uri":"https://as.example/jwks",
				"scopes_supported":["openid"],"subject_types_supported":["pairwise"],"introspection_endpoint":"https://as.example/other"}`, now.Add(90*time.Second)),
			"/jwks": document(keys(ec(`,"kid":"a","use":"sig"`), ec(`,"kid":"b","use":"enc"`), ec(`,"kid":"c"`), ec(`,"kid":"c"`),
				jwk(t, weakRSA(t).Public(), `,"kid":"w"`), `{"kty":"oct","kid":"s","k":"AAAA"}`, ec(`,"kid":"m","alg":"RS256"`), `7`)),
			introspectPath: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		}, []string{
			"metadata + found at " + metadataAddress,
			"clock - this server's clock differs from the issuer's by -1m30s",
			"PKCE - code_challenge_methods_supported does not have S256",
			"registration ! neither registration_endpoint nor client_id_metadata_document_supported",
			"issuer parameter ! authorization_response_iss_parameter_supported is not true",
			"scopes ! scopes_supported lacks read:todos create:todos delete:todos",
			"subjects ! subject_types_supported is pairwise alone: the same person has a different subject for each client",
			"introspection ! published is https://as.example/other, configured https://as.example/introspect",
			`key ! "a", EC P-256: not used: none of its algorithms is accepted for this issuer`,
			`key ! "b", EC P-256: not used: not for signatures (use or key_ops, RFC 7517 sections 4.2 and 4.3)`,
			`key ! "c", EC P-256: not used: another key has the same kid`,
			`key ! "c", EC P-256: not used: another key has the same kid`,
			`key ! "w", RSA 1024: not used: not a public key of RSA 2048 to 8192, P-256, P-384, P-521 or Ed25519`,
			`key ! "s", symmetric or private: not used: not a public key of RSA 2048 to 8192, P-256, P-384, P-521 or Ed25519`,
			`key ! "m", EC P-256 for RS256: not used: its alg is not a signature algorithm for this type of key`,
			`key ! "", ?: not used: of a type that is not known here, or malformed`,
			"keys - 0 of 8 at https://as.example/jwks are usable",
			"introspection - https://as.example/introspect: HTTP status 401: check the client id and secret, and that this client may introspect",
		}},
		{"other issuer", auth.Issuer{MetadataURL: "https://as.example/meta"}, map[string]http.HandlerFunc{
			"/meta": document(`{"issuer":"https://as.example/","jwks_uri":"https://as.example/jwks"}`),
		}, []string{
			`metadata - no metadata: https://as.example/meta: its issuer is "https://as.example/"; configure that exact spelling if it is the one you trust`,
		}},
		{"keys by hand", auth.Issuer{JWKSURL: "https://as.example/jwks"}, map[string]http.HandlerFunc{"/jwks": document(`<html>`)}, []string{
			"metadata + not looked for, because a JWKS URL is configured: what the server offers to clients is not known",
			"keys - https://as.example/jwks: the key set is not a JWK Set",
		}},
		{"introspection of all", auth.Issuer{JWKSURL: "https://as.example/jwks", Introspection: &auth.Introspection{
			URL: introspection.URL, ClientID: "c", ClientSecret: "s", Always: true}},
			map[string]http.HandlerFunc{introspectPath: document(`{"active":true}`)}, []string{
				"metadata + not looked for, because a JWKS URL is configured: what the server offers to clients is not known",
				"keys + not needed, as every token is introspected",
				"introspection - https://as.example/introspect: does not report a made-up token as inactive",
			}},
		{"roles, opaque tokens refused", auth.Issuer{ScopeClaims: []string{"roles"}}, map[string]http.HandlerFunc{
			"/.well-known/oauth-authorization-server": document(full), "/jwks": http.NotFound,
		}, []string{
			"metadata + found at " + metadataAddress,
			"PKCE + S256 is advertised",
			"registration + dynamic registration: yes; client id metadata documents: yes",
			"issuer parameter + authorization responses name their issuer (RFC 9207)",
			"scopes + none that clients could ask for",
			"introspection + offered at https://as.example/introspect, not configured: opaque tokens are refused",
			"keys - https://as.example/jwks: HTTP status 404",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			issuer := authtest.NewAt("https://as.example")
			for path, h := range c.serve {
				issuer.Serve(path, h)
			}
			c.issuer.URL = issuer.URL
			v, err := auth.NewVerifier(auth.Options{Issuers: []auth.Issuer{c.issuer}, Resource: resource, Scopes: ourScopes(),
				Client: issuer.Client(), Now: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, survey(t, v)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// Every issuer gets its survey, in a steady order.
func TestSurveyOfSeveral(t *testing.T) {
	issuer := authtest.NewAt("https://b.example")
	v, err := auth.NewVerifier(auth.Options{Resource: resource, Client: issuer.Client(),
		Issuers: []auth.Issuer{{URL: "https://b.example"}, {URL: "https://a.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	surveys := v.Survey(t.Context())
	if len(surveys) != 2 || surveys[0].Issuer != "https://a.example" || surveys[1].Issuer != "https://b.example" {
		t.Fatalf("surveys %+v", surveys)
	}
	if surveys[0].Findings[0].OK || !surveys[1].Findings[0].OK {
		t.Errorf("metadata of a found: %+v, of b: %+v", surveys[0].Findings[0], surveys[1].Findings[0])
	}
}
