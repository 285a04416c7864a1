package devauth_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestRegisterEchoesWhatItKeeps(t *testing.T) {
	s := start(t, t.TempDir(), "")
	a := s.register(`{"redirect_uris":["http://localhost:1/cb"],"client_name":"Inspector","application_type":"native",
		"token_endpoint_auth_method":"none","grant_types":["refresh_token","authorization_code","urn:example:other"],
		"response_types":["code","token"],"scope":"create:todos offline_access","client_uri":"javascript:alert(1)","x":{"y":1}}`)
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	got := a.json(t)
	if got["client_id"] == "" || got["client_id_issued_at"] == 0.0 {
		t.Errorf("registration %v", got)
	}
	delete(got, "client_id")
	delete(got, "client_id_issued_at")
	want := map[string]any{
		"redirect_uris": []any{"http://localhost:1/cb"}, "client_name": "Inspector", "application_type": "native",
		"token_endpoint_auth_method": "none", "grant_types": []any{"authorization_code", "refresh_token"},
		"response_types": []any{"code"}, "scope": "create:todos offline_access",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("registration (-want +got):\n%s", diff)
	}
}

func TestRegisterRefusals(t *testing.T) {
	s := start(t, t.TempDir(), "")
	nine := strings.TrimSuffix(strings.Repeat(`"http://localhost/",`, 9), ",")
	for name, tt := range map[string]struct{ body, want string }{
		"empty":             {``, "invalid_client_metadata"},
		"not JSON":          {`redirect_uris=x`, "invalid_client_metadata"},
		"not an object":     {`[]`, "invalid_client_metadata"},
		"null":              {`null`, "invalid_redirect_uri"},
		"no redirect URIs":  {`{}`, "invalid_redirect_uri"},
		"too many":          {`{"redirect_uris":[` + nine + `]}`, "invalid_redirect_uri"},
		"one bad":           {`{"redirect_uris":["http://localhost/","https://evil.example/"]}`, "invalid_redirect_uri"},
		"string":            {`{"redirect_uris":"http://localhost/"}`, "invalid_client_metadata"},
		"auth method":       {`{"redirect_uris":["http://localhost/"],"token_endpoint_auth_method":"private_key_jwt"}`, "invalid_client_metadata"},
		"grant types":       {`{"redirect_uris":["http://localhost/"],"grant_types":["client_credentials"]}`, "invalid_client_metadata"},
		"response types":    {`{"redirect_uris":["http://localhost/"],"response_types":["token"]}`, "invalid_client_metadata"},
		"application type":  {`{"redirect_uris":["http://localhost/"],"application_type":"tv"}`, "invalid_client_metadata"},
		"scope":             {`{"redirect_uris":["http://localhost/"],"scope":"a\"b"}`, "invalid_client_metadata"},
		"scope too long":    {`{"redirect_uris":["http://localhost/"],"scope":"` + long(1001) + `"}`, "invalid_client_metadata"},
		"more than 64 KiB ": {`{"redirect_uris":["http://localhost/"],"x":"` + long(64<<10) + `"}`, "invalid_client_metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, s.register(tt.body), http.StatusBadRequest, tt.want)
		})
	}
	form := s.do("POST", "/register", `{"redirect_uris":["http://localhost/"]}`, "Content-Type", "text/plain")
	wantError(t, form, http.StatusBadRequest, "invalid_client_metadata")
}

func TestClientNameCannotDisguiseThePage(t *testing.T) {
	s := start(t, t.TempDir(), "")
	name := `<b>Bank</b>\u202e\u0000\n` + strings.Repeat("é", 200)
	reg := s.register(`{"redirect_uris":["` + callback + `"],"token_endpoint_auth_method":"none","client_name":"` + name + `"}`).json(t)
	got := reg["client_name"].(string)
	if n := utf8.RuneCountInString(got); n > 80 || strings.ContainsAny(got, "\u202e\x00\n") {
		t.Errorf("name kept as %q, %d characters", got, n)
	}
	page := s.authorize(request(reg["client_id"].(string))).body
	if strings.Contains(page, "<b>") || !strings.Contains(page, "&lt;b&gt;Bank&lt;/b&gt;") {
		t.Errorf("name not escaped: %s", page)
	}
}

// Anybody can register without end. What must stay are the clients in use.
func TestRegistrationFloodKeepsClientsInUse(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, "")
	used := s.publicClient()
	refresh := s.tokens(used, "alice")["refresh_token"].(string)
	s.clock.advance(time.Second)
	unused := s.publicClient()
	s.stop()
	editState(t, dir, func(st map[string]any) {
		clients := st["clients"].(map[string]any)
		for i := range 998 {
			c := map[string]any{}
			for k, v := range clients[unused].(map[string]any) {
				c[k] = v
			}
			c["issued_at"] = s.clock.Now().UTC().Add(time.Second)
			clients[fmt.Sprintf("FILL%03d", i)] = c
		}
	})
	s = start(t, dir, strings.TrimPrefix(s.url, "http://"))
	s.publicClient()
	ids := readState(t, dir)["clients"].(map[string]any)
	if len(ids) != 1_000 || ids[used] == nil || ids[unused] != nil {
		t.Errorf("%d clients, in use kept: %v, oldest unused kept: %v", len(ids), ids[used] != nil, ids[unused] != nil)
	}
	if a := s.post("/token", refreshForm(used, refresh)); a.status != http.StatusOK {
		t.Errorf("client in use: %s", a.body)
	}
}

func TestLogNamesEventsAndNoSecrets(t *testing.T) {
	s := start(t, t.TempDir(), "")
	reg := s.register(`{"redirect_uris":["` + callback + `"],"client_name":"App"}`).json(t)
	id, secret := reg["client_id"].(string), reg["client_secret"].(string)
	code := s.signIn(request(id, "state", "private-state"), "alice").Get("code")
	tokens := s.post("/token", codeForm(id, code, "client_secret", secret)).json(t)
	s.post("/token", codeForm(id, code, "client_secret", secret))
	log := s.log.String()
	for _, want := range []string{"client registered", "signed in", "refused", id, "person=alice", "error=invalid_grant"} {
		if !strings.Contains(log, want) {
			t.Errorf("log lacks %q:\n%s", want, log)
		}
	}
	secrets := []string{secret, code, "private-state", verifier, tokens["access_token"].(string), tokens["refresh_token"].(string)}
	if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(log, s) }) {
		t.Errorf("log has a secret:\n%s", log)
	}
}
