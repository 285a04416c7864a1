package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"todomanager/internal/auth"

	"github.com/google/go-cmp/cmp"
)

// checkExamine compares the verdict on a token with that of Verify: acceptance,
// and otherwise the first finding that is not OK.
func (e *env) checkExamine(token string) {
	e.t.Helper()
	_, err := e.verifier.Verify(e.t.Context(), token)
	var want string
	var refusal *auth.TokenError
	if errors.As(err, &refusal) {
		want = refusal.Detail
	}
	findings := e.verifier.Examine(e.t.Context(), token)
	if len(findings) == 0 {
		e.t.Fatal("no findings")
	}
	if got := firstFailure(findings); got != want {
		e.t.Errorf("Examine refuses with %q, Verify with %q", got, want)
	}
	text := fmt.Sprint(findings)
	leaks := []string{secret}
	for part := range strings.SplitSeq(token, ".") {
		if len(part) >= 12 {
			leaks = append(leaks, part[:12])
		}
	}
	for _, leak := range leaks {
		if strings.Contains(text, leak) {
			e.t.Errorf("%q appears in the findings:\n%s", leak, text)
		}
	}
}

// firstFailure returns the detail of the first finding that is not OK, and fails
// nothing that has no remedy.
func firstFailure(findings []auth.Finding) string {
	for _, f := range findings {
		if !f.OK && f.Mend == "" {
			return "no remedy for: " + f.Detail
		}
		if !f.OK {
			return f.Detail
		}
	}
	return ""
}

func TestExamine(t *testing.T) {
	for _, c := range []struct {
		name   string
		issuer func(*auth.Issuer)
		claims map[string]any
		want   []string // check, verdict, part of the detail and of the remedy
	}{
		{"good", nil, nil, []string{
			"form + a JWT",
			"issuer + http://127.0.0.1",
			`signature + by the issuer's key "key-1", ES256`,
			"type + an access token",
			"kind + an access token",
			"times + expires at 2026-11-23T13:00:00Z, in 1h0m0s; issued at 2026-11-23T12:00:00Z",
			"audience + aud has one of: http://localhost:3001, http://localhost:3001/",
			"subject + read from sub",
			"token id + ",
			"tenant + the issuer is one tenant",
			"client + read from client_id",
			"scope + scope grants read:todos create:todos",
		}},
		{"much is wrong", func(i *auth.Issuer) { i.TenantClaim = "tid" }, map[string]any{
			"exp": 1795431600, "iat": 1795428000, "aud": "https://" + secret, "sub": secret + "\n", "scope": nil, "nonce": secret,
		}, []string{
			"form + a JWT",
			"issuer + http://127.0.0.1",
			"signature + by the issuer's key",
			"type + an access token",
			"kind - an ID token: it has the claim nonce",
			"times - the token has expired",
			"audience - issued for another audience; accepted are: http://localhost:3001",
			"subject - the subject claim sub is missing or not",
			"token id + ",
			"tenant - the tenant claim tid is missing or not",
			"client + read from client_id",
			"scope + no claim scope: the token grants nothing",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t, setup{issuer: c.issuer})
			token := e.token(c.claims)
			e.checkExamine(token)
			findings := e.verifier.Examine(t.Context(), token)
			var got []string
			for i, f := range findings {
				verdict := map[bool]string{true: "+", false: "-"}[f.OK]
				line := fmt.Sprintf("%s %s %s", f.Check, verdict, f.Detail)
				if i < len(c.want) && strings.HasPrefix(line, c.want[i]) {
					line = c.want[i]
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// An outage is not the token's fault, and the examination says so.
func TestExamineDuringOutage(t *testing.T) {
	inBubble(t, func(b bubble) {
		b.issuer.Down()
		findings := b.verifier.Examine(b.Context(), b.token())
		if got := firstFailure(findings); got != "the keys of https://as.example" {
			t.Errorf("first failure %q", got)
		}
		for _, f := range findings {
			if f.Check == "signature" && !strings.Contains(f.Mend, "may be good") {
				t.Errorf("remedy %q", f.Mend)
			}
		}
		b.issuer.Up()
		time.Sleep(31 * time.Second)
		if got := firstFailure(b.verifier.Examine(b.Context(), b.token())); got != "" {
			t.Errorf("first failure %q", got)
		}
	})
}
