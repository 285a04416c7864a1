package auth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"todomanager/internal/auth"

	"github.com/google/go-cmp/cmp"
)

func newGuard(t *testing.T, resource string) *auth.Guard {
	t.Helper()
	g, err := auth.NewGuard(auth.GuardOptions{
		Resource: resource, Issuers: []string{"https://as.example/"}, Scopes: []string{"read:todos", "create:todos", "delete:todos"}, Unlisted: []string{"read:audit"},
		Verify: func(context.Context, string) (auth.Principal, error) {
			return auth.Principal{}, errors.New("boom " + secret)
		},
		ResourceName: "Todos",
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestInsufficientScope(t *testing.T) {
	for _, c := range []struct {
		name    string
		granted string
		needed  []string
		scope   string
		missing []string
	}{
		{"one", "", []string{"create:todos"}, "create:todos", []string{"create:todos"}},
		{"keeps granted", "delete:todos", []string{"create:todos"}, "create:todos delete:todos", []string{"create:todos"}},
		{"order is ours", "", []string{"delete:todos", "read:todos"}, "read:todos delete:todos", []string{"read:todos", "delete:todos"}},
		{"some granted", "read:todos", []string{"delete:todos", "read:todos"}, "read:todos delete:todos", []string{"delete:todos"}},
		{"foreign granted", "admin x:y", []string{"create:todos"}, "create:todos", []string{"create:todos"}},
		{"unlisted but needed", "create:todos", []string{"read:audit"}, "create:todos read:audit", []string{"read:audit"}},
		{"unlisted but granted", "read:audit", []string{"create:todos"}, "create:todos read:audit", []string{"create:todos"}},
		{"needed but not offered", "create:todos", []string{"read:other"}, "create:todos read:other", []string{"read:other"}},
		{"not a scope", "", []string{`x", realm="y`, "create:todos"}, "create:todos", []string{"create:todos"}},
	} {
		row(t, "P10_"+c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			newGuard(t, resource).InsufficientScope(w, auth.Principal{Scopes: auth.ParseScopes(c.granted)}, c.needed...)
			want := `Bearer error="insufficient_scope", error_description="the access token lacks a scope that this call needs", scope="` +
				c.scope + `", resource_metadata="http://localhost:3001/.well-known/oauth-protected-resource"`
			if w.Code != http.StatusForbidden {
				t.Errorf("status %d", w.Code)
			}
			if diff := cmp.Diff([]string{want}, w.Header().Values("WWW-Authenticate")); diff != "" {
				t.Errorf("challenge (-want +got):\n%s", diff)
			}
			missing := `["` + strings.Join(c.missing, `","`) + `"]`
			body := `{"error":"insufficient_scope","error_description":"the access token lacks a scope that this call needs","reason":"missing_required_scopes","scope":"` +
				c.scope + `","missing_scopes":` + missing + "}\n"
			if diff := cmp.Diff(body, w.Body.String()); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

// An error that says nothing about the token must neither let it through nor
// make the client throw it away.
func TestUnknownErrorIsAnOutage(t *testing.T) {
	handler := newGuard(t, resource).Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("let through")
	}))
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Authorization", "Bearer x")
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
	if strings.Contains(w.Body.String(), secret) {
		t.Errorf("error text leaked: %s", w.Body)
	}
}

func TestMetadataPaths(t *testing.T) {
	const root = "/.well-known/oauth-protected-resource"
	for _, c := range []struct {
		resource string
		paths    []string
		address  string
	}{
		{"http://localhost:3001", []string{root}, "http://localhost:3001" + root},
		{"https://todo.example/", []string{root}, "https://todo.example" + root},
		{"https://todo.example/mcp", []string{root + "/mcp", root}, "https://todo.example" + root + "/mcp"},
		{"https://todo.example/a/b/", []string{root + "/a/b/", root}, "https://todo.example" + root + "/a/b/"},
	} {
		g := newGuard(t, c.resource)
		if diff := cmp.Diff(c.paths, g.MetadataPaths()); diff != "" {
			t.Errorf("%s: paths (-want +got):\n%s", c.resource, diff)
		}
		w := httptest.NewRecorder()
		g.Require(nil).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
		if want := `resource_metadata="` + c.address + `"`; !strings.Contains(w.Header().Get("WWW-Authenticate"), want) {
			t.Errorf("%s: challenge %s, want %s", c.resource, w.Header().Get("WWW-Authenticate"), want)
		}
	}
}

func TestMetadata(t *testing.T) {
	server := httptest.NewServer(newGuard(t, "https://todo.example/mcp").Metadata())
	defer server.Close()
	const document = `{"resource":"https://todo.example/mcp","authorization_servers":["https://as.example/"],` +
		`"scopes_supported":["read:todos","create:todos","delete:todos"],"bearer_methods_supported":["header"],` +
		`"resource_name":"Todos"}`
	for _, c := range []struct {
		method string
		status int
		body   string
		header map[string]string
	}{
		{"GET", 200, document, map[string]string{"Content-Type": "application/json", "Cache-Control": "public, max-age=300"}},
		{"HEAD", 200, "", map[string]string{"Content-Type": "application/json", "Cache-Control": "public, max-age=300"}},
		{"OPTIONS", 204, "", map[string]string{"Access-Control-Allow-Methods": "GET, HEAD, OPTIONS", "Access-Control-Allow-Headers": "*"}},
		{"POST", 405, `{"error":"method_not_allowed","error_description":"the metadata can only be read","reason":"method_not_allowed"}` + "\n", map[string]string{"Allow": "GET, HEAD, OPTIONS"}},
		{"DELETE", 405, `{"error":"method_not_allowed","error_description":"the metadata can only be read","reason":"method_not_allowed"}` + "\n", map[string]string{"Allow": "GET, HEAD, OPTIONS"}},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || string(body) != c.body {
			t.Errorf("%s: %s %q %v, want %d %q", c.method, resp.Status, body, err, c.status, c.body)
		}
		c.header["Access-Control-Allow-Origin"] = "*"
		for name, want := range c.header {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.method, name, got, want)
			}
		}
	}
}

func TestNewGuardRefuses(t *testing.T) {
	verify := func(context.Context, string) (auth.Principal, error) { return auth.Principal{}, nil }
	for name, o := range map[string]auth.GuardOptions{
		"no verify":    {Resource: resource, Issuers: []string{"https://a.example"}},
		"no issuer":    {Resource: resource, Verify: verify},
		"no resource":  {Verify: verify, Issuers: []string{"https://a.example"}},
		"quote":        {Resource: `https://a.example/"`, Verify: verify, Issuers: []string{"https://a.example"}},
		"fragment":     {Resource: "https://a.example/#x", Verify: verify, Issuers: []string{"https://a.example"}},
		"query":        {Resource: "https://a.example/?x", Verify: verify, Issuers: []string{"https://a.example"}},
		"user":         {Resource: "https://u@a.example/", Verify: verify, Issuers: []string{"https://a.example"}},
		"scheme":       {Resource: "urn:todo", Verify: verify, Issuers: []string{"https://a.example"}},
		"scope quote":  {Resource: resource, Verify: verify, Issuers: []string{"https://a.example"}, Scopes: []string{`a"b`}},
		"unlisted":     {Resource: resource, Verify: verify, Issuers: []string{"https://a.example"}, Unlisted: []string{`a"b`}},
		"scope spaced": {Resource: resource, Verify: verify, Issuers: []string{"https://a.example"}, Scopes: []string{"a b"}},
	} {
		if _, err := auth.NewGuard(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParseScopes(t *testing.T) {
	many := strings.Repeat("s ", 50) + strings.Repeat("x", 255) + " " + strings.Repeat("y", 256)
	for in, want := range map[string]auth.Scopes{
		"":                 nil,
		" ":                nil,
		"b a  b ":          {"a", "b"},
		"a\tb":             nil,
		`a"b a\b é ok ~ !`: {"!", "ok", "~"},
		many:               {"s", strings.Repeat("x", 255)},
	} {
		if diff := cmp.Diff(want, auth.ParseScopes(in)); diff != "" {
			t.Errorf("ParseScopes(%.20q) (-want +got):\n%s", in, diff)
		}
	}
	var names []string
	for _, a := range "abcdefghijklmnopqrstuvwxyz" {
		for _, b := range "abcdefghijklmnopqrstuvwxyz" {
			names = append(names, string(a)+string(b))
		}
	}
	if n := len(auth.ParseScopes(strings.Join(names, " "))); n != 100 {
		t.Errorf("%d scopes kept, want 100", n)
	}
}
