package auth

import (
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// cacheSize bounds the verified tokens kept in memory, some 10 MB at most in
// practice. Only good tokens get in, so nobody without one can push others out.
const cacheSize = 10_000

// A cache remembers verified tokens by the SHA-256 of the whole token,
// signature included, so that only the very bytes that were verified hit. It
// belongs to one Verifier, so no entry outlives the configuration.
type cache struct {
	lru *lru.Cache[[sha256.Size]byte, verified]
}

type verified struct {
	principal Principal
	expires   time.Time
	keys      *keySource // the issuer's
	key       *key       // that verified the signature
}

func newCache() (cache, error) {
	entries, err := lru.New[[sha256.Size]byte, verified](cacheSize)
	return cache{entries}, err
}

// get returns the principal of a token that would still be verified: it has
// not expired, and its issuer still publishes its key.
func (c cache) get(digest [sha256.Size]byte, now time.Time) (Principal, bool) {
	v, ok := c.lru.Get(digest)
	if !ok {
		return Principal{}, false
	}
	set := v.keys.current()
	if set == nil || !set.holds(v.key) || !now.Before(v.expires) {
		c.lru.Remove(digest)
		return Principal{}, false
	}
	return v.principal, true
}

func (c cache) add(digest [sha256.Size]byte, v verified) { c.lru.Add(digest, v) }
