package devauth

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"
	"time"

	"todomanager/internal/atomicfile"
)

const (
	stateVersion = 1
	maxClients   = 1_000
	maxGrants    = 10_000
	// clientTTL is how long a client that nobody signs in with is remembered.
	clientTTL = 90 * 24 * time.Hour
	codeTTL   = time.Minute
)

// state is all that survives a restart. Keys are client and grant ids.
type state struct {
	Version int               `json:"version"`
	Clients map[string]client `json:"clients"`
	Grants  map[string]grant  `json:"grants"`
}

// client is a registered client (RFC 7591).
type client struct {
	Name         string    `json:"client_name,omitempty"`
	RedirectURIs []string  `json:"redirect_uris"`
	GrantTypes   []string  `json:"grant_types"`
	SecretHash   string    `json:"client_secret_sha256,omitempty"` // empty: a public client
	IssuedAt     time.Time `json:"issued_at"`
	LastUsed     time.Time `json:"last_used,omitzero"` // last token issued
}

// grant is what a person allowed a client, from consent until it expires or is
// revoked. It first has a code, and a refresh token once the code is redeemed.
type grant struct {
	Client      string    `json:"client_id"`
	Person      string    `json:"person"`
	Resource    string    `json:"resource"`
	Scopes      []string  `json:"scopes"`
	RedirectURI string    `json:"redirect_uri"`
	Challenge   string    `json:"code_challenge"`
	CodeHash    string    `json:"code_sha256"`
	RefreshHash string    `json:"refresh_token_sha256,omitempty"` // of the newest; empty: code not redeemed
	CreatedAt   time.Time `json:"created_at"`
}

// store keeps the state in memory and in a file. The values in its maps are
// never changed in place, so a shallow copy is a snapshot.
type store struct {
	path       string
	refreshTTL time.Duration

	mu    sync.Mutex // guards state, and orders the writes of the file
	state state
}

// openStore reads the file at path; there need not be one.
func openStore(path string, refreshTTL time.Duration) (*store, error) {
	s := &store{path: path, refreshTTL: refreshTTL, state: state{
		Version: stateVersion,
		Clients: make(map[string]client),
		Grants:  make(map[string]grant),
	}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := decodeState(data, &s.state); err != nil {
		return nil, fmt.Errorf("state file %s: %w; move it away to start without clients and refresh tokens (people then sign in again)", path, err)
	}
	return s, nil
}

func decodeState(data []byte, st *state) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(st); err != nil {
		return fmt.Errorf("damaged: %w", err)
	}
	if dec.More() {
		return errors.New("damaged: more than one JSON value")
	}
	if st.Version != stateVersion {
		return fmt.Errorf("has version %d, this program writes %d", st.Version, stateVersion)
	}
	if st.Clients == nil || st.Grants == nil {
		return errors.New("damaged: clients or grants missing")
	}
	return nil
}

// update runs change on a copy of the state, without what has expired, and makes
// the copy the state once it is on disk. If it cannot be written nothing has
// changed. Change reports whether it changed anything.
func (s *store) update(now time.Time, change func(*state) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := state{
		Version: stateVersion,
		Clients: maps.Clone(s.state.Clients),
		Grants:  maps.Clone(s.state.Grants),
	}
	s.prune(&next, now)
	if !change(&next) {
		return nil
	}
	data, err := json.MarshalIndent(next, "", "\t")
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(s.path, data); err != nil {
		return err
	}
	s.state = next
	return nil
}

// prune drops what has expired.
func (s *store) prune(st *state, now time.Time) {
	maps.DeleteFunc(st.Clients, func(_ string, c client) bool {
		last := c.IssuedAt
		if c.LastUsed.After(last) {
			last = c.LastUsed
		}
		return now.Sub(last) >= clientTTL
	})
	maps.DeleteFunc(st.Grants, func(_ string, g grant) bool {
		ttl := s.refreshTTL
		if g.RefreshHash == "" {
			ttl = codeTTL
		}
		_, known := st.Clients[g.Client]
		return !known || now.Sub(g.CreatedAt) >= ttl
	})
}

// client returns a registered client.
func (s *store) client(id string) (client, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.state.Clients[id]
	return c, ok
}

// addClient makes room by dropping the client that was never used for longest,
// or else the one last used longest ago: registering costs nothing, so a flood
// of new clients must not push out those that people sign in with.
func (st *state) addClient(id string, c client) {
	if len(st.Clients) >= maxClients {
		delete(st.Clients, oldest(st.Clients, func(a, b client) int {
			return cmp.Or(a.LastUsed.Compare(b.LastUsed), a.IssuedAt.Compare(b.IssuedAt))
		}))
	}
	st.Clients[id] = c
}

// use notes that a client is used now, and returns it.
func (st *state) use(id string, now time.Time) client {
	c := st.Clients[id]
	c.LastUsed = now.UTC()
	st.Clients[id] = c
	return c
}

// addGrant makes room by dropping the oldest grant.
func (st *state) addGrant(id string, g grant) {
	if len(st.Grants) >= maxGrants {
		delete(st.Grants, oldest(st.Grants, func(a, b grant) int { return a.CreatedAt.Compare(b.CreatedAt) }))
	}
	st.Grants[id] = g
}

// oldest returns the key of the least value, "" if there is none.
func oldest[V any](m map[string]V, compare func(a, b V) int) string {
	var key string
	for k, v := range m {
		if key == "" || compare(v, m[key]) < 0 {
			key = k
		}
	}
	return key
}

// hash is how secrets, codes and refresh tokens are kept. They are random and
// have 128 bits or more, so they need neither salt nor stretching.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// hashMatches compares in constant time. An empty hash matches nothing.
func hashMatches(want, secret string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(hash(secret))) == 1
}
