package devauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"

	"todomanager/internal/devauth/devauthtest"
)

func TestSignInIssuesVerifiableToken(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	back := s.signIn(request(id, "scope", "create:todos read:todos openid"), "admin")
	if back.Get("state") != "s1" || back.Get("iss") != s.url {
		t.Fatalf("callback %v: want state s1 and iss %s", back, s.url)
	}
	a := s.post("/token", codeForm(id, back.Get("code"), "resource", resource))
	got := a.json(t)
	if got["token_type"] != "Bearer" || got["expires_in"] != 3600.0 || got["scope"] != "create:todos read:todos" {
		t.Errorf("token response %v", got)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("headers %v", a.header)
	}
	provider, err := oidc.NewProvider(t.Context(), s.url)
	if err != nil {
		t.Fatal(err)
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: resource}).Verify(t.Context(), got["access_token"].(string))
	if err != nil {
		t.Fatal(err)
	}
	header, payload := claims(t, got["access_token"])
	if header["typ"] != "at+jwt" || header["alg"] != "ES256" || header["kid"] == "" {
		t.Errorf("header %v", header)
	}
	if life := token.Expiry.Sub(token.IssuedAt); life != time.Hour {
		t.Errorf("life %v, want 1h", life)
	}
	for _, name := range []string{"exp", "iat", "jti"} {
		if payload[name] == nil {
			t.Errorf("no %s claim", name)
		}
		delete(payload, name)
	}
	want := map[string]any{"iss": s.url, "sub": "admin", "aud": resource, "client_id": id, "scope": "create:todos read:todos"}
	if diff := cmp.Diff(want, payload); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestScopeCeiling(t *testing.T) {
	all := "create:todos read:todos delete:todos"
	for _, tt := range []struct {
		name, asked, person string
		tick                []string
		want                string
	}{
		{"asked within ceiling", "read:todos", "admin", nil, "read:todos"},
		{"none asked means all", "", "admin", nil, all},
		{"none asked, small ceiling", "", "alice", nil, "create:todos"},
		{"cut to the person", all, "alice", nil, "create:todos"},
		{"cut to the ticks", all, "admin", []string{"delete:todos"}, "delete:todos"},
		{"person without scopes", all, "guest", nil, ""},
		{"unlisted asked", "read:todos read:audit", "admin", nil, "read:todos read:audit"},
		{"unlisted asked, not ticked", "read:todos read:audit", "admin", []string{"read:todos"}, "read:todos"},
		{"unlisted beyond the person", "create:todos read:audit", "alice", nil, "create:todos"},
		{"only unknown asked", "openid offline_access", "admin", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, t.TempDir(), "")
			id := s.publicClient()
			code := s.signIn(request(id, "scope", tt.asked), tt.person, tt.tick...).Get("code")
			got := s.post("/token", codeForm(id, code)).json(t)
			if got["scope"] != tt.want {
				t.Errorf("scope %q, want %q", got["scope"], tt.want)
			}
			_, payload := claims(t, got["access_token"])
			if scope, present := payload["scope"]; present != (tt.want != "") || present && scope != tt.want {
				t.Errorf("scope claim %v, want %q", scope, tt.want)
			}
		})
	}
}

// A form can be edited; the ceiling must hold against the form, too.
func TestForgedTicksGrantNothing(t *testing.T) {
	s := start(t, t.TempDir(), "")
	id := s.publicClient()
	flow := flowID(t, s.authorize(request(id, "scope", "create:todos read:todos")))
	a := s.post("/authorize/decision", url.Values{"flow": {flow}, "account": {"alice"}, "decision": {"allow"},
		"scope": {"create:todos", "read:todos", "delete:todos", "made:up"}})
	back, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.post("/token", codeForm(id, back.Query().Get("code"))).json(t)["scope"]; got != "create:todos" {
		t.Errorf("scope %q, want create:todos", got)
	}
}

func TestSignInHelperRefusesScopeNotOffered(t *testing.T) {
	s := start(t, t.TempDir(), "")
	_, err := devauthtest.SignIn(t.Context(), s.client, s.url+"/authorize?"+request(s.publicClient()).Encode(), "alice", "delete:todos")
	if err == nil || !strings.Contains(err.Error(), "delete:todos") {
		t.Errorf("error %v, want one that names the scope", err)
	}
}

func TestDeny(t *testing.T) {
	s := start(t, t.TempDir(), "")
	flow := flowID(t, s.authorize(request(s.publicClient())))
	deny := url.Values{"flow": {flow}, "account": {"alice"}, "decision": {"deny"}}
	a := s.post("/authorize/decision", deny)
	u, _ := url.Parse(a.header.Get("Location"))
	q := u.Query()
	if a.status != http.StatusSeeOther || q.Get("error") != "access_denied" || q.Get("state") != "s1" || q.Get("iss") != s.url || q.Has("code") {
		t.Errorf("%d %v", a.status, q)
	}
	if a := s.post("/authorize/decision", with(deny, "decision", "allow")); a.status != http.StatusBadRequest {
		t.Errorf("a flow that was denied can be allowed: %d", a.status)
	}
}

func TestFlowEnds(t *testing.T) {
	allow := func(flow string) url.Values {
		return url.Values{"flow": {flow}, "account": {"alice"}, "decision": {"allow"}}
	}
	t.Run("used once", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		flow := flowID(t, s.authorize(request(s.publicClient())))
		for i, want := range []int{http.StatusSeeOther, http.StatusBadRequest} {
			if a := s.post("/authorize/decision", allow(flow)); a.status != want {
				t.Errorf("decision %d: %d, want %d", i, a.status, want)
			}
		}
	})
	t.Run("expired", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		flow := flowID(t, s.authorize(request(s.publicClient())))
		s.clock.advance(10 * time.Minute)
		for _, path := range []string{"/authorize/account", "/authorize/decision"} {
			if a := s.post(path, allow(flow)); a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
				t.Errorf("%s: %d", path, a.status)
			}
		}
	})
	t.Run("bad forms keep it", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		flow := flowID(t, s.authorize(request(s.publicClient())))
		for _, form := range []url.Values{
			with(allow(flow), "account", "mallory"), with(allow(flow), "decision", "maybe"),
			with(allow(flow), "flow", "UNKNOWN"), with(allow(flow), "pad", strings.Repeat("x", 64<<10)),
		} {
			if a := s.post("/authorize/decision", form); a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if a := s.post("/authorize/decision", allow(flow)); a.status != http.StatusSeeOther {
			t.Errorf("the flow is gone: %d", a.status)
		}
	})
	t.Run("dropped by a flood", func(t *testing.T) {
		s := start(t, t.TempDir(), "")
		id := s.publicClient()
		first := flowID(t, s.authorize(request(id)))
		var last string
		for range 1_000 {
			s.clock.advance(time.Millisecond)
			last = flowID(t, s.authorize(request(id)))
		}
		if a := s.post("/authorize/decision", allow(first)); a.status != http.StatusBadRequest {
			t.Errorf("oldest flow: %d, want it dropped", a.status)
		}
		if a := s.post("/authorize/decision", allow(last)); a.status != http.StatusSeeOther {
			t.Errorf("newest flow: %d, want it kept", a.status)
		}
	})
}

func TestUseDifferentAccount(t *testing.T) {
	s := start(t, t.TempDir(), "")
	flow := flowID(t, s.authorize(request(s.publicClient())))
	consent := s.post("/authorize/account", url.Values{"flow": {flow}, "account": {"alice"}})
	if !strings.Contains(consent.body, `name="decision"`) {
		t.Fatalf("no consent page: %s", consent.body)
	}
	choice := s.post("/authorize/account", url.Values{"flow": {flow}})
	if !strings.Contains(choice.body, `name="account" value="admin"`) || flowID(t, choice) != flow {
		t.Errorf("no choice of accounts: %s", choice.body)
	}
}
