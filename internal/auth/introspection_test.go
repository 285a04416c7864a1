package auth_test

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"

	"github.com/google/go-cmp/cmp"
)

const (
	introspectPath = "/introspect"
	opaque         = "opaque-token"
)

// asked is a bubble whose issuer introspects. Its answer is a good one until a
// test changes it.
type asked struct {
	bubble
	mu     sync.Mutex
	calls  int
	answer http.HandlerFunc
}

func inIntrospection(t *testing.T, always bool, test func(a *asked)) {
	synctest.Test(t, func(t *testing.T) {
		a := &asked{bubble: bubble{t, authtest.NewAt("https://as.example"), nil, &lockedBuffer{}}}
		a.answers(nil)
		a.issuer.Serve(introspectPath, func(w http.ResponseWriter, r *http.Request) {
			a.mu.Lock()
			a.calls++
			answer := a.answer
			a.mu.Unlock()
			answer(w, r)
		})
		var err error
		a.verifier, err = auth.NewVerifier(auth.Options{
			Issuers: []auth.Issuer{{URL: a.issuer.URL, Introspection: &auth.Introspection{
				URL: "https://as.example" + introspectPath, ClientID: "todo: server", ClientSecret: "p&ss=%w", Always: always}}},
			Resource: resource, Client: a.issuer.Client(), Logger: slog.New(slog.NewTextHandler(a.log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		test(a)
	})
}

// answers lays claims over those of a good answer; nil values remove claims.
func (a *asked) answers(change map[string]any) {
	claims := map[string]any{
		"active": true, "token_type": "Bearer", "iss": "https://as.example", "aud": resource, "sub": "u",
		"client_id": "c", "scope": "create:todos", "exp": time.Now().Add(time.Hour).Unix(), "jti": "j",
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	a.replies(document(mustJSON(a.T, claims)))
}

func (a *asked) replies(h http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = h
}

func (a *asked) asked(want int) {
	a.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls != want {
		a.Errorf("%d introspection requests so far, want %d", a.calls, want)
	}
}

// TestIntrospectionAnswers covers the I rows about answers. Each refusal is
// repeated from memory.
func TestIntrospectionAnswers(t *testing.T) {
	const invalid, notAT, audience = auth.ReasonInvalidToken, auth.ReasonNotAccessToken, auth.ReasonInvalidAudience
	for _, c := range []struct {
		id     string
		change map[string]any
		want   auth.Reason
	}{
		{"good", nil, ""},
		{"I02_false", map[string]any{"active": false}, invalid},
		{"I02_missing", map[string]any{"active": nil}, invalid},
		{"I02_string", map[string]any{"active": "true"}, invalid},
		{"I02_number", map[string]any{"active": 1}, invalid},
		{"I02_null", map[string]any{"active": raw("null")}, invalid},
		{"I03_wrong_aud", map[string]any{"aud": "https://other.example"}, audience},
		{"I03_no_aud", map[string]any{"aud": nil}, audience},
		{"I03_aud_list", map[string]any{"aud": []string{"x", resource}}, ""},
		{"I03_expired", map[string]any{"exp": 946684800 - 60}, auth.ReasonExpired}, // a bubble begins in 2000
		{"I03_no_exp", map[string]any{"exp": nil}, invalid},
		{"I03_exp_string", map[string]any{"exp": "946688400"}, invalid},
		{"I03_no_sub", map[string]any{"sub": nil}, invalid},
		{"I03_no_sub_but_username", map[string]any{"sub": nil, "username": "u"}, invalid},
		{"I03_sub_control", map[string]any{"sub": "u\n"}, invalid},
		{"I03_machine", map[string]any{"sub": "c"}, invalid},
		{"I03_other_iss", map[string]any{"iss": "https://as.example/"}, invalid},
		{"I03_iss_array", map[string]any{"iss": []string{"https://as.example"}}, invalid},
		{"I03_no_iss", map[string]any{"iss": nil}, ""},
		{"I03_nbf", map[string]any{"nbf": 946684800 + 61}, invalid},
		{"I03_bound", map[string]any{"cnf": map[string]any{"jkt": "x"}}, notAT},
		{"I03_long_lived", map[string]any{"exp": 946684800 + 365*86400, "iat": 946684800}, ""},
		{"I04_oidc-provider", map[string]any{"token_type": nil, "aud": nil}, notAT},
		{"I04_no_evidence", map[string]any{"token_type": nil}, notAT},
		{"I04_token_type", map[string]any{"token_type": "refresh_token"}, notAT},
		{"I04_token_type_array", map[string]any{"token_type": []string{"Bearer"}}, notAT},
		{"I04_DPoP", map[string]any{"token_type": "DPoP"}, notAT},
		{"I04_token_use", map[string]any{"token_use": "refresh_token"}, notAT},
		{"I04_Keycloak", map[string]any{"typ": "Refresh"}, notAT},
		{"I04_ID_token", map[string]any{"nonce": "n"}, notAT},
		{"access_by_token_use", map[string]any{"token_type": nil, "token_use": "access_token"}, ""},
		{"access_by_lower_case", map[string]any{"token_type": "bearer"}, ""},
		{"access_by_name", map[string]any{"token_type": "access_token"}, ""},
	} {
		row(t, c.id, func(t *testing.T) {
			inIntrospection(t, false, func(a *asked) {
				a.answers(c.change)
				a.expect(opaque, c.want)
				a.expect(opaque, c.want)
				a.asked(1)
				if refused := firstFailure(a.verifier.Examine(a.Context(), opaque)) != ""; refused != (c.want != "") {
					t.Errorf("Examine refuses: %t, Verify: %q", refused, c.want)
				}
				a.fetches(2) // and never for keys
			})
		})
	}
}

func TestIntrospectionPrincipal(t *testing.T) {
	inIntrospection(t, false, func(a *asked) {
		got, err := a.verifier.Verify(a.Context(), opaque)
		if err != nil {
			t.Fatal(err)
		}
		want := auth.Principal{Issuer: "https://as.example", Subject: "u", ClientID: "c", TokenID: "j",
			Scopes: auth.Scopes{"create:todos"}, TokenHash: sha256.Sum256([]byte(opaque))}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("principal (-want +got):\n%s", diff)
		}
	})
}

func TestIntrospectionOff(t *testing.T) {
	row(t, "I01", func(t *testing.T) {
		e := newEnv(t, setup{})
		r := e.bearer("8xLOxBtZp8")
		e.checkRefusal(r, auth.ReasonNotJWT, "8xLOxBtZp8")
		if !strings.Contains(r.error.Description, "resource or audience") {
			t.Errorf("no hint: %s", r.body)
		}
	})
}

// TestIntrospectionOutage: whatever is no answer is an outage, which takes a
// bounded time.
func TestIntrospectionOutage(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for id, answer := range map[string]http.HandlerFunc{
		"400": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"error":"invalid_request"}`, 400) },
		"401": status(401),
		"403": status(403),
		"500": status(500),
		"503": status(503),
		"201": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusCreated)
			document(`{"active":false}`)(w, r)
		},
		"timeout": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"HTML":    document("<html>"),
		"empty":   document(""),
		"array":   document(`[{"active":true}]`),
		"twice":   document(`{"active":false,"active":true}`),
		"case":    document(`{"active":false,"Active":true}`),
		"big":     document(`{"active":true` + strings.Repeat(" ", 64<<10) + `}`),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example"+introspectPath, http.StatusTemporaryRedirect)
		},
		"down": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		row(t, "I05_"+id, func(t *testing.T) {
			inIntrospection(t, false, func(a *asked) {
				a.replies(answer)
				start := time.Now()
				a.expect(opaque, auth.ReasonUnavailable)
				if waited := time.Since(start); waited > 3*time.Second {
					t.Errorf("took %v", waited)
				}
				for i := range 50 {
					a.expect(fmt.Sprint("other-", i), auth.ReasonUnavailable)
				}
				a.asked(1)
				time.Sleep(time.Second)
				a.answers(nil)
				a.expect(opaque, "")
				a.expect("other-1", "")
				a.asked(3)
				log := a.log.String()
				if strings.Count(log, "introspection fails") != 1 || strings.Count(log, "works again") != 1 {
					t.Errorf("log:\n%s", log)
				}
				if strings.Contains(log, opaque) || strings.Contains(log, "ss=") {
					t.Errorf("token or secret in the log:\n%s", log)
				}
			})
		})
	}
}
