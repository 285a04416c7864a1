package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"

	"github.com/google/go-cmp/cmp"
)

func TestDiscovery(t *testing.T) {
	for _, c := range []struct {
		id, path string
		serve    map[string]string // path to document; ISS and BASE are filled in
		asked    []string
		want     auth.Reason
	}{
		{
			id: "root_oauth_first", serve: map[string]string{"/.well-known/oauth-authorization-server": good},
			asked: []string{"/.well-known/oauth-authorization-server"},
		},
		{
			id: "root_openid", serve: map[string]string{"/.well-known/openid-configuration": good},
			asked: []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"},
		},
		{
			id: "path_insert_oauth", path: "/realms/x", serve: map[string]string{"/.well-known/oauth-authorization-server/realms/x": good},
			asked: []string{"/.well-known/oauth-authorization-server/realms/x"},
		},
		{
			id: "path_insert_openid", path: "/realms/x", serve: map[string]string{"/.well-known/openid-configuration/realms/x": good},
			asked: []string{"/.well-known/oauth-authorization-server/realms/x", "/.well-known/openid-configuration/realms/x"},
		},
		{
			id: "path_append_openid", path: "/o/slug/", serve: map[string]string{"/o/slug/.well-known/openid-configuration": good},
			asked: []string{"/.well-known/oauth-authorization-server/o/slug", "/.well-known/openid-configuration/o/slug", "/o/slug/.well-known/openid-configuration"},
		},
		{
			id: "trailing_slash_issuer", path: "/", serve: map[string]string{"/.well-known/openid-configuration": good},
			asked: []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"},
		},
		{
			id: "other_issuer_then_right", serve: map[string]string{
				"/.well-known/oauth-authorization-server": `{"issuer":"ISS/","jwks_uri":"BASE/jwks"}`, "/.well-known/openid-configuration": good},
			asked: []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"},
		},
		{id: "issuer_mismatch", serve: both(`{"issuer":"ISS/","jwks_uri":"BASE/jwks"}`), want: auth.ReasonUnavailable},
		{id: "issuer_missing", serve: both(`{"jwks_uri":"BASE/jwks"}`), want: auth.ReasonUnavailable},
		{id: "jwks_missing", serve: both(`{"issuer":"ISS"}`), want: auth.ReasonUnavailable},
		{id: "jwks_http_elsewhere", serve: both(`{"issuer":"ISS","jwks_uri":"http://keys.example/jwks"}`), want: auth.ReasonUnavailable},
		{id: "jwks_file", serve: both(`{"issuer":"ISS","jwks_uri":"file:///etc/passwd"}`), want: auth.ReasonUnavailable},
		{id: "HTML", serve: both(`<!doctype html>`), want: auth.ReasonUnavailable},
	} {
		row(t, "K03_"+c.id, func(t *testing.T) {
			issuer := authtest.NewAt("")
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				base := "http://" + r.Host
				if r.URL.Path == authtest.KeysPath {
					issuer.ServeHTTP(w, r)
					return
				}
				asked = append(asked, r.URL.Path)
				if doc, ok := c.serve[r.URL.Path]; ok {
					document(strings.NewReplacer("ISS", issuer.URL, "BASE", base).Replace(doc))(w, r)
					return
				}
				http.NotFound(w, r)
			}))
			defer server.Close()
			issuer.URL = server.URL + c.path
			v, err := auth.NewVerifier(auth.Options{Issuers: []auth.Issuer{{URL: issuer.URL}}, Resource: resource})
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(t.Context(), issuer.Token(authtest.Claims{Subject: "u"}))
			if errors.Is(err, auth.ErrUnavailable) != (c.want == auth.ReasonUnavailable) || (err == nil) != (c.want == "") {
				t.Errorf("error %v, want reason %q", err, c.want)
			}
			if c.asked != nil {
				if diff := cmp.Diff(c.asked, asked); diff != "" {
					t.Errorf("addresses asked (-want +got):\n%s", diff)
				}
			}
		})
	}
	row(t, "K03_jwks_http_of_https_issuer", func(t *testing.T) {
		inBubble(t, func(b bubble) {
			for path := range both("") {
				b.issuer.Serve(path, document(`{"issuer":"https://as.example","jwks_uri":"http://localhost/jwks"}`))
			}
			b.expect(b.token(), auth.ReasonUnavailable)
			b.fetches(2)
		})
	})
}

// TestEndpointsByHand: configured addresses are asked and no others.
func TestEndpointsByHand(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*auth.Issuer)
		serve  map[string]string
		asked  []string
		want   auth.Reason
	}{
		{"metadata", func(i *auth.Issuer) { i.MetadataURL = "https://as.example/meta?tenant=1" },
			map[string]string{"/meta": `{"issuer":"https://as.example","jwks_uri":"https://as.example/jwks"}`}, []string{"/meta?tenant=1", "/jwks"}, ""},
		{"metadata of another issuer", func(i *auth.Issuer) { i.MetadataURL = "https://as.example/meta" },
			map[string]string{"/meta": `{"issuer":"https://as.example/","jwks_uri":"https://as.example/jwks"}`}, []string{"/meta"}, auth.ReasonUnavailable},
		{"no metadata there", func(i *auth.Issuer) { i.MetadataURL = "https://as.example/meta" }, nil, []string{"/meta"}, auth.ReasonUnavailable},
		{"keys", func(i *auth.Issuer) { i.JWKSURL = "https://keys.example/jwks" }, nil, []string{"/jwks"}, ""},
		{"no keys there", func(i *auth.Issuer) { i.JWKSURL = "https://as.example/other" }, nil, []string{"/other"}, auth.ReasonUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			issuer := authtest.NewAt("https://as.example")
			for path, doc := range c.serve {
				issuer.Serve(path, document(doc))
			}
			var asked []string
			client := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.URL.RequestURI())
				return issuer.Client().Transport.RoundTrip(r)
			})}
			trusted := auth.Issuer{URL: issuer.URL}
			c.change(&trusted)
			v, err := auth.NewVerifier(auth.Options{Issuers: []auth.Issuer{trusted}, Resource: resource, Client: client})
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(t.Context(), issuer.Token(authtest.Claims{Subject: "u"}))
			if errors.Is(err, auth.ErrUnavailable) != (c.want == auth.ReasonUnavailable) || (err == nil) != (c.want == "") {
				t.Errorf("error %v, want reason %q", err, c.want)
			}
			if diff := cmp.Diff(c.asked, asked); diff != "" {
				t.Errorf("addresses asked (-want +got):\n%s", diff)
			}
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

const good = `{"issuer":"ISS","jwks_uri":"BASE/jwks"}`

func both(document string) map[string]string {
	return map[string]string{"/.well-known/oauth-authorization-server": document, "/.well-known/openid-configuration": document}
}
