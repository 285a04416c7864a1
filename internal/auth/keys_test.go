package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"
)

// bubble is a verifier and its issuer without a network, on synctest's clock.
type bubble struct {
	*testing.T
	issuer   *authtest.Issuer
	verifier *auth.Verifier
	log      *lockedBuffer
}

func inBubble(t *testing.T, test func(b bubble), algs ...string) {
	synctest.Test(t, func(t *testing.T) {
		b := bubble{t, authtest.NewAt("https://as.example", algs...), nil, &lockedBuffer{}}
		var err error
		b.verifier, err = auth.NewVerifier(auth.Options{
			Issuers: []auth.Issuer{{URL: b.issuer.URL}}, Resource: resource, Client: b.issuer.Client(),
			Logger: slog.New(slog.NewTextHandler(b.log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		test(b)
	})
}

func bubbleRow(t *testing.T, id string, test func(b bubble)) {
	row(t, id, func(t *testing.T) { inBubble(t, test) })
}

func (b bubble) token() string { return b.issuer.Token(authtest.Claims{Subject: "u"}) }

func (b bubble) unknownKid() string {
	return b.issuer.Mint(map[string]any{"kid": "unknown"}, map[string]any{"sub": "u"})
}

// expect verifies a token and compares the reason, "" for accepted.
func (b bubble) expect(token string, want auth.Reason) {
	b.Helper()
	if got := b.verify(token); got != want {
		b.Errorf("reason %q, want %q", got, want)
	}
}

func (b bubble) verify(token string) auth.Reason {
	b.Helper()
	_, err := b.verifier.Verify(b.Context(), token)
	if err == nil {
		return ""
	}
	var refusal *auth.TokenError
	if !errors.As(err, &refusal) {
		b.Fatalf("error of type %T", err)
	}
	if errors.Is(err, auth.ErrUnavailable) != (refusal.Reason == auth.ReasonUnavailable) {
		b.Errorf("reason %q, unavailable: %t", refusal.Reason, errors.Is(err, auth.ErrUnavailable))
	}
	return refusal.Reason
}

func (b bubble) fetches(want int) {
	b.Helper()
	if n := b.issuer.Fetches(); n != want {
		b.Errorf("%d requests to the issuer so far, want %d", n, want)
	}
}

// Each of many tokens nobody could have issued costs at most its own
// verification.
func TestUnknownKidsCannotAmplify(t *testing.T) {
	bubbleRow(t, "S12", func(b bubble) {
		defer b.start()()
		for range 200 {
			b.expect(b.unknownKid(), auth.ReasonInvalidToken)
			garbage := b.token()
			b.expect(garbage[:len(garbage)-6]+"AAAAAA", auth.ReasonInvalidToken)
		}
		b.fetches(cold + 1)
		time.Sleep(31 * time.Second)
		for range 200 {
			b.expect(b.unknownKid(), auth.ReasonInvalidToken)
		}
		b.fetches(cold + 2)
	})
}

func TestRotation(t *testing.T) {
	bubbleRow(t, "S13", func(b bubble) {
		defer b.start()()
		old := b.token()
		b.expect(old, "")
		b.issuer.Rotate()
		b.expect(old, "") // the verifier cannot know yet
		b.expect(b.token(), "")
		b.fetches(cold + 1)
		b.expect(old, auth.ReasonInvalidToken) // cached, but its key is gone
	})
}

func TestOutage(t *testing.T) {
	row(t, "K01_cold", func(t *testing.T) {
		inBubble(t, func(b bubble) {
			b.issuer.Down()
			for range 50 {
				b.expect(b.token(), auth.ReasonUnavailable)
			}
			b.fetches(2) // both addresses of the metadata, once
			b.issuer.Up()
			b.expect(b.token(), auth.ReasonUnavailable)
			time.Sleep(31 * time.Second)
			b.expect(b.token(), "")
		})
	})
	row(t, "K01_hanging", func(t *testing.T) {
		inBubble(t, func(b bubble) {
			hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
			b.issuer.Serve("/.well-known/oauth-authorization-server", hang)
			b.issuer.Serve("/.well-known/openid-configuration", hang)
			start := time.Now()
			b.expect(b.token(), auth.ReasonUnavailable)
			if waited := time.Since(start); waited != 5*time.Second {
				t.Errorf("the request waited %v, want 5s", waited)
			}
			time.Sleep(time.Minute) // until the fetch has given up too
			b.fetches(2)
		})
	})
	row(t, "K01_warm", func(t *testing.T) {
		inBubble(t, func(b bubble) {
			defer b.start()()
			cached := b.token()
			b.expect(cached, "")
			b.issuer.Down()
			b.expect(cached, "")
			b.expect(b.token(), "") // known key, token not seen before
			b.expect(b.unknownKid(), auth.ReasonUnavailable)
			b.expect(b.unknownKid(), auth.ReasonUnavailable)
			b.fetches(cold + 1)
			b.issuer.Up()
			time.Sleep(31 * time.Second)
			b.expect(b.unknownKid(), auth.ReasonInvalidToken)
		})
	})
}

func TestKeysGrowOld(t *testing.T) {
	inBubble(t, func(b bubble) {
		long := b.issuer.Mint(nil, map[string]any{"sub": "u", "exp": time.Now().Add(25 * time.Hour).Unix()})
		b.expect(long, "")
		b.issuer.Down()
		time.Sleep(24 * time.Hour)
		b.expect(long, "")
		time.Sleep(time.Second)
		b.expect(long, auth.ReasonUnavailable) // although cached
	})
}

// TestGoodKeysAreKept: whatever the issuer serves, it takes one fetch and
// cannot cost the keys already known.
func TestGoodKeysAreKept(t *testing.T) {
	evil := authtest.New(t)
	for id, answer := range map[string]http.HandlerFunc{
		"empty":      document(`{"keys":[]}`),
		"no_keys":    document(`{}`),
		"null":       document(`null`),
		"HTML":       document(`<html>`),
		"503":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"oversized":  document(mustJSON(t, evil.JWKS()) + strings.Repeat(" ", 512<<10)),
		"slow":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"duplicates": nil,
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, evil.URL+authtest.KeysPath, http.StatusFound)
		},
		"redirect_loop": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, authtest.KeysPath+"?again", http.StatusFound)
		},
	} {
		row(t, "K02_"+id, func(t *testing.T) {
			inBubble(t, func(b bubble) {
				defer b.start()()
				if id == "duplicates" {
					// Two keys of different kind claim one id, and no other is left.
					a, c := authtest.NewAt("", "ES256").JWKS().Keys[0], authtest.NewAt("", "EdDSA").JWKS().Keys[0]
					answer = document(fmt.Sprintf(`{"keys":[%s,%s]}`, mustJSON(t, a), mustJSON(t, c)))
				}
				b.issuer.Serve(authtest.KeysPath, answer)
				start := time.Now()
				b.expect(b.unknownKid(), auth.ReasonUnavailable)
				if waited := time.Since(start); waited > 5*time.Second {
					t.Errorf("the request waited %v", waited)
				}
				b.expect(b.token(), "")
				synctest.Wait()
				want := cold + 1
				if id == "redirect_loop" {
					want += 3
				}
				b.fetches(want)
			})
		})
	}
	if evil.Fetches() != 0 {
		t.Error("a redirect to another host was followed")
	}
}

// TestFetchIsShared: concurrent requests wait for one fetch, and it does not
// die with the request that started it.
func TestFetchIsShared(t *testing.T) {
	inBubble(t, func(b bubble) {
		release := make(chan struct{})
		keys := mustJSON(t, b.issuer.JWKS())
		b.issuer.Serve(authtest.KeysPath, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
				document(keys)(w, r)
			case <-r.Context().Done():
			}
		})
		first, hangUp := context.WithCancel(b.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := b.verifier.Verify(first, b.token()); !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("hung up: %v", err)
			}
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() { b.expect(b.token(), "") })
		}
		synctest.Wait()
		hangUp()
		synctest.Wait()
		close(release)
		wg.Wait()
		b.fetches(cold)
	})
}
