package devauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMetadata(t *testing.T) {
	s := start(t, t.TempDir(), "")
	oauth := s.do("GET", "/.well-known/oauth-authorization-server", "")
	if oauth.header.Get("Access-Control-Allow-Origin") != "*" || oauth.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", oauth.header)
	}
	if got := s.do("GET", "/.well-known/openid-configuration", ""); got.body != oauth.body {
		t.Error("the two documents differ")
	}
	methods := []any{"none", "client_secret_basic", "client_secret_post"}
	want := map[string]any{
		"issuer": s.url, "authorization_endpoint": s.url + "/authorize", "token_endpoint": s.url + "/token",
		"registration_endpoint": s.url + "/register", "revocation_endpoint": s.url + "/revoke", "jwks_uri": s.url + "/jwks.json",
		"scopes_supported":         []any{"create:todos", "read:todos", "delete:todos"},
		"response_types_supported": []any{"code"}, "response_modes_supported": []any{"query"},
		"grant_types_supported":                 []any{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported": methods, "revocation_endpoint_auth_methods_supported": methods,
		"code_challenge_methods_supported": []any{"S256"}, "authorization_response_iss_parameter_supported": true,
		"subject_types_supported": []any{"public"}, "id_token_signing_alg_values_supported": []any{"ES256"},
	}
	if diff := cmp.Diff(want, oauth.json(t)); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestHostAllowList(t *testing.T) {
	s := start(t, t.TempDir(), "")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), ":")
	for host, want := range map[string]int{
		"localhost:" + port:         http.StatusOK,
		"127.0.0.1:" + port:         http.StatusOK,
		"[::1]:" + port:             http.StatusOK,
		"rebound.example:" + port:   http.StatusForbidden,
		"localhost":                 http.StatusForbidden,
		"localhost:1":               http.StatusForbidden,
		"localhost.example:" + port: http.StatusForbidden,
	} {
		for _, path := range []string{"/", "/.well-known/oauth-authorization-server"} {
			if a := s.do("GET", path, "", "Host", host); a.status != want {
				t.Errorf("%s as %s: %d, want %d", path, host, a.status, want)
			}
		}
	}
}

func TestConsentOnlyFromOwnPages(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	for name, tt := range map[string]struct {
		header []string
		want   int
	}{
		"cross-site":             {[]string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		"same-site, other port":  {[]string{"Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		"foreign origin":         {[]string{"Origin", "https://evil.example"}, http.StatusForbidden},
		"null origin":            {[]string{"Origin", "null"}, http.StatusForbidden},
		"own origin, old client": {[]string{"Origin", s.url}, http.StatusSeeOther},
		"same-origin":            {[]string{"Sec-Fetch-Site", "same-origin", "Origin", s.url}, http.StatusSeeOther},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{"flow": {flowID(t, s.authorize(request(id)))}, "account": {"alice"}, "decision": {"allow"}}
			a := s.post("/authorize/decision", form, tt.header...)
			if a.status != tt.want {
				t.Errorf("decision: %d, want %d", a.status, tt.want)
			}
			if tt.want == http.StatusForbidden {
				if a.header.Get("Location") != "" {
					t.Error("refused and redirected")
				}
				if a := s.post("/authorize/account", form, tt.header...); a.status != tt.want {
					t.Errorf("account: %d, want %d", a.status, tt.want)
				}
			}
		})
	}
}

func TestMethods(t *testing.T) {
	s := start(t, t.TempDir(), "")
	for _, tt := range []struct{ method, path, allow string }{
		{"POST", "/", "GET, HEAD"},
		{"POST", "/authorize", "GET, HEAD"},
		{"GET", "/authorize/account", "POST"},
		{"GET", "/authorize/decision", "POST"},
		{"GET", "/token", "OPTIONS, POST"},
		{"PUT", "/register", "OPTIONS, POST"},
		{"GET", "/revoke", "OPTIONS, POST"},
		{"POST", "/jwks.json", "GET, HEAD, OPTIONS"},
		{"DELETE", "/.well-known/openid-configuration", "GET, HEAD, OPTIONS"},
	} {
		a := s.do(tt.method, tt.path, "")
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q, want 405 and %q", tt.method, tt.path, a.status, a.header.Get("Allow"), tt.allow)
		}
	}
	if a := s.do("GET", "/introspect", ""); a.status != http.StatusNotFound {
		t.Errorf("unknown path: %d", a.status)
	}
}

func TestCORS(t *testing.T) {
	s := start(t, t.TempDir(), "")
	for _, path := range []string{"/token", "/register", "/revoke", "/jwks.json", "/.well-known/openid-configuration"} {
		a := s.do("OPTIONS", path, "", "Origin", "http://localhost:6274", "Access-Control-Request-Method", "POST")
		if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
	if a := s.post("/token", nil, "Origin", "http://localhost:6274"); a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("an error response that a page cannot read")
	}
	for _, path := range []string{"/", "/authorize", "/style.css"} {
		if a := s.do("GET", path, "", "Origin", "http://localhost:6274"); a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s allows other sites to read it", path)
		}
	}
}

// form-action must be absent: Chromium would apply it to the redirect that
// returns to the client. Nothing may be set as a cookie.
func TestPages(t *testing.T) {
	s := start(t, t.TempDir(), "")
	choice := s.authorize(request(s.publicClient()))
	pages := map[string]answer{
		"home": s.do("GET", "/", ""), "account": choice, "error": s.do("GET", "/authorize", ""),
		"consent": s.post("/authorize/account", url.Values{"flow": {flowID(t, choice)}, "account": {"alice"}}),
	}
	for name, a := range pages {
		for header, want := range map[string]string{
			"Content-Type":            "text/html; charset=utf-8",
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "same-origin",
			"Cache-Control":           "no-store",
			"Set-Cookie":              "",
		} {
			if got := a.header.Get(header); got != want {
				t.Errorf("%s: %s %q, want %q", name, header, got, want)
			}
		}
		for _, want := range []string{`<html lang="en">`, "<main>", "<h1>", "For development only."} {
			if strings.Count(a.body, want) != 1 {
				t.Errorf("%s: want %q once", name, want)
			}
		}
		for _, bad := range []string{"<script", "style=", "//localhost:6274", "autofocus"} {
			if strings.Contains(a.body, bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
	}
	for _, want := range []string{"Test", "127.0.0.1:6274", resource, "Alice", "Create todos", `<legend>`, "Use a different account"} {
		if !strings.Contains(pages["consent"].body, want) {
			t.Errorf("consent lacks %q", want)
		}
	}
	if a := s.do("GET", "/style.css", ""); a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/css") {
		t.Errorf("style: %d %s", a.status, a.header.Get("Content-Type"))
	}
}
