package authtest

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// KeysPath is where an issuer serves its JWK Set.
const KeysPath = "/jwks"

// An Issuer is an authorization server that only has metadata, at the RFC 8414
// and OpenID Connect locations, and keys. URL, Audience and Now may be changed
// until it is first used; the methods are safe for concurrent use.
type Issuer struct {
	URL      string           // issuer identifier
	Audience string           // of tokens that name no other; http://localhost:3001
	Now      func() time.Time // time.Now

	mu      sync.Mutex
	algs    []string
	keys    map[string]signingKey // by algorithm
	serial  int                   // of the newest key
	down    bool
	fetches int
	instead map[string]http.HandlerFunc
}

type signingKey struct {
	id     string
	signer crypto.Signer
}

// New starts an issuer with a key for each algorithm, by default one for ES256,
// and stops it when the test ends. RSA keys take a while to make.
func New(t testing.TB, algs ...string) *Issuer {
	t.Helper()
	i := NewAt("", algs...)
	server := httptest.NewUnstartedServer(i)
	i.URL = "http://" + server.Listener.Addr().String() // before anybody asks, be it a stranger
	server.Start()
	t.Cleanup(server.Close)
	return i
}

// NewAt returns an issuer that listens nowhere: serve it as an [http.Handler],
// or reach it through [Issuer.Client].
func NewAt(url string, algs ...string) *Issuer {
	if len(algs) == 0 {
		algs = []string{"ES256"}
	}
	i := &Issuer{URL: url, Audience: "http://localhost:3001", Now: time.Now, algs: algs,
		instead: make(map[string]http.HandlerFunc)}
	i.Rotate()
	return i
}

// Rotate replaces all keys by new ones with new ids.
func (i *Issuer) Rotate() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = make(map[string]signingKey)
	for _, alg := range i.algs {
		i.serial++
		i.keys[alg] = signingKey{fmt.Sprintf("key-%d", i.serial), NewKey(alg)}
	}
}

// Down makes every request fail without an answer, until [Issuer.Up].
func (i *Issuer) Down() { i.setDown(true) }

// Up ends [Issuer.Down].
func (i *Issuer) Up() { i.setDown(false) }

func (i *Issuer) setDown(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

// Serve answers requests for a path with h in place of the usual document; nil
// restores that.
func (i *Issuer) Serve(path string, h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.instead[path] = h
}

// Fetches returns how many requests have arrived, failed ones included.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// ServeHTTP implements [http.Handler].
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.fetches++
	down, instead := i.down, i.instead[r.URL.Path]
	i.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler) // closes the connection
	}
	if instead != nil {
		instead(w, r)
		return
	}
	self, err := url.Parse(i.URL)
	if err != nil {
		panic(err)
	}
	path := strings.TrimSuffix(self.Path, "/")
	switch r.URL.Path {
	case "/.well-known/oauth-authorization-server" + path, path + "/.well-known/openid-configuration":
		writeJSON(w, map[string]any{
			"issuer": i.URL, "jwks_uri": self.Scheme + "://" + self.Host + KeysPath,
			"code_challenge_methods_supported": []string{"S256"},
		})
	case KeysPath:
		writeJSON(w, i.JWKS())
	default:
		http.NotFound(w, r)
	}
}

// JWKS returns the published key set.
func (i *Issuer) JWKS() jose.JSONWebKeySet {
	i.mu.Lock()
	defer i.mu.Unlock()
	var set jose.JSONWebKeySet
	for _, alg := range i.algs {
		key := i.keys[alg]
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.signer.Public(), KeyID: key.id, Algorithm: alg, Use: "sig"})
	}
	return set
}

// Client returns a client that reaches this issuer without a network, whatever
// the host of the address: for tests in a synctest bubble.
func (i *Issuer) Client() *http.Client {
	return &http.Client{Transport: inProcess{i}}
}

type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if recover() != nil { // as net/http takes http.ErrAbortHandler
			err = errors.New("connection closed")
		}
	}()
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
