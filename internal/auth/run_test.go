package auth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"

	"github.com/go-jose/go-jose/v4"
)

// start runs the verifier's background work and returns what stops it.
func (b bubble) start() (stop func()) {
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.verifier.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		<-done
	}
}

func TestRunLoadsKeysAtOnce(t *testing.T) {
	inBubble(t, func(b bubble) {
		if err := b.verifier.Ready(); err == nil || !strings.Contains(err.Error(), b.issuer.URL) {
			t.Errorf("Ready before Run: %v, want an error naming the issuer", err)
		}
		defer b.start()()
		if err := b.verifier.Ready(); err != nil {
			t.Error(err)
		}
		b.fetches(cold)
		b.expect(b.token(), "")
		b.fetches(cold)
	})
}

// A request may look for a rotated key although the background has just asked.
func TestRotationRightAfterStart(t *testing.T) {
	inBubble(t, func(b bubble) {
		defer b.start()()
		b.issuer.Rotate()
		b.expect(b.token(), "")
		b.fetches(cold + 1)
	})
}

func TestRunRefreshes(t *testing.T) {
	inBubble(t, func(b bubble) {
		defer b.start()()
		revoked := b.token()
		b.expect(revoked, "")
		b.issuer.Rotate()
		time.Sleep(9*time.Minute - time.Second)
		b.expect(revoked, "")
		time.Sleep(2*time.Minute + time.Second)
		b.expect(revoked, auth.ReasonInvalidToken) // within 11 minutes, although cached

		// Keys every 9 to 11 minutes, metadata with the first of them after each hour.
		time.Sleep(24*time.Hour - 11*time.Minute)
		if n := b.issuer.Fetches(); n < 24*60/11+20 || n > 24*60/9+26 {
			t.Errorf("%d requests in a day", n)
		}
	})
}

// New metadata may name another place for the keys.
func TestKeysMove(t *testing.T) {
	inBubble(t, func(b bubble) {
		defer b.start()()
		b.issuer.Serve("/.well-known/oauth-authorization-server",
			document(`{"issuer":"https://as.example","jwks_uri":"https://keys.example/new"}`))
		b.issuer.Serve("/new", document(mustJSON(t, b.issuer.JWKS())))
		b.issuer.Serve(authtest.KeysPath, http.NotFound)
		b.expect(b.unknownKid(), auth.ReasonUnavailable) // the old place answers 404
		time.Sleep(11*time.Minute + time.Second)
		b.expect(b.unknownKid(), auth.ReasonInvalidToken)
		b.expect(b.token(), "")
	})
}

func TestRunSurvivesOutages(t *testing.T) {
	inBubble(t, func(b bubble) {
		b.issuer.Down()
		defer b.start()()
		time.Sleep(time.Hour)
		if b.verifier.Ready() == nil {
			t.Error("ready without keys")
		}
		if n := b.issuer.Fetches(); n < 2*55 || n > 2*75 {
			t.Errorf("%d requests in an hour, want two about every minute", n)
		}
		b.issuer.Up()
		time.Sleep(67 * time.Second)
		if err := b.verifier.Ready(); err != nil {
			t.Error(err)
		}
		b.expect(b.token(), "")
		b.issuer.Down()
		time.Sleep(time.Hour)
		if err := b.verifier.Ready(); err != nil {
			t.Errorf("not ready though keys are known: %v", err)
		}
		log := b.log.String()
		if down, up := strings.Count(log, "out of reach"), strings.Count(log, "answers again"); down != 2 || up != 1 {
			t.Errorf("outage logged %d times, recovery %d, want 2 and 1:\n%s", down, up, log)
		}
		if !strings.Contains(log, "issuer="+b.issuer.URL) {
			t.Errorf("log does not name the issuer:\n%s", log)
		}
	})
}

func TestCacheEntryDiesWithTheToken(t *testing.T) {
	inBubble(t, func(b bubble) {
		defer b.start()()
		token := b.token()
		b.expect(token, "")
		time.Sleep(time.Hour + 59*time.Second)
		b.expect(token, "") // one minute of skew
		time.Sleep(time.Second)
		b.expect(token, auth.ReasonExpired)
	})
}

// A key id that stays but means another key, or another use of the key, ends
// what it had vouched for.
func TestCacheEntryDiesWithTheKey(t *testing.T) {
	for name, change := range map[string]func(*jose.JSONWebKey){
		"other key":       func(k *jose.JSONWebKey) { k.Key = authtest.NewKey("RS256").Public() },
		"other algorithm": func(k *jose.JSONWebKey) { k.Algorithm = "PS256" },
		"no longer sig":   func(k *jose.JSONWebKey) { k.Use = "enc" },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b bubble) {
				defer b.start()()
				token := b.token()
				b.expect(token, "")
				set := b.issuer.JWKS()
				change(&set.Keys[0])
				set.Keys = append(set.Keys, authtest.NewAt("", "EdDSA").JWKS().Keys[0])
				set.Keys[1].KeyID = "other"
				b.issuer.Serve(authtest.KeysPath, document(mustJSON(t, set)))
				time.Sleep(11 * time.Minute)
				b.expect(token, auth.ReasonInvalidToken)
			}, "RS256")
		})
	}
}

// Where the keys are stays known when the metadata cannot be had.
func TestMetadataOutageAlone(t *testing.T) {
	inBubble(t, func(b bubble) {
		defer b.start()()
		b.issuer.Serve("/.well-known/oauth-authorization-server", http.NotFound)
		b.issuer.Serve("/.well-known/openid-configuration", http.NotFound)
		time.Sleep(2 * time.Hour)
		b.issuer.Rotate()
		time.Sleep(11 * time.Minute)
		b.expect(b.token(), "")
		if log := b.log.String(); strings.Contains(log, "out of reach") {
			t.Errorf("logged as an outage:\n%s", log)
		}
	})
}

func TestNewVerifierRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		issuers []auth.Issuer
		want    string // part of the message
	}{
		{"no issuer", nil, "no issuer"},
		{"twice", []auth.Issuer{{URL: "https://a.example"}, {URL: "https://a.example"}}, `"https://a.example" is configured twice`},
		{"http", []auth.Issuer{{URL: "http://a.example"}}, "must be https"},
		{"http lookalike", []auth.Issuer{{URL: "http://localhost.example"}}, "must be https"},
		{"scheme", []auth.Issuer{{URL: "ftp://localhost"}}, "must be https"},
		{"relative", []auth.Issuer{{URL: "a.example"}}, "not an absolute URL"},
		{"query", []auth.Issuer{{URL: "https://a.example?x"}}, "not an absolute URL"},
		{"userinfo", []auth.Issuer{{URL: "https://u@a.example"}}, "not an absolute URL"},
		{"symmetric", []auth.Issuer{{URL: "https://a.example", Algorithms: []string{"HS256"}}}, `"HS256" is not one of`},
		{"none", []auth.Issuer{{URL: "https://a.example", Algorithms: []string{"none"}}}, `"none" is not one of`},
		{"audience", []auth.Issuer{{URL: "https://a.example", Audiences: []string{""}}}, "an audience is empty"},
		{"lifetime", []auth.Issuer{{URL: "https://a.example", MaxLifetime: -1}}, "lifetime is negative"},
		{"metadata over http", []auth.Issuer{{URL: "https://a.example", MetadataURL: "http://a.example/meta"}}, `metadata URL "http://a.example/meta": must be https`},
		{"keys over http", []auth.Issuer{{URL: "https://a.example", JWKSURL: "http://a.example/jwks"}}, `JWKS URL "http://a.example/jwks": must be https`},
		{"keys without host", []auth.Issuer{{URL: "https://a.example", JWKSURL: "/jwks"}}, `JWKS URL "/jwks": not an absolute URL`},
		{"two addresses", []auth.Issuer{{URL: "https://a.example", JWKSURL: "https://a.example/jwks", MetadataURL: "https://a.example/meta"}}, "not both"},
		{"introspection over http", []auth.Issuer{{URL: "https://a.example", Introspection: &auth.Introspection{URL: "http://a.example/i", ClientID: "c", ClientSecret: "s"}}}, "introspection URL"},
		{"introspection without secret", []auth.Issuer{{URL: "https://a.example", Introspection: &auth.Introspection{URL: "https://a.example/i", ClientID: "c"}}}, "client secret"},
		{"prefix", []auth.Issuer{{URL: "https://a.example", ScopePrefixes: []string{"", "a b"}}}, `scope prefix "a b"`},
		{"policy", []auth.Issuer{{URL: "https://a.example", TypPolicy: 7}}, "unknown typ policy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := auth.NewVerifier(auth.Options{Issuers: c.issuers, Resource: resource})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
	if _, err := auth.NewVerifier(auth.Options{Issuers: []auth.Issuer{{URL: "https://a.example"}}}); err == nil {
		t.Error("accepted without any audience")
	}
}

// The first sight of a token costs a signature check, a repeat a hash.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		issuer := authtest.NewAt("https://as.example", alg)
		verifier := func() *auth.Verifier {
			v, err := auth.NewVerifier(auth.Options{Issuers: []auth.Issuer{{URL: issuer.URL}}, Resource: resource,
				Client: issuer.Client(), Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			return v
		}()
		verify := func(token string) {
			if _, err := verifier.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
		claims := authtest.Claims{Subject: "user-1", ClientID: "client-1", Scope: "create:todos read:todos"}
		b.Run(fmt.Sprint(alg, "/first"), func(b *testing.B) {
			b.ReportAllocs()
			tokens := make([]string, b.N)
			for i := range tokens {
				tokens[i] = issuer.Token(claims)
			}
			b.ResetTimer()
			for _, token := range tokens {
				verify(token)
			}
		})
		b.Run(fmt.Sprint(alg, "/repeat"), func(b *testing.B) {
			b.ReportAllocs()
			token := issuer.Token(claims)
			for b.Loop() {
				verify(token)
			}
		})
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
