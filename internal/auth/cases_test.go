package auth_test

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"todomanager/internal/auth"
)

// A tokenCase sends one token to a server that has not seen any. Its issuer has
// one ES256 key unless setup says otherwise.
type tokenCase struct {
	id    string
	setup setup
	token func(e *env) string
	// want is the reason of the refusal, "" if the token is good.
	want auth.Reason
	// fetches is the exact number of requests to the issuer: none if the token
	// is refused before its keys matter, cold if the keys had to be loaded.
	fetches int
	check   func(t *testing.T, p auth.Principal)
}

const cold = 2 // metadata and keys

func runCases(t *testing.T, cases []tokenCase) {
	for _, c := range cases {
		row(t, c.id, func(t *testing.T) {
			e := newEnv(t, c.setup)
			token := c.token(e)
			start := time.Now()
			r := e.bearer(token)
			if elapsed := time.Since(start); elapsed > 2*time.Second {
				t.Errorf("took %v", elapsed)
			}
			if n := e.issuer.Fetches(); n != c.fetches {
				t.Errorf("%d requests to the issuer, want %d", n, c.fetches)
			}
			e.checkExamine(token)
			if c.want != "" {
				e.checkRefusal(r, c.want, token)
				return
			}
			if r.StatusCode != http.StatusOK {
				t.Fatalf("status %s: %s; log %s", r.Status, r.body, e.log)
			}
			if c.check != nil {
				c.check(t, e.caller())
			}
		})
	}
}

// claim makes a token that is good but for one claim; nil removes it.
func claim(name string, value any) func(*env) string {
	return func(e *env) string { return e.token(map[string]any{name: value}) }
}

func claims(c map[string]any) func(*env) string {
	return func(e *env) string { return e.token(c) }
}

// header makes a token that is good but for one header member.
func header(name string, value any) func(*env) string {
	return headers(map[string]any{name: value})
}

func headers(h map[string]any) func(*env) string {
	return func(e *env) string { return e.issuer.Mint(h, map[string]any{"sub": "alice-" + secret}) }
}

// at makes a token with a time claim some seconds from now.
func at(name string, seconds float64) func(*env) string {
	return func(e *env) string { return e.token(map[string]any{name: float64(e.now.Unix()) + seconds}) }
}

// payload signs claims given as JSON text, in which ISS, IAT and EXP stand for
// good values.
func payload(text string) func(*env) string {
	return func(e *env) string {
		return e.issuer.Raw(goodHeader(e), fill(e, text))
	}
}

func goodHeader(e *env) string {
	return `{"alg":"ES256","typ":"at+jwt","kid":"` + e.issuer.KeyID() + `"}`
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

func legacy(i *auth.Issuer) { i.TypPolicy = auth.TypLegacy }

func sha256Of(s string) [32]byte { return sha256.Sum256([]byte(s)) }
