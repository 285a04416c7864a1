package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"todomanager/internal/config"
	"todomanager/internal/devauth"
	"todomanager/internal/httpserver"
	"todomanager/internal/todos"
)

// devCommand is the service for trying out: with an authorization server of its own, on
// loopback only. The issuer setting says where that server is.
type devCommand struct {
	config.Server `set:"issuer=http://localhost:3002" set:"db=dev-data/todos.db"` //nolint:staticcheck // kong takes several set tags
}

// Validate refuses settings that do not fit a trial on one machine.
func (c *devCommand) Validate() error {
	if err := c.Server.Validate(); err != nil {
		return err
	}
	if len(c.Issuer) != 1 || c.Issuer[0].PublicURL != "" {
		return fmt.Errorf("--issuer (variable TODO_ISSUER) is %s: dev runs one sign-in server of its own, for --public-url; leave it out, or use serve", strings.Join(c.Issuer.URLs(), ", "))
	}
	for _, setting := range [][2]string{{"issuer", c.Issuer[0].URL}, {"public-url", c.PublicURL}} {
		u, err := url.Parse(setting[1])
		if err != nil || u.Scheme != "http" || !config.IsLoopback(u.Hostname()) {
			return fmt.Errorf("--%s is %s: dev serves http on loopback only; leave it out, or use serve", setting[0], setting[1])
		}
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil || !config.IsLoopback(host) {
		return fmt.Errorf("--listen (variable TODO_LISTEN) is %s: dev listens on loopback only; leave it out, or use serve", c.Listen)
	}
	public, _ := url.Parse(c.PublicURL)
	if want := cmp.Or(public.Port(), "80"); want != port {
		mend := "--public-url http://localhost:" + port
		if c.Origin("listen") == config.FromDefault {
			mend = "--listen 127.0.0.1:" + want
		}
		return fmt.Errorf("--public-url is %s but --listen is %s: their ports must be the same; add %s", c.PublicURL, c.Listen, mend)
	}
	return nil
}

// Run serves the sign-in server and the service until ctx ends.
func (c *devCommand) Run(ctx context.Context, std stdio) error {
	logger, _, outlet, err := std.lastingLogger(c.LogLevel)
	if err != nil {
		return err
	}
	signIn, err := c.signInServer(logger)
	if err != nil {
		return err
	}
	s, err := newService(ctx, &c.Server, logger)
	if err != nil {
		return errors.Join(err, signIn.Close())
	}
	s.countLost(outlet)
	if _, err := fmt.Fprint(std.out, c.banner()); err != nil {
		return errors.Join(err, signIn.Close(), s.close())
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return signIn.Serve(ctx) })
	both.Go(func() error { return s.run(ctx, operatorSignals{}) })
	return both.Wait()
}

// signInServer binds the authorization server. Its key and state are kept beside the
// database, so that a client stays signed in when dev is started again.
func (c *devCommand) signInServer(logger *slog.Logger) (*httpserver.Server, error) {
	issuer, err := url.Parse(c.Issuer[0].URL)
	if err != nil {
		return nil, err
	}
	server, err := devauth.New(devauth.Config{
		Issuer: c.Issuer[0].URL, Resource: c.PublicURL, Dir: filepath.Dir(c.DB), Logger: logger,
		Scopes: []devauth.Scope{
			{Name: todos.ScopeCreate, Description: "Create todos in your list"},
			{Name: todos.ScopeRead, Description: "See everybody's todos"},
			{Name: todos.ScopeDelete, Description: "Delete anybody's todos"},
			{Name: todos.ScopeAudit, Description: "See the audit log", Unlisted: true},
		},
		People: []devauth.Person{
			{Name: "alice", DisplayName: "Alice", Role: "User", Scopes: []string{todos.ScopeCreate}},
			{Name: "bob", DisplayName: "Bob", Role: "User", Scopes: []string{todos.ScopeCreate}},
			{Name: "admin", DisplayName: "Admin", Role: "Admin", Scopes: append(todos.Scopes(), todos.ScopeAudit)},
		},
	})
	if err != nil {
		return nil, err
	}
	host := issuer.Hostname()
	if host == "localhost" {
		host = "127.0.0.1" // whatever the machine resolves it to: there are no passwords
	}
	listener, err := httpserver.Listen(httpserver.Options{
		Address: net.JoinHostPort(host, issuer.Port()), Handler: server.Handler(), Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("the sign-in server (--issuer): %w", err)
	}
	return listener, nil
}

// banner tells what to do next.
func (c *devCommand) banner() string {
	return strings.NewReplacer("{url}", c.PublicURL, "{issuer}", c.Issuer[0].URL, "{db}", c.DB).Replace(`
Todo Manager is running for development. It is reachable from this machine only.

  Server    {url}
  Sign-in   {issuer}
  Data      {db}

Who can sign in (no password):
  alice, bob   User    create todos, see and delete their own
  admin        Admin   also see and delete everybody's

MCP Inspector (needs Node 22.19 or newer)
  npx @modelcontextprotocol/inspector
  then choose the transport "Streamable HTTP", the URL {url}, and Connect

Claude Desktop (claude_desktop_config.json)
  {"mcpServers": {"todos": {"command": "npx", "args": ["-y", "mcp-remote", "{url}", "--transport", "http-only"]}}}

Claude Code
  claude mcp add --transport http todos {url}

Who did what
  go run ./cmd/server audit list --db {db}

Stop with Ctrl+C.
`)
}
