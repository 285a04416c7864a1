package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"todomanager/internal/auth/authtest"
)

// Two public URLs, each with an issuer of its own: whatever tells them apart, what is
// said to strangers names only its own issuer, and what one issuer's people hold is
// nothing to the other's, the same subject included.
func TestIssuersWithPublicURLsOfTheirOwn(t *testing.T) {
	for name, urls := range map[string][2]string{
		"by path":      {"http://localhost:PORT/one", "http://localhost:PORT/two"},
		"by host":      {"http://localhost:PORT", "http://127.0.0.1:PORT"},
		"root, path":   {"http://localhost:PORT", "http://localhost:PORT/two"},
		"host, path":   {"http://localhost:PORT/x", "http://127.0.0.1:PORT/y"},
		"host, shared": {"http://localhost:PORT/x", "http://127.0.0.1:PORT/x"},
	} {
		t.Run(name, func(t *testing.T) {
			port := freePort()
			var sites [2]*testSite
			file := "issuer:\n"
			for i, url := range urls {
				sites[i] = newTestSite(t, strings.ReplaceAll(url, "PORT", port))
				file += fmt.Sprintf("  - {url: %q, public-url: %q}\n", sites[i].issuer.URL, sites[i].url)
			}
			p := startServe(t, port, file)
			for i, here := range sites {
				checkStranger(t, p, here)
				checkForeigner(t, p, here, sites[1-i])
			}
			checkIsolation(t, p, sites)
		})
	}
}

// checkStranger follows the way of a client that comes without a token.
func checkStranger(t *testing.T, p *program, s *testSite) {
	t.Helper()
	got := p.call(t, s.url, "", "get-todos", "")
	if challenge := got.header.Get("WWW-Authenticate"); got.status != 401 || !strings.Contains(challenge, `resource_metadata="`+s.metadataURL()+`"`) {
		t.Errorf("%s without a token: %d, %s", s.url, got.status, challenge)
	}
	var document struct {
		Resource string
		Servers  []string `json:"authorization_servers"`
	}
	got = p.send(t, http.MethodGet, s.metadataURL(), "", "")
	if err := json.Unmarshal([]byte(got.body), &document); err != nil {
		t.Fatalf("%s: %d %s", s.metadataURL(), got.status, got.body)
	}
	if document.Resource != s.url || len(document.Servers) != 1 || document.Servers[0] != s.issuer.URL {
		t.Errorf("%s: %s", s.metadataURL(), got.body)
	}
}

// checkForeigner presents tokens of the other site's issuer, in the worst case issued
// for this site.
func checkForeigner(t *testing.T, p *program, here, other *testSite) {
	t.Helper()
	const scope = "create:todos read:todos delete:todos"
	for name, token := range map[string]string{
		"for its own site":          other.token("alice", scope),
		"for this site":             other.issuer.Token(authtest.Claims{Subject: "alice", Scope: scope, Audience: here.url}),
		"in this issuer's name":     other.issuer.Mint(nil, map[string]any{"iss": here.issuer.URL, "sub": "alice", "aud": here.url, "scope": scope}),
		"of here, for another site": here.issuer.Token(authtest.Claims{Subject: "alice", Scope: scope, Audience: other.url}),
	} {
		got := p.call(t, here.url, token, "create-todo", `{"content":"no"}`)
		if challenge := got.header.Get("WWW-Authenticate"); got.status != 401 ||
			!strings.Contains(challenge, `error="invalid_token"`) || !strings.Contains(challenge, here.metadataURL()+`"`) {
			t.Errorf("%s, token %s: %d, %s", here.url, name, got.status, challenge)
		}
	}
}

// checkIsolation lets the same subject at both sites, with every scope, look for what
// the other has.
func checkIsolation(t *testing.T, p *program, sites [2]*testSite) {
	t.Helper()
	var ids [2]string
	for i, s := range sites {
		got := p.call(t, s.url, s.token("alice", "create:todos"), "create-todo", `{"content":"of `+s.url+`"}`)
		if _, rest, ok := strings.Cut(got.body, `"structuredContent":{"id":"`); ok {
			ids[i], _, _ = strings.Cut(rest, `"`)
		}
		if got.status != 200 || ids[i] == "" {
			t.Fatalf("%s: %d %s", s.url, got.status, got.body)
		}
	}
	for i, s := range sites {
		everything := s.token("alice", "read:todos delete:todos")
		if got := p.call(t, s.url, everything, "get-todos", ""); strings.Contains(got.body, ids[1-i]) || !strings.Contains(got.body, ids[i]) {
			t.Errorf("%s lists %s", s.url, got.body)
		}
		if got := p.call(t, s.url, everything, "delete-todo", `{"id":"`+ids[1-i]+`"}`); !strings.Contains(got.body, "Failed to delete todo") {
			t.Errorf("%s deletes: %s", s.url, got.body)
		}
		got := p.call(t, s.url, everything, "create-todo", `{"content":"no"}`)
		if challenge := got.header.Get("WWW-Authenticate"); got.status != 403 || !strings.Contains(challenge, s.metadataURL()+`"`) {
			t.Errorf("%s, missing scope: %d, %s", s.url, got.status, challenge)
		}
	}
	rows, err := auditRows(p.db)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, r.Issuer+" "+brief(r))
	}
	one, two := sites[0].issuer.URL, sites[1].issuer.URL
	want := []string{one + " alice create-todo allow ok scope create:todos", two + " alice create-todo allow ok scope create:todos"}
	for _, issuer := range []string{one, two} {
		want = append(want, issuer+" alice get-todos allow ok scope read:todos",
			issuer+" alice delete-todo deny not_found - -", issuer+" alice create-todo deny missing_scope - -")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("audit rows (-want +got):\n%s", diff)
	}
}

// The command line picks an issuer, the file says how its tokens are read.
func TestIssuersFlagKeepsTheProfile(t *testing.T) {
	port := freePort()
	one, two := newTestSite(t, "http://localhost:"+port), newTestSite(t, "http://localhost:"+port)
	p := startServe(t, port, fmt.Sprintf(`
issuer:
  - %s
  - url: %s
    profile: okta            # scp, cid, uid, typ JWT
    audiences: [todo-api]
    algorithms: [ES256]
    scope-prefixes: [todo-api/]
`, one.issuer.URL, two.issuer.URL), "--issuer", two.issuer.URL, "--audience", "not-this-one")

	claims := map[string]any{"aud": "todo-api", "uid": "u1", "sub": "alice@example.com", "cid": "c", "scp": []string{"todo-api/create:todos"}}
	header := map[string]any{"typ": nil}
	if got := p.call(t, two.url, two.issuer.Mint(header, claims), "create-todo", `{"content":"milk"}`); got.status != 200 {
		t.Errorf("a token of the profile: %d %s", got.status, got.body)
	}
	p.checkAudit(t, "u1 create-todo allow ok scope create:todos")
	if got := p.call(t, one.url, one.token("alice", "create:todos"), "get-todos", ""); got.status != 401 {
		t.Errorf("an issuer that the flag leaves out: %d", got.status)
	}
	got := p.call(t, two.url, "", "get-todos", "")
	if challenge := got.header.Get("WWW-Authenticate"); !strings.Contains(challenge, `scope="todo-api/create:todos todo-api/read:todos todo-api/delete:todos"`) {
		t.Errorf("challenge %s: want the scopes as this issuer spells them", challenge)
	}
}

// --audience is for the server's own public URL; another one is its own audience.
func TestIssuersAudience(t *testing.T) {
	port := freePort()
	own, other := newTestSite(t, "http://localhost:"+port), newTestSite(t, "http://localhost:"+port+"/other")
	p := startServe(t, port, fmt.Sprintf("issuer: [%q, {url: %q, public-url: %q}]\n", own.issuer.URL, other.issuer.URL, other.url), "--audience", "todo-api")
	for _, test := range []struct {
		site     *testSite
		audience string
		status   int
	}{
		{own, "todo-api", 200}, {own, own.url, 401},
		{other, "todo-api", 401}, {other, other.url, 200},
	} {
		token := test.site.issuer.Token(authtest.Claims{Subject: "alice", Audience: test.audience})
		if got := p.call(t, test.site.url, token, "get-todos", ""); got.status != test.status {
			t.Errorf("%s, audience %s: %d, want %d", test.site.url, test.audience, got.status, test.status)
		}
	}
}

// An opaque token is shown to the issuer that is configured for it, with the secret from
// the file.
func TestIssuersIntrospection(t *testing.T) {
	port := freePort()
	s := newTestSite(t, "http://localhost:"+port)
	s.issuer.Serve("/introspect", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if id != "rs" || secret != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		exp := s.issuer.Now().Unix() + 600
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"active":%t,"token_type":"Bearer","iss":%q,"aud":%q,"sub":"alice","client_id":"c","scope":"create:todos","exp":%d,"iat":%d}`,
			r.FormValue("token") == "opaque", s.issuer.URL, s.url, exp, exp-600)
	})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, jwt := range map[string]int{"auto": 200, "introspection": 401} {
		t.Run(mode, func(t *testing.T) {
			p := startServe(t, port, fmt.Sprintf("issuer: [{url: %q, mode: %s, introspection: {url: %q, client-id: rs, client-secret-file: %q}}]\n",
				s.issuer.URL, mode, s.issuer.URL+"/introspect", secret))
			if got := p.call(t, s.url, "opaque", "create-todo", `{"content":"milk"}`); got.status != 200 {
				t.Errorf("opaque token: %d %s", got.status, got.body)
			}
			if got := p.call(t, s.url, "other", "get-todos", ""); got.status != 401 {
				t.Errorf("unknown opaque token: %d", got.status)
			}
			if got := p.call(t, s.url, s.token("alice", ""), "get-todos", ""); got.status != jwt {
				t.Errorf("JWT: %d, want %d", got.status, jwt)
			}
			if strings.Contains(p.log.String(), "hunter2") {
				t.Error("the secret is in the log")
			}
		})
	}
}
