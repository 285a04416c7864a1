package devauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestAuthorizeErrorsThatRedirect(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	for _, tt := range []struct {
		name    string
		changes []string
		want    string
	}{
		{"no response type", []string{"response_type", ""}, "invalid_request"},
		{"implicit", []string{"response_type", "token"}, "unsupported_response_type"},
		{"hybrid", []string{"response_type", "code id_token"}, "unsupported_response_type"},
		{"fragment mode", []string{"response_mode", "fragment"}, "invalid_request"},
		{"no PKCE", []string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		{"PKCE plain", []string{"code_challenge", verifier, "code_challenge_method", "plain"}, "invalid_request"},
		{"PKCE method left out", []string{"code_challenge_method", ""}, "invalid_request"},
		{"short challenge", []string{"code_challenge", "abc"}, "invalid_request"},
		{"padded challenge", []string{"code_challenge", strings.Repeat("A", 43) + "="}, "invalid_request"},
		{"other resource", []string{"resource", "http://localhost:3001/other"}, "invalid_target"},
		{"two slashes", []string{"resource", resource + "//"}, "invalid_target"},
		{"resource in capitals", []string{"resource", "http://LOCALHOST:3001"}, "invalid_target"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := s.authorize(request(id, tt.changes...))
			checkErrorRedirect(t, s, a, tt.want)
		})
	}
	t.Run("one resource of two is foreign", func(t *testing.T) {
		q := request(id)
		q.Add("resource", "https://example.com")
		checkErrorRedirect(t, s, s.authorize(q), "invalid_target")
	})
	t.Run("repeated scope", func(t *testing.T) {
		q := request(id)
		q["scope"] = []string{"create:todos", "read:todos"}
		checkErrorRedirect(t, s, s.authorize(q), "invalid_request")
	})
}

func checkErrorRedirect(t *testing.T, s *server, a answer, code string) {
	t.Helper()
	location := a.header.Get("Location")
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if a.status != http.StatusSeeOther || !strings.HasPrefix(location, callback+"?") {
		t.Fatalf("%d to %q, want a redirect to the client", a.status, location)
	}
	if q.Get("error") != code || q.Get("state") != "s1" || q.Get("iss") != s.url {
		t.Errorf("%v, want error %s with state and iss", q, code)
	}
}

// These must never redirect: the address is not known to be the client's.
func TestAuthorizeErrorsThatStayOnAPage(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	twice := request(id)
	twice.Add("redirect_uri", "http://127.0.0.1:1/evil")
	twoClients := request(id)
	twoClients.Add("client_id", "other")
	for name, query := range map[string]string{
		"unknown client":      request("nobody").Encode(),
		"no client":           request(id, "client_id", "").Encode(),
		"no redirect URI":     request(id, "redirect_uri", "").Encode(),
		"foreign redirect":    request(id, "redirect_uri", "https://evil.example/cb").Encode(),
		"other path":          request(id, "redirect_uri", "http://127.0.0.1:6274/other").Encode(),
		"script":              request(id, "redirect_uri", "javascript:alert(1)").Encode(),
		"two redirect URIs":   twice.Encode(),
		"two clients":         twoClients.Encode(),
		"undecodable":         "client_id=%zz",
		"more than 8 KiB":     request(id, "state", strings.Repeat("s", 8<<10)).Encode(),
		"foreign, no PKCE":    request(id, "redirect_uri", "https://evil.example/", "code_challenge", "").Encode(),
		"nothing at all":      "",
		"markup in client id": request("<script>x</script>").Encode(),
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do("GET", "/authorize?"+query, "")
			if a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
				t.Errorf("%d to %q, want a page with 400", a.status, a.header.Get("Location"))
			}
			if !strings.Contains(a.body, "<h1>") || strings.Contains(a.body, "evil") || strings.Contains(a.body, "<script") {
				t.Errorf("page repeats the request: %s", a.body)
			}
		})
	}
}

func TestResourceAlias(t *testing.T) {
	for _, tt := range []struct{ configured, asked string }{
		{"http://localhost:3001", "http://localhost:3001/"},
		{"http://localhost:3001/", "http://localhost:3001"},
		{"http://localhost:3001/mcp", "http://localhost:3001/mcp/"},
	} {
		s := start(t, t.TempDir(), "", withResource(tt.configured))
		id := s.publicClient()
		code := s.signIn(request(id, "resource", tt.asked), "alice").Get("code")
		got := s.post("/token", codeForm(id, code, "resource", tt.asked)).json(t)
		if _, payload := claims(t, got["access_token"]); payload["aud"] != tt.configured {
			t.Errorf("%s: aud %v, want %s", tt.asked, payload["aud"], tt.configured)
		}
	}
}

func TestAnyLoopbackPort(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	other := "http://127.0.0.1:50123/callback"
	code := s.signIn(request(id, "redirect_uri", other), "alice").Get("code")
	if a := s.post("/token", codeForm(id, code)); a.status != http.StatusBadRequest {
		t.Errorf("token with another redirect_uri than authorize: %d, want 400", a.status)
	}
	code = s.signIn(request(id, "redirect_uri", other), "alice").Get("code")
	if a := s.post("/token", codeForm(id, code, "redirect_uri", other)); a.status != http.StatusOK {
		t.Errorf("token: %d %s", a.status, a.body)
	}
}

func TestCallbackKeepsRegisteredQuery(t *testing.T) {
	s := start(t, t.TempDir(), "")
	const uri = "com.example.app:/cb?tenant=a%2Fb"
	id := s.register(`{"redirect_uris":["` + uri + `"],"token_endpoint_auth_method":"none"}`).json(t)["client_id"].(string)
	a := s.authorize(request(id, "redirect_uri", uri, "response_type", "token"))
	if got := a.header.Get("Location"); !strings.HasPrefix(got, uri+"&error=") {
		t.Errorf("redirect to %q", got)
	}
}
