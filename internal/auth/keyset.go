package auth

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	keysEvery     = 10 * time.Minute // background refresh of the keys
	metadataEvery = time.Hour        // and of where they are
	keysMaxAge    = 24 * time.Hour   // keys not confirmed for longer are not used
	cooldown      = 30 * time.Second // between fetches that requests cause
	patience      = 5 * time.Second  // that a request waits for a fetch
	refreshLimit  = 20 * time.Second // three metadata addresses and the keys
	firstRetry    = time.Second      // background retry, doubled up to
	lastRetry     = time.Minute
)

var (
	errNoKeys     = errors.New("no keys")
	errUnknownKey = errors.New("unknown key")
)

// A keySource keeps the keys of one issuer. What it adds to go-oidc's
// RemoteKeySet: no request can cause more than one fetch in 30 seconds, a set
// is only ever replaced by a usable one, keys grow old, and an outage is told
// apart from a bad token.
type keySource struct {
	issuer *Issuer
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	set      atomic.Pointer[keySet]         // nil until the first success
	metadata atomic.Pointer[serverMetadata] // nil until the first success, and with a JWKSURL
	retired  atomic.Bool                    // nobody keeps the set fresh any more

	mu       sync.Mutex // guards the following
	inflight *flight    // the fetch under way, if any
	asked    time.Time  // when a request last started a fetch
	lastErr  error      // of the last finished fetch

	// Owned by the one fetch under way.
	discovered time.Time // when the metadata was last read
}

// A flight is one fetch that any number of callers wait for.
type flight struct {
	done chan struct{} // closed when err is set
	err  error
}

// current returns the keys that may be used now, nil if there are none.
func (s *keySource) current() *keySet {
	set := s.set.Load()
	if set == nil || s.now().Sub(set.fetched) > keysMaxAge {
		return nil
	}
	return set
}

// key returns the key for a kid, fetching the set if that could help. It
// returns errUnknownKey if the issuer answers and has no such key, and
// errNoKeys if that cannot be known.
func (s *keySource) key(ctx context.Context, kid string) (*key, error) {
	if set := s.current(); set != nil {
		if k := set.find(kid); k != nil {
			return k, nil
		}
		if kid == "" {
			return nil, errUnknownKey
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.refresh(ctx, true)
	set := s.current()
	if set == nil {
		return nil, errNoKeys
	}
	if k := set.find(kid); k != nil {
		return k, nil
	}
	if err != nil {
		return nil, errNoKeys
	}
	return nil, errUnknownKey
}

// inherit takes over what another source knows, if it looks in the same place. It is
// called before the source is used.
func (s *keySource) inherit(from *trusted) {
	if from == nil || from.MetadataURL != s.issuer.MetadataURL || from.JWKSURL != s.issuer.JWKSURL {
		return
	}
	if set := from.keys.set.Load(); set != nil {
		s.set.Store(set)
		s.metadata.Store(from.keys.metadata.Load())
	}
}

// refresh fetches the set or joins the fetch under way, and returns how it
// ended. A fetch outlives the caller that started it, so nobody can keep it
// from finishing by hanging up. On behalf of a request it fetches only if no
// request did so lately, and otherwise repeats the last result.
func (s *keySource) refresh(ctx context.Context, forRequest bool) error {
	s.mu.Lock()
	f := s.inflight
	if f == nil {
		now := s.now()
		if forRequest && now.Sub(s.asked) < cooldown {
			defer s.mu.Unlock()
			return s.lastErr
		}
		if forRequest {
			s.asked = now
		}
		f = &flight{done: make(chan struct{})}
		s.inflight = f
		go s.fly(context.WithoutCancel(ctx), f)
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *keySource) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	f.err = s.load(ctx)

	s.mu.Lock()
	wasDown := s.lastErr != nil
	s.lastErr = f.err
	s.inflight = nil
	s.mu.Unlock()
	close(f.done)
	if s.retired.Load() { // it was the last one, as far as can be told
		s.client.CloseIdleConnections()
	}

	switch {
	case f.err != nil && !wasDown:
		s.log.Warn("authorization server out of reach; keys already known stay valid for a day, other tokens get 503; check its address, name resolution, TLS and firewall",
			"issuer", s.issuer.URL, "err", f.err)
	case f.err == nil && wasDown:
		s.log.Info("authorization server answers again", "issuer", s.issuer.URL)
	}
}

// load replaces the set by what the issuer publishes now, if that is usable.
func (s *keySource) load(ctx context.Context) error {
	address, err := s.locate(ctx)
	if err != nil {
		return err
	}
	body, _, err := fetch(ctx, s.client, address)
	if err != nil {
		s.discovered = time.Time{} // the keys may have moved
		return err
	}
	set, err := parseKeySet(body, s.now())
	if err != nil {
		return err
	}
	if old := s.set.Swap(set); !set.equal(old) {
		s.log.Info("signing keys loaded", "issuer", s.issuer.URL, "keys", len(set.keys))
		if set.ambiguous > 0 {
			s.log.Warn("different keys share a key id and are not used; the authorization server must give each key its own kid",
				"issuer", s.issuer.URL, "keys", set.ambiguous)
		}
	}
	return nil
}

// locate finds out where the keys are. A location once found is good until
// another is published, so failing metadata alone is no outage.
func (s *keySource) locate(ctx context.Context) (address string, err error) {
	if s.issuer.JWKSURL != "" {
		return s.issuer.JWKSURL, nil
	}
	known := s.metadata.Load()
	if known != nil && s.now().Sub(s.discovered) < metadataEvery {
		return known.JWKSURL, nil
	}
	found, err := discover(ctx, s.client, s.issuer)
	switch {
	case err == nil:
		s.metadata.Store(found)
		s.discovered = s.now()
		return found.JWKSURL, nil
	case known != nil:
		return known.JWKSURL, nil
	default:
		return "", err
	}
}

// run keeps the set fresh until ctx ends.
func (s *keySource) run(ctx context.Context) {
	retry := firstRetry
	for {
		wait := keysEvery
		if s.refresh(ctx, false) == nil {
			retry = firstRetry
		} else {
			wait, retry = retry, min(2*retry, lastRetry)
		}
		// Replicas started together must not ask together for ever.
		wait += time.Duration((rand.Float64() - 0.5) / 5 * float64(wait))
		select {
		case <-ctx.Done():
			s.retired.Store(true)
			return
		case <-time.After(wait):
		}
	}
}
