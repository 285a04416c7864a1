package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"
)

func fuzzVerifier(f *testing.F) (*authtest.Issuer, *auth.Verifier) {
	issuer := authtest.NewAt("https://as.example")
	verifier, err := auth.NewVerifier(auth.Options{
		Issuers: []auth.Issuer{{URL: issuer.URL, TypPolicy: auth.TypLegacy}}, Resource: resource, Client: issuer.Client(),
	})
	if err != nil {
		f.Fatal(err)
	}
	return issuer, verifier
}

// FuzzToken: whatever text arrives, only the very token that was issued is
// accepted, and every refusal is typed.
func FuzzToken(f *testing.F) {
	addCorpus(f)
	issuer, verifier := fuzzVerifier(f)
	good := issuer.Token(authtest.Claims{Subject: "u"})
	signed := good[:strings.LastIndex(good, ".")]
	for _, seed := range []string{good, signed, signed + ".", good + "=", " " + good, good + "\n", "..", "a.b.c", "{}",
		issuer.Mint(map[string]any{"alg": "none"}, nil), issuer.Mint(map[string]any{"crit": []string{}}, nil)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := verifier.Verify(t.Context(), token)
		var refusal *auth.TokenError
		switch {
		case err == nil && !strings.HasPrefix(token, signed+"."):
			t.Errorf("accepted %q", token)
		case err != nil && (!errors.As(err, &refusal) || refusal.Reason == ""):
			t.Errorf("untyped error %v", err)
		case err != nil && token == good:
			t.Errorf("refused a good token: %v", err)
		}
		if refused := firstFailure(verifier.Examine(t.Context(), token)) != ""; refused != (err != nil) {
			t.Errorf("%q: Examine refuses: %t, Verify: %v", token, refused, err)
		}
	})
}

// FuzzClaims signs any payload with the issuer's key. What is accepted must
// mean to a plain JSON reader what it meant to the verifier, within the policy.
func FuzzClaims(f *testing.F) {
	addCorpus(f)
	issuer, verifier := fuzzVerifier(f)
	now := time.Now()
	base, err := json.Marshal(map[string]any{"iss": issuer.URL, "aud": resource, "sub": "u", "scope": "a b",
		"iat": now.Unix(), "exp": now.Add(24 * time.Hour).Unix()})
	if err != nil {
		f.Fatal(err)
	}
	good := string(base)
	for _, member := range []string{"", `,"SUB":"v"`, `,"sub":"v"`, `,"ſub":"v"`, `,"nbf":1e3`, `,"jti":"\ud800"`, `,"_claim_names":{"sub":"x"}`, `,"x":[[]]`} {
		f.Add(strings.TrimSuffix(good, "}") + member + "}")
	}
	f.Fuzz(func(t *testing.T, payload string) {
		p, err := verifier.Verify(t.Context(), issuer.Raw(`{"alg":"ES256","kid":"key-1"}`, payload))
		if err != nil {
			return
		}
		var plain struct { // reads names in any case and takes the last
			Iss string  `json:"iss"`
			Sub string  `json:"sub"`
			Exp float64 `json:"exp"`
			Cnf any     `json:"cnf"`
		}
		if err := json.Unmarshal([]byte(payload), &plain); err != nil {
			t.Fatalf("accepted %q: %v", payload, err)
		}
		if plain.Iss != p.Issuer || plain.Sub != p.Subject || plain.Cnf != nil || plain.Exp <= float64(time.Now().Unix()-60) {
			t.Errorf("%q read as %+v, verified as %+v", payload, plain, p)
		}
		if p.Subject == "" || len(p.Subject) > 255 || !utf8.ValidString(payload) || strings.ContainsAny(p.Subject+p.ClientID+p.TokenID, "\x00\n\r\x1b\ufffd") {
			t.Errorf("accepted principal %+q", p)
		}
	})
}

// FuzzAuthorization: at most one token gets out of a header, and it is the
// header's only credential.
func FuzzAuthorization(f *testing.F) {
	addCorpus(f)
	for _, seed := range []string{"Bearer x", "bearer  x.y", "Bearer", "Bearer x, Bearer y", "Bearer\tx", "Basic x", "x", `Bearer "x"`, "Bearer x y", "BEARER a=b="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		var got []string
		g, err := auth.NewGuard(auth.GuardOptions{Resource: resource, Issuers: []string{"https://as.example"},
			Verify: func(_ context.Context, token string) (auth.Principal, error) {
				got = append(got, token)
				return auth.Principal{}, nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header["Authorization"] = []string{value}
		g.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			if len(got) != 0 || len(w.Header().Values("WWW-Authenticate")) != 1 {
				t.Errorf("%q: status %d, tokens %q, challenges %q", value, w.Code, got, w.Header().Values("WWW-Authenticate"))
			}
			return
		}
		scheme, token, _ := strings.Cut(value, " ")
		if len(got) != 1 || got[0] != strings.TrimLeft(token, " ") || !strings.EqualFold(scheme, "bearer") || strings.ContainsAny(got[0], " \t,\"") || got[0] == "" {
			t.Errorf("%q: tokens %q", value, got)
		}
	})
}

// FuzzIntrospection: whatever the endpoint answers, a principal comes out only
// of an answer that means the same to a plain JSON reader.
func FuzzIntrospection(f *testing.F) {
	addCorpus(f)
	var serial int64
	issuer := authtest.NewAt("https://as.example")
	verifier, err := auth.NewVerifier(auth.Options{
		Issuers: []auth.Issuer{{URL: issuer.URL, Introspection: &auth.Introspection{
			URL: "https://as.example" + introspectPath, ClientID: "c", ClientSecret: "s"}}},
		Resource: resource, Client: issuer.Client(),
		Now: func() time.Time { return time.Unix(1_800_000_000+2*serial, 0) }, // past every pause
	})
	if err != nil {
		f.Fatal(err)
	}
	const good = `{"active":true,"token_type":"Bearer","aud":"http://localhost:3001","sub":"u","exp":4e9}`
	for _, member := range []string{"", `,"active":false`, `,"ACTIVE":false`, `,"sub":"v"`, `,"token_use":"refresh"`, `,"iss":"x"`, `,"cnf":{}`, `,"x":[{"a":"}\\\""}]`} {
		f.Add(strings.TrimSuffix(good, "}") + member + "}")
	}
	f.Fuzz(func(t *testing.T, answer string) {
		serial++
		issuer.Serve(introspectPath, document(answer))
		p, err := verifier.Verify(t.Context(), fmt.Sprint("token-", serial))
		if err != nil {
			return
		}
		var plain struct {
			Active bool   `json:"active"`
			Sub    string `json:"sub"`
			Cnf    any    `json:"cnf"`
			Use    any    `json:"token_use"`
		}
		if err := json.Unmarshal([]byte(answer), &plain); err != nil {
			t.Fatalf("accepted %q: %v", answer, err)
		}
		if !plain.Active || plain.Sub != p.Subject || p.Subject == "" || plain.Cnf != nil || plain.Use != nil && plain.Use != "access" && plain.Use != "access_token" {
			t.Errorf("%q read as %+v, verified as %+v", answer, plain, p)
		}
	})
}

// addCorpus adds what long runs found worth keeping: one Go string literal a line, in a
// file named for the target.
func addCorpus(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "corpus", f.Name()+".txt"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		seed, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			f.Fatalf("%s: %v", line, err)
		}
		f.Add(seed)
	}
}
