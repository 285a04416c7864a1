package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"
)

// A good token is not asked about again while its answer is fresh, outage or not.
func TestIntrospectionCache(t *testing.T) {
	row(t, "I07", func(t *testing.T) {
		inIntrospection(t, false, func(a *asked) {
			a.expect(opaque, "")
			a.answers(map[string]any{"active": false})
			time.Sleep(30*time.Second - 1)
			a.expect(opaque, "")
			a.asked(1)
			time.Sleep(time.Nanosecond)
			a.expect(opaque, auth.ReasonInvalidToken)
			a.answers(nil) // a refusal is believed for 10 seconds
			time.Sleep(10*time.Second - 1)
			a.expect(opaque, auth.ReasonInvalidToken)
			a.asked(2)
			time.Sleep(time.Nanosecond)
			a.expect(opaque, "")
		})
	})
	row(t, "I07_expires_first", func(t *testing.T) {
		inIntrospection(t, false, func(a *asked) {
			a.answers(map[string]any{"exp": time.Now().Add(5 * time.Second).Unix()})
			a.expect(opaque, "")
			a.answers(map[string]any{"active": false})
			time.Sleep(5 * time.Second)
			a.expect(opaque, auth.ReasonInvalidToken)
		})
	})
}

// Nobody but the one configured endpoint sees an opaque token.
func TestIntrospectionEndpoint(t *testing.T) {
	row(t, "I06", func(t *testing.T) {
		inIntrospection(t, false, func(a *asked) {
			a.answers(map[string]any{"iss": "https://evil.example"})
			a.expect(opaque, auth.ReasonInvalidToken)
			a.expect(authtest.NewAt("https://evil.example").Token(authtest.Claims{Subject: "u"}), auth.ReasonInvalidToken)
			a.expect(a.token()+"=", auth.ReasonInvalidToken) // a malformed JWT is not opaque
			a.fetches(1)
		})
	})
	row(t, "I06_second_server", func(t *testing.T) {
		in := &auth.Introspection{URL: "https://a.example/introspect", ClientID: "c", ClientSecret: "s"}
		_, err := auth.NewVerifier(auth.Options{Resource: resource, Issuers: []auth.Issuer{
			{URL: "https://a.example", Introspection: in}, {URL: "https://b.example", Introspection: in}}})
		if err == nil || !strings.Contains(err.Error(), "both have introspection") {
			t.Errorf("error %v", err)
		}
	})
	row(t, "I08", func(t *testing.T) {
		inIntrospection(t, false, func(a *asked) {
			const token = "x&client_id=y&token=z+%20"
			a.replies(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if want := "token=x%26client_id%3Dy%26token%3Dz%2B%2520&token_type_hint=access_token"; string(body) != want {
					t.Errorf("body %s", body)
				}
				id, password, _ := r.BasicAuth()
				if id != "todo%3A+server" || password != "p%26ss%3D%25w" || r.Method != http.MethodPost {
					t.Errorf("%s as %q:%q", r.Method, id, password)
				}
				if got := r.Header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
					t.Errorf("Content-Type %s", got)
				}
				document(`{"active":false}`)(w, r)
			})
			a.expect(token, auth.ReasonInvalidToken)
			a.asked(1)
		})
	})
}

// TestIntrospectionModes: which tokens are asked about, and which need keys.
func TestIntrospectionModes(t *testing.T) {
	t.Run("auto", func(t *testing.T) {
		inIntrospection(t, false, func(a *asked) {
			a.expect(a.token(), "")
			a.asked(0)
			a.expect("a.b.c.d.e", "") // as a JWE, or Zitadel's opaque tokens
			a.expect("v1.local.token", "")
			a.asked(2)
			if a.verifier.Ready() != nil {
				t.Error("not ready though keys are loaded")
			}
		})
	})
	t.Run("always", func(t *testing.T) {
		inIntrospection(t, true, func(a *asked) {
			defer a.start()()
			if err := a.verifier.Ready(); err != nil {
				t.Errorf("waits for keys that it does not need: %v", err)
			}
			token := a.token()
			a.expect(token, "")
			a.answers(map[string]any{"active": false})
			time.Sleep(30 * time.Second)
			a.expect(token, auth.ReasonInvalidToken)
			if refused := firstFailure(a.verifier.Examine(a.Context(), token)); refused == "" {
				t.Error("Examine accepts a revoked token")
			}
			a.fetches(3)
		})
	})
	t.Run("always, refused", func(t *testing.T) {
		inIntrospection(t, true, func(a *asked) {
			a.answers(map[string]any{"active": false})
			token := a.token()
			for range 2 { // the second time from memory
				_, err := a.verifier.Verify(a.Context(), token)
				var refusal *auth.TokenError
				if !errors.As(err, &refusal) || refusal.Issuer != a.issuer.URL {
					t.Errorf("a refusal %#v without the issuer that the token claims to be of", err)
				}
			}
		})
	})
	t.Run("always, JWTs unsupported", func(t *testing.T) {
		inIntrospection(t, true, func(a *asked) {
			a.replies(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"error":"unsupported_token_type"}`)
			})
			_, err := a.verifier.Verify(a.Context(), a.token())
			var refusal *auth.TokenError
			if !errors.As(err, &refusal) || refusal.Reason != auth.ReasonInvalidToken || !strings.Contains(refusal.Detail, "only opaque tokens") {
				t.Errorf("error %v", err)
			}
			for range 100 {
				a.expect(a.token(), auth.ReasonInvalidToken)
			}
			a.answers(nil)
			a.expect(opaque, "") // no outage
		})
	})
}

// Callers with one token share one request; hanging up ends only the waiting.
func TestIntrospectionIsShared(t *testing.T) {
	inIntrospection(t, false, func(a *asked) {
		release := make(chan struct{})
		good := a.answer
		a.replies(func(w http.ResponseWriter, r *http.Request) {
			<-release
			good(w, r)
		})
		first, hangUp := context.WithCancel(a.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := a.verifier.Verify(first, opaque); !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("hung up: %v", err)
			}
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() { a.expect(opaque, "") })
		}
		synctest.Wait()
		hangUp()
		synctest.Wait()
		close(release)
		wg.Wait()
		a.asked(1)
	})
}

// Strangers cannot have any number of requests made at a time.
func TestIntrospectionIsBounded(t *testing.T) {
	inIntrospection(t, false, func(a *asked) {
		release := make(chan struct{})
		good := a.answer
		a.replies(func(w http.ResponseWriter, r *http.Request) {
			<-release
			good(w, r)
		})
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() { a.expect(fmt.Sprint("token-", i), "") })
		}
		synctest.Wait()
		a.expect(opaque, auth.ReasonUnavailable)
		close(release)
		wg.Wait()
		a.expect(opaque, "")
		a.asked(65)
	})
}

// Refusals must not push good tokens out of memory, whatever is sent.
func TestRefusalsDoNotEvict(t *testing.T) {
	inIntrospection(t, false, func(a *asked) {
		a.expect(opaque, "")
		a.answers(map[string]any{"active": false})
		for i := range 11_000 {
			a.expect(fmt.Sprint("bad-", i), auth.ReasonInvalidToken)
		}
		a.expect(opaque, "")
	})
}

// TestNoPasswordInErrors: an address with a password in it is a mistake, and the error
// about it ends in logs.
func TestNoPasswordInErrors(t *testing.T) {
	const address = "https://u:hunter2@as.example/x"
	for _, issuer := range []auth.Issuer{
		{MetadataURL: address},
		{JWKSURL: address},
		{Introspection: &auth.Introspection{URL: address, ClientID: "c", ClientSecret: "s"}},
	} {
		issuer.URL = "https://as.example"
		_, err := auth.NewVerifier(auth.Options{Issuers: []auth.Issuer{issuer}, Resource: resource})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v", err)
		}
	}
}
