package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"golang.org/x/oauth2"

	"todomanager/internal/devauth/devauthtest"
)

// callback is where the browser would be sent back to; nothing listens there.
const callback = "http://127.0.0.1:1/callback"

// account is a person at an MCP client. The protocol and OAuth are go-sdk's, from
// discovery and dynamic registration on; the browser is devauthtest's.
type account struct {
	url       string   // the server's public URL
	person    string   // who signs in
	scopes    []string // what is ticked on the first consent page; none: all
	version   string   // protocol version to begin with; empty: the newest
	file      string   // keeps the sign-in from one run to the next
	mustReuse bool     // signing in anew is an error
	answers   recorder
}

// signedIn is what a client keeps.
type signedIn struct {
	Client oauth2.Config
	Token  *oauth2.Token
}

// connect starts a session with the server.
func (a *account) connect(ctx context.Context) (*mcp.ClientSession, error) {
	handler, err := a.handler(ctx)
	if err != nil {
		return nil, err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "todo", Version: "1"}, nil)
	return client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: a.url, OAuthHandler: handler, MaxRetries: -1, HTTPClient: &http.Client{Transport: &a.answers},
	}, &mcp.ClientSessionOptions{ProtocolVersion: a.version})
}

func (a *account) handler(ctx context.Context) (auth.OAuthHandler, error) {
	config := &auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "todo", RedirectURIs: []string{callback}, TokenEndpointAuthMethod: "none",
			GrantTypes: []string{"authorization_code", "refresh_token"},
		}},
		AuthorizationCodeFetcher: a.consent,
		NewTokenSource: func(ctx context.Context, c *oauth2.Config, t *oauth2.Token) (oauth2.TokenSource, error) {
			return keeper{c.TokenSource(ctx, t), func(t *oauth2.Token) error { return a.save(signedIn{*c, t}) }}, nil
		},
	}
	saved, err := a.load()
	if err == nil {
		config.InitialTokenSource, err = config.NewTokenSource(ctx, &saved.Client, saved.Token)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return auth.NewAuthorizationCodeHandler(config)
}

// consent is the person at the browser. Asked again, for more scopes, they allow all.
func (a *account) consent(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
	if a.mustReuse {
		return nil, errors.New("the client has to sign in again")
	}
	ticked := a.scopes
	if _, err := a.load(); err == nil {
		ticked = nil
	}
	back, err := devauthtest.SignIn(ctx, http.DefaultClient, args.URL, a.person, ticked...)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(back)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
}

// token returns an access token, signing in if there is none yet.
func (a *account) token(ctx context.Context) (string, error) {
	if _, err := a.load(); err != nil {
		session, err := a.connect(ctx)
		if err != nil {
			return "", err
		}
		session.Close()
	}
	saved, err := a.load()
	if err != nil {
		return "", err
	}
	return saved.Token.AccessToken, nil
}

// expire makes the client use its refresh token for the next call.
func (a *account) expire() error {
	saved, err := a.load()
	if err != nil {
		return err
	}
	saved.Token.Expiry = time.Now().Add(-time.Hour)
	return a.save(saved)
}

func (a *account) load() (s signedIn, err error) {
	text, err := os.ReadFile(a.file)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

func (a *account) save(s signedIn) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(a.file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(a.file, text, 0o600)
}

// keeper saves each token that its source gives out: refreshing replaces both.
type keeper struct {
	oauth2.TokenSource
	save func(*oauth2.Token) error
}

func (k keeper) Token() (*oauth2.Token, error) {
	t, err := k.TokenSource.Token()
	if err != nil {
		return nil, err
	}
	return t, k.save(t)
}
