package devauth_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCodeRefusals(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes []string
		status  int
		want    string
	}{
		{"no grant type", []string{"grant_type", ""}, 400, "unsupported_grant_type"},
		{"password", []string{"grant_type", "password"}, 400, "unsupported_grant_type"},
		{"unknown client", []string{"client_id", "nobody"}, 401, "invalid_client"},
		{"no client", []string{"client_id", ""}, 401, "invalid_client"},
		{"public client with a secret", []string{"client_secret", "x"}, 401, "invalid_client"},
		{"no code", []string{"code", ""}, 400, "invalid_grant"},
		{"made up code", []string{"code", "AAAA.BBBB"}, 400, "invalid_grant"},
		{"no verifier", []string{"code_verifier", ""}, 400, "invalid_grant"},
		{"wrong verifier", []string{"code_verifier", strings.Repeat("w", 43)}, 400, "invalid_grant"},
		{"challenge as verifier", []string{"code_verifier", request("").Get("code_challenge")}, 400, "invalid_grant"},
		{"no redirect URI", []string{"redirect_uri", ""}, 400, "invalid_grant"},
		{"other port", []string{"redirect_uri", "http://127.0.0.1:1/callback"}, 400, "invalid_grant"},
		{"other resource", []string{"resource", "https://example.com"}, 400, "invalid_target"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, t.TempDir(), "")
			id := s.publicClient()
			code := s.signIn(request(id), "alice").Get("code")
			a := s.post("/token", codeForm(id, code, tt.changes...))
			wantError(t, a, tt.status, tt.want)
			if tt.status == 401 && a.header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
	t.Run("expired", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		id := s.publicClient()
		code := s.signIn(request(id), "alice").Get("code")
		s.clock.advance(time.Minute)
		wantError(t, s.post("/token", codeForm(id, code)), 400, "invalid_grant")
	})
	t.Run("of another client", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		id, thief := s.publicClient(), s.publicClient()
		code := s.signIn(request(id), "alice").Get("code")
		wantError(t, s.post("/token", codeForm(thief, code)), 400, "invalid_grant")
		if a := s.post("/token", codeForm(id, code)); a.status != http.StatusOK {
			t.Errorf("the attempt of another client spent the code: %s", a.body)
		}
	})
	t.Run("wrong verifier spends the code", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		id := s.publicClient()
		code := s.signIn(request(id), "alice").Get("code")
		s.post("/token", codeForm(id, code, "code_verifier", strings.Repeat("w", 43)))
		wantError(t, s.post("/token", codeForm(id, code)), 400, "invalid_grant")
	})
	t.Run("repeated parameter", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		id := s.publicClient()
		form := codeForm(id, s.signIn(request(id), "alice").Get("code"))
		form.Add("code", "another")
		wantError(t, s.post("/token", form), 400, "invalid_request")
	})
	t.Run("in the query", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		id := s.publicClient()
		form := codeForm(id, s.signIn(request(id), "alice").Get("code"))
		wantError(t, s.post("/token?"+form.Encode(), nil), 400, "invalid_request")
	})
	t.Run("body of 64 KiB and more", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		wantError(t, s.post("/token", url.Values{"pad": {strings.Repeat("x", 64<<10)}}), 400, "invalid_request")
	})
}

func TestReplayedCodeEndsGrant(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	code := s.signIn(request(id), "alice").Get("code")
	refresh := s.post("/token", codeForm(id, code)).json(t)["refresh_token"].(string)
	next := s.post("/token", refreshForm(id, refresh)).json(t)["refresh_token"].(string)
	s.clock.advance(24 * time.Hour) // long after the code's minute
	wantError(t, s.post("/token", codeForm(id, code)), 400, "invalid_grant")
	wantError(t, s.post("/token", refreshForm(id, next)), 400, "invalid_grant")
}

func TestRefreshRotates(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	first := s.tokens(id, "admin")["refresh_token"].(string)
	a := s.post("/token", refreshForm(id, first, "resource", resource+"/", "scope", "read:todos"))
	got := a.json(t)
	if got["scope"] != "read:todos" {
		t.Errorf("narrowed scope %v", got["scope"])
	}
	second := got["refresh_token"].(string)
	got = s.post("/token", refreshForm(id, second)).json(t)
	if got["scope"] != "create:todos read:todos delete:todos" {
		t.Errorf("scope after a narrowed refresh %v, want all again", got["scope"])
	}
	third := got["refresh_token"].(string)
	if first == second || second == third {
		t.Fatal("refresh token not rotated")
	}
	wantError(t, s.post("/token", refreshForm(id, second)), 400, "invalid_grant")
	wantError(t, s.post("/token", refreshForm(id, third)), 400, "invalid_grant") // the grant has ended
}

// Refreshing gives what was ticked at consent, not all the person may grant.
func TestRefreshKeepsTheGrantedScope(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	for _, tt := range []struct {
		person, asked string
		tick          []string
		want          string
	}{{"admin", "", []string{"read:todos"}, "read:todos"}, {"guest", "", nil, ""}, {"admin", "read:todos read:audit", nil, "read:todos read:audit"}} {
		code := s.signIn(request(id, "scope", tt.asked), tt.person, tt.tick...).Get("code")
		token := s.post("/token", codeForm(id, code)).json(t)["refresh_token"].(string)
		if got := s.post("/token", refreshForm(id, token)).json(t)["scope"]; got != tt.want {
			t.Errorf("%s: scope %q after refresh, want %q", tt.person, got, tt.want)
		}
	}
}

func TestReuseOfAnyAncestorEndsGrant(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	first := s.tokens(id, "alice")["refresh_token"].(string)
	token := first
	for range 3 {
		token = s.post("/token", refreshForm(id, token)).json(t)["refresh_token"].(string)
	}
	wantError(t, s.post("/token", refreshForm(id, first)), 400, "invalid_grant")
	wantError(t, s.post("/token", refreshForm(id, token)), 400, "invalid_grant")
}

func TestRefreshRefusals(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id, other := s.publicClient(), s.publicClient()
	token := s.tokens(id, "alice")["refresh_token"].(string)
	wantError(t, s.post("/token", refreshForm(other, token)), 400, "invalid_grant")
	wantError(t, s.post("/token", refreshForm(id, "AAAA.BBBB")), 400, "invalid_grant")
	wantError(t, s.post("/token", refreshForm(id, token, "scope", "read:todos")), 400, "invalid_scope")
	wantError(t, s.post("/token", refreshForm(id, token, "resource", "https://example.com")), 400, "invalid_target")
	s.clock.advance(29 * 24 * time.Hour)
	a := s.post("/token", refreshForm(id, token)) // none of these refusals may have spent it
	if a.status != http.StatusOK {
		t.Fatalf("refresh: %d %s", a.status, a.body)
	}
	s.clock.advance(24 * time.Hour) // rotation does not lengthen the grant
	wantError(t, s.post("/token", refreshForm(id, a.json(t)["refresh_token"].(string))), 400, "invalid_grant")
}

func TestClientWithoutRefreshGrant(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.register(`{"redirect_uris":["` + callback + `"],"token_endpoint_auth_method":"none","grant_types":["authorization_code"]}`).json(t)["client_id"].(string)
	if got := s.tokens(id, "alice"); got["refresh_token"] != nil {
		t.Error("a refresh token that was not registered for")
	}
	wantError(t, s.post("/token", refreshForm(id, "A.B")), 400, "unauthorized_client")
}

func TestConfidentialClient(t *testing.T) {
	s := start(t, t.TempDir(), "")
	reg := s.register(`{"redirect_uris":["` + callback + `"]}`).json(t)
	id, secret := reg["client_id"].(string), reg["client_secret"].(string)
	if reg["token_endpoint_auth_method"] != "client_secret_basic" || reg["client_secret_expires_at"] != 0.0 {
		t.Errorf("registration %v", reg)
	}
	basic := func(user, password string) []string {
		return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}
	}
	code := s.signIn(request(id), "alice").Get("code")
	wantError(t, s.post("/token", codeForm(id, code)), 401, "invalid_client")
	wantError(t, s.post("/token", codeForm(id, code, "client_secret", "wrong")), 401, "invalid_client")
	wantError(t, s.post("/token", codeForm(id, code), basic(id, "wrong")...), 401, "invalid_client")
	wantError(t, s.post("/token", codeForm("other", code), basic(id, secret)...), 400, "invalid_request")
	wantError(t, s.post("/token", codeForm(id, code, "client_secret", secret), basic(id, secret)...), 400, "invalid_request")
	wantError(t, s.post("/token", codeForm(id, code), basic(id, "%zz")...), 400, "invalid_request")
	if a := s.post("/token", codeForm("", code, "client_id", ""), basic(id, secret)...); a.status != http.StatusOK {
		t.Errorf("basic: %d %s", a.status, a.body)
	}
	code = s.signIn(request(id), "alice").Get("code")
	if a := s.post("/token", codeForm(id, code, "client_secret", secret)); a.status != http.StatusOK {
		t.Errorf("post: %d %s", a.status, a.body)
	}
}

func TestRevoke(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id, other := s.publicClient(), s.publicClient()
	old := s.tokens(id, "alice")["refresh_token"].(string)
	token := s.post("/token", refreshForm(id, old)).json(t)["refresh_token"].(string)
	for name, form := range map[string]url.Values{
		"unknown token":     {"client_id": {id}, "token": {"AAAA.BBBB"}},
		"access token":      {"client_id": {id}, "token": {"e30.e30.x"}},
		"of another client": {"client_id": {other}, "token": {token}},
	} {
		if a := s.post("/revoke", form); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	wantError(t, s.post("/revoke", url.Values{"client_id": {"nobody"}, "token": {token}}), 401, "invalid_client")
	wantError(t, s.post("/revoke", url.Values{"client_id": {id}}), 400, "invalid_request")
	token = s.post("/token", refreshForm(id, token)).json(t)["refresh_token"].(string) // still good
	if a := s.post("/revoke", url.Values{"client_id": {id}, "token": {token}, "token_type_hint": {"refresh_token"}}); a.status != http.StatusOK {
		t.Fatalf("revoke: %d %s", a.status, a.body)
	}
	wantError(t, s.post("/token", refreshForm(id, token)), 400, "invalid_grant")
}

// Of many who redeem one code, or one refresh token, at once, one may succeed;
// and as the others were replays, nothing of the grant is left.
func TestConcurrentRedemption(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	code := s.signIn(request(id), "alice").Get("code")
	refresh := winner(t, s, codeForm(id, code))
	wantError(t, s.post("/token", refreshForm(id, refresh)), 400, "invalid_grant")
	refresh = winner(t, s, refreshForm(id, s.tokens(id, "alice")["refresh_token"].(string)))
	wantError(t, s.post("/token", refreshForm(id, refresh)), 400, "invalid_grant")
}

// winner sends form many times at once and returns the only refresh token.
func winner(t *testing.T, s *server, form url.Values) string {
	t.Helper()
	answers := make(chan answer, 16)
	var wg sync.WaitGroup
	for range cap(answers) {
		wg.Go(func() { answers <- s.post("/token", form) })
	}
	wg.Wait()
	close(answers)
	var tokens []string
	for a := range answers {
		if a.status == http.StatusOK {
			tokens = append(tokens, a.json(t)["refresh_token"].(string))
			continue
		}
		wantError(t, a, 400, "invalid_grant")
	}
	if len(tokens) != 1 {
		t.Fatalf("%d of 16 succeeded, want 1", len(tokens))
	}
	return tokens[0]
}
