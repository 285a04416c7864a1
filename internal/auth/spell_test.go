package auth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"

	"github.com/google/go-cmp/cmp"
)

func TestScopeNames(t *testing.T) {
	oneToOne := map[string][]string{"r": {"read:todos"}, "c": {"create:todos"}, "d": {"delete:todos"}}
	for _, c := range []struct {
		name   string
		issuer auth.Issuer
		want   []string
	}{
		{"own names", auth.Issuer{}, []string{"read:todos", "create:todos", "delete:todos"}},
		{"prefix", auth.Issuer{ScopePrefixes: []string{"a:", "b:"}}, []string{"a:read:todos", "a:create:todos", "a:delete:todos"}},
		{"map", auth.Issuer{ScopeMap: oneToOne}, []string{"r", "c", "d"}},
		{"prefix and map", auth.Issuer{ScopePrefixes: []string{"x/"}, ScopeMap: oneToOne, ScopeClaims: []string{"scp"}}, []string{"x/r", "x/c", "x/d"}},
		{"in part", auth.Issuer{ScopeMap: map[string][]string{"c": {"create:todos"}, "all": {"read:todos", "delete:todos"}}}, []string{"c"}},
		{"ambiguous", auth.Issuer{ScopeMap: map[string][]string{"c": {"create:todos"}, "c2": {"create:todos"}}}, nil},
		{"roles", auth.Issuer{ScopeClaims: []string{"roles"}, ScopeMap: oneToOne}, nil},
		{"roles by our names", auth.Issuer{ScopeClaims: []string{"permissions"}}, nil},
		{"no header value", auth.Issuer{ScopeMap: map[string][]string{`x", realm="y`: {"create:todos"}}}, nil},
	} {
		c.issuer.URL = "https://as.example"
		v, err := auth.NewVerifier(auth.Options{Issuers: []auth.Issuer{c.issuer}, Resource: resource})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, v.ScopeNames(c.issuer.URL, ourScopes())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if got := v.ScopeNames("https://other.example", ourScopes()); got != nil {
			t.Errorf("%s: names %q for an issuer that is not trusted", c.name, got)
		}
	}
}

// TestSpelling: the metadata and the 401 speak to clients of the first issuer, a
// 403 to those of the token's.
func TestSpelling(t *testing.T) {
	roles := authtest.New(t)
	e := newEnv(t, setup{issuer: func(i *auth.Issuer) { i.ScopePrefixes = []string{"api://todo/"} }, others: []*authtest.Issuer{roles}})
	spelled := "api://todo/read:todos api://todo/create:todos api://todo/delete:todos"
	if r := e.get("/"); r.error.Scope != spelled || !strings.Contains(r.Header.Get("WWW-Authenticate"), `scope="`+spelled+`"`) {
		t.Errorf("401: %s", r.Header.Get("WWW-Authenticate"))
	}
	w := httptest.NewRecorder()
	e.guard.Metadata().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	var document struct {
		Scopes []string `json:"scopes_supported"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || strings.Join(document.Scopes, " ") != spelled {
		t.Errorf("metadata %s, %v", w.Body, err)
	}

	for _, c := range []struct {
		name, token, scope string
	}{
		{"first issuer", e.issuer.Token(authtest.Claims{Subject: "u", Scope: "api://todo/create:todos"}), "api://todo/create:todos api://todo/delete:todos"},
		{"second issuer", roles.Token(authtest.Claims{Subject: "u", Scope: "create:todos"}), "create:todos delete:todos"},
	} {
		r := e.get("/?needs=delete:todos", "Authorization: Bearer "+c.token)
		if r.StatusCode != http.StatusForbidden || r.error.Scope != c.scope || !strings.Contains(r.Header.Get("WWW-Authenticate"), `scope="`+c.scope+`"`) {
			t.Errorf("%s: %s %s", c.name, r.Status, r.Header.Get("WWW-Authenticate"))
		}
		if diff := cmp.Diff([]string{"delete:todos"}, r.error.MissingScopes); diff != "" {
			t.Errorf("%s: missing_scopes (-want +got):\n%s", c.name, diff)
		}
	}
}

// To ask for the rest of what is needed would not help.
func TestSpellingInPart(t *testing.T) {
	e := newEnv(t, setup{issuer: func(i *auth.Issuer) {
		i.ScopeMap = map[string][]string{"c": {"create:todos"}, "all": {"read:todos", "delete:todos"}}
	}})
	token := e.issuer.Token(authtest.Claims{Subject: "u", Scope: "c"})
	if r := e.get("/?needs=delete:todos", "Authorization: Bearer "+token); r.StatusCode != http.StatusForbidden || r.error.Scope != "" {
		t.Errorf("%s asks for %q", r.Status, r.error.Scope)
	}
	if r := e.get("/"); r.error.Scope != "c" {
		t.Errorf("%s asks for %q", r.Status, r.error.Scope)
	}
}

// Where roles decide there is nothing to ask for, and no header may say so.
func TestSpellingOfRoles(t *testing.T) {
	e := newEnv(t, setup{issuer: func(i *auth.Issuer) {
		i.ScopeClaims, i.ScopeMap = []string{"roles"}, map[string][]string{"user": {"create:todos"}}
	}})
	token := e.issuer.Mint(nil, map[string]any{"sub": "u", "roles": []string{"user"}})
	for _, r := range []response{e.get("/"), e.get("/?needs=delete:todos", "Authorization: Bearer "+token)} {
		if r.error.Scope != "" || strings.Contains(r.Header.Get("WWW-Authenticate"), "scope=") {
			t.Errorf("%s asks for scopes: %s", r.Status, r.Header.Get("WWW-Authenticate"))
		}
	}
	w := httptest.NewRecorder()
	e.guard.Metadata().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if strings.Contains(w.Body.String(), "scopes_supported") {
		t.Errorf("metadata %s", w.Body)
	}
}
