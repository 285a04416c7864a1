package mcp_test

import (
	"cmp"
	"context"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"
	"todomanager/internal/httpserver"
	"todomanager/internal/mcp"
	"todomanager/internal/observe"
)

var (
	conformanceListen = flag.String("conformance.listen", "", "serve the conformance suite's server at this address until SIGTERM")
	conformanceToken  = flag.String("conformance.token", "", "file that gets its access token")
)

// TestConformanceServer serves what MCP's conformance suite asks servers for, behind everything that stands in
// front of the product. The suite itself runs in e2e/conformance; without its flags, this test makes one call.
func TestConformanceServer(t *testing.T) {
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", cmp.Or(*conformanceListen, "127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	public := "http://localhost:" + port
	issuer := authtest.New(t)
	issuer.Audience = public
	server := &http.Server{Handler: conformanceStack(t, public, issuer)}
	defer server.Close()
	token := issuer.Token(authtest.Claims{Subject: "suite", Scope: "use"})
	if *conformanceListen == "" {
		go server.Serve(listener)
		callSimpleText(t, public, token)
		return
	}
	if err := os.WriteFile(*conformanceToken, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener) // who gets an answer finds the token
	<-ctx.Done()
}

// conformanceStack is the way of a request as cmd/server wires it, to the other server.
func conformanceStack(t *testing.T, public string, issuer *authtest.Issuer) http.Handler {
	t.Helper()
	logger := slog.New(slog.NewJSONHandler(t.Output(), nil))
	trusted := []auth.Issuer{{URL: issuer.URL}}
	scopes := []string{"use"}
	verifier, err := auth.NewVerifier(auth.Options{Issuers: trusted, Resource: public, Scopes: scopes, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := auth.NewGuard(auth.GuardOptions{
		Resource: public, Issuers: []string{issuer.URL}, Scopes: scopes, Spell: verifier.ScopeNames,
		Verify: verifier.Verify, Logger: logger, ResourceName: "Conformance",
	})
	if err != nil {
		t.Fatal(err)
	}
	o := options(&fake{})
	o.Logger, o.RequestID, o.Traced, o.InsufficientScope = logger, observe.RequestID, observe.SetTraceID, guard.InsufficientScope
	endpoint := httpserver.NewBuckets().RateLimit(1e6, 1e6, nil)(conformanceDoor(t, o))
	routes, err := httpserver.Routes{
		Sites: []httpserver.Site{{
			PublicURL: public, Endpoint: guard.Require(endpoint), Metadata: guard.Metadata(), MetadataPaths: guard.MetadataPaths(),
		}},
		Health: httpserver.NewHealth(logger), Logger: logger,
	}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return routes
}

// conformanceDoor answers with JSON as the product does, but for the one tool that reports
// progress, which a single JSON answer has no room for.
func conformanceDoor(t *testing.T, o mcp.Options) http.Handler {
	t.Helper()
	plain, streaming := newEverything(), newEverything()
	streaming.other.Stream = true
	doors := make(map[bool]http.Handler)
	for _, e := range []*everything{plain, streaming} {
		door, err := mcp.NewFor(o, e.other)
		if err != nil {
			t.Fatal(err)
		}
		doors[e.other.Stream] = door
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doors[r.Header.Get("Mcp-Name") == progressTool].ServeHTTP(w, r)
	})
}

// callSimpleText makes one call without and one with the token.
func callSimpleText(t *testing.T, url, token string) {
	t.Helper()
	for bearer, want := range map[string]string{"": "", token: "This is a simple text response for testing."} {
		client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
		session, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: bearerOf(bearer)}}, nil)
		if err != nil {
			if bearer != "" {
				t.Error(err)
			}
			continue
		}
		defer session.Close()
		res, err := session.CallTool(context.Background(), &sdk.CallToolParams{Name: "test_simple_text"})
		if err != nil || len(res.Content) != 1 || res.Content[0].(*sdk.TextContent).Text != want {
			t.Errorf("with the token %q: %+v, %v", bearer, res, err)
		}
	}
}

// bearerOf adds this token to each request.
type bearerOf string

func (b bearerOf) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}
