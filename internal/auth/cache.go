package auth

import (
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// cacheSize bounds the verified tokens kept in memory: some 10 MB in practice, 60 MB
// where an issuer fills every name to its limit. Only good tokens get in, so nobody
// without one can push others out.
const cacheSize = 10_000

// A digest is the SHA-256 of a whole token, signature included.
type digest = [sha256.Size]byte

// A cache remembers verified tokens by their digest, so that only the very
// bytes that were verified hit. It belongs to one Verifier, so no entry outlives
// the configuration.
type cache struct {
	lru *lru.Cache[digest, verified]
}

type verified struct {
	principal Principal
	expires   time.Time  // from then on the token must be looked at again
	keys      *keySource // the issuer's, nil if the token was introspected
	key       *key       // that verified the signature
}

func newCache() (cache, error) {
	entries, err := lru.New[digest, verified](cacheSize)
	return cache{entries}, err
}

// get returns the principal of a token that would still be verified: it has not
// expired, and its issuer still publishes its key.
func (c cache) get(d digest, now time.Time) (Principal, bool) {
	v, ok := c.lru.Get(d)
	if !ok {
		return Principal{}, false
	}
	if !now.Before(v.expires) || !v.keyHolds() {
		c.lru.Remove(d)
		return Principal{}, false
	}
	return v.principal, true
}

func (v verified) keyHolds() bool {
	if v.keys == nil {
		return true
	}
	set := v.keys.current()
	return set != nil && set.holds(v.key)
}

func (c cache) add(d digest, v verified) { c.lru.Add(d, v) }
