package devauth

import (
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"
)

// maxBody bounds request bodies, in bytes; maxQuery does the same for the query
// of an authorization request, of which a flow keeps parts.
const (
	maxBody  = 64 << 10
	maxQuery = 8 << 10
)

//go:embed pages.html style.css
var assets embed.FS

// Server is the authorization server. It is safe for concurrent use and has
// nothing to close: what must survive is on disk before it is answered.
type Server struct {
	cfg    Config
	hosts  map[string]bool // accepted values of the Host header
	key    jose.JSONWebKey
	signer jose.Signer
	store  *store
	flows  *flows
	pages  *template.Template
}

// New returns a server for a configuration on loopback. It creates the folder,
// the signing key and the state, or continues with those it finds; a damaged
// file, or a key that others can read, is an error that says how to fix it.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("devauth: %w", err)
	}
	s := &Server{cfg: cfg, hosts: allowedHosts(cfg.Issuer), flows: &flows{m: make(map[string]flow)}}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("devauth: %w", err)
	}
	return s, nil
}

func (s *Server) load() (err error) {
	if err = os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return err
	}
	if s.key, err = loadKey(s.cfg.Dir); err != nil {
		return err
	}
	if s.signer, err = newSigner(s.key); err != nil {
		return err
	}
	if s.store, err = openStore(filepath.Join(s.cfg.Dir, "state.json"), s.cfg.RefreshTokenTTL); err != nil {
		return err
	}
	s.pages, err = template.ParseFS(assets, "pages.html")
	return err
}

// Handler returns the whole server: pages, protocol endpoints and metadata.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /style.css", s.style)
	mux.HandleFunc("GET /authorize", s.authorize)
	// The pages post to their own origin; other sites' pages must not.
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(s.crossOrigin))
	mux.Handle("POST /authorize/account", sameOrigin.Handler(http.HandlerFunc(s.account)))
	mux.Handle("POST /authorize/decision", sameOrigin.Handler(http.HandlerFunc(s.decision)))

	shared := func(method, path string, h endpoint) {
		mux.Handle(method+" "+path, s.shared(h))
		mux.HandleFunc("OPTIONS "+path, preflight)
	}
	shared("POST", "/register", s.register)
	shared("POST", "/token", s.token)
	shared("POST", "/revoke", s.revoke)
	shared("GET", "/jwks.json", s.jwks)
	shared("GET", "/.well-known/oauth-authorization-server", s.metadata)
	shared("GET", "/.well-known/openid-configuration", s.metadata)
	return s.guard(mux)
}

// guard refuses foreign Host values, with which a website whose name was
// rebound to loopback would come, bounds bodies and sets the security headers.
//
// The policy has no form-action: Chromium applies it to the redirect after a
// form, too, and would stop the one to the client. Referrer-Policy is not
// no-referrer: that makes browsers post "Origin: null", which tells nothing.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !s.hosts[r.Host] {
			s.refused(r, "host not allowed")
			http.Error(w, "This server answers only under its own name, "+s.cfg.Issuer, http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// allowedHosts returns the issuer's host and the other names of loopback, with
// the issuer's port.
func allowedHosts(issuer string) map[string]bool {
	u, _ := url.Parse(issuer) // validated
	hosts := map[string]bool{u.Host: true}
	for _, name := range []string{"localhost", "127.0.0.1", "[::1]"} {
		if port := u.Port(); port != "" {
			name += ":" + port
		}
		hosts[name] = true
	}
	return hosts
}

// refused logs a request that was turned away. The reason is one of our own
// constant texts; nothing that could be a secret is passed here.
func (s *Server) refused(r *http.Request, reason string, attrs ...slog.Attr) {
	attrs = append([]slog.Attr{slog.String("path", r.URL.Path), slog.String("reason", reason)}, attrs...)
	s.cfg.Logger.LogAttrs(r.Context(), slog.LevelInfo, "development sign-in: refused", attrs...)
}
