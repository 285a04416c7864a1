package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// maxKeys is far above what any provider publishes, old keys included.
const maxKeys = 100

// A key verifies signatures of one issuer.
type key struct {
	id     string // kid, "" if the set gives none
	algs   []jose.SignatureAlgorithm
	public any    // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	print  []byte // SHA-256 thumbprint of the key material, RFC 7638
}

func (k *key) equal(other *key) bool {
	return k.id == other.id && bytes.Equal(k.print, other.print) && slices.Equal(k.algs, other.algs)
}

// A keySet is what an issuer published at one moment. It is immutable.
type keySet struct {
	keys      []*key // never empty
	fetched   time.Time
	ambiguous int // keys left out because others have the same id
}

// find returns the key that a token names. A token without kid is verifiable
// only if there is nothing to choose (RFC 7515 section 4.1.4 leaves the choice
// to us; trying all keys would weaken each to the weakest).
func (s *keySet) find(kid string) *key {
	if kid == "" {
		if len(s.keys) == 1 {
			return s.keys[0]
		}
		return nil
	}
	for _, k := range s.keys {
		if k.id == kid {
			return k
		}
	}
	return nil
}

// holds reports whether the set still has this very key for the same use.
func (s *keySet) holds(k *key) bool { return slices.ContainsFunc(s.keys, k.equal) }

func (s *keySet) equal(other *keySet) bool {
	return other != nil && slices.EqualFunc(s.keys, other.keys, (*key).equal)
}

// parseKeySet reads a JWK Set (RFC 7517 section 5). Unusable keys are skipped, as
// the RFC asks; a set without any usable key is an error, so that it cannot
// replace a good one.
func parseKeySet(data []byte, now time.Time) (*keySet, error) {
	published, err := parseKeys(data)
	if err != nil {
		return nil, err
	}
	set := &keySet{fetched: now}
	for _, k := range published {
		switch {
		case k.key == nil:
		case k.ambiguous:
			set.ambiguous++
		default:
			set.keys = append(set.keys, k.key)
		}
	}
	if len(set.keys) == 0 {
		return nil, errors.New("the key set has no usable signature key")
	}
	return set, nil
}

// A publishedKey is an entry of a key set and what this server makes of it.
type publishedKey struct {
	id, kind  string // kid, and for people type, size and algorithm
	key       *key   // nil if it verifies nothing here
	err       error  // why not
	ambiguous bool   // another key of the set has its id
}

func parseKeys(data []byte) ([]publishedKey, error) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(data, &doc) != nil {
		return nil, errors.New("the key set is not a JWK Set")
	}
	if len(doc.Keys) > maxKeys {
		return nil, errors.New("the key set has more than 100 keys")
	}
	published := make([]publishedKey, len(doc.Keys))
	for i, raw := range doc.Keys {
		published[i] = parseKey(raw)
	}
	markAmbiguous(published)
	return published, nil
}

// markAmbiguous marks all keys that share an id with a different key: which of
// them a token means would be the sender's choice.
func markAmbiguous(published []publishedKey) {
	for i := range published {
		k := published[i].key
		published[i].ambiguous = k != nil && k.id != "" && slices.ContainsFunc(published, func(other publishedKey) bool {
			return other.key != nil && other.key.id == k.id && !other.key.equal(k)
		})
	}
}

// parseKey reads one JWK (RFC 7517 section 4). The errors in its result are
// constant texts.
func parseKey(raw json.RawMessage) publishedKey {
	var use struct {
		Use string   `json:"use"`
		Ops []string `json:"key_ops"`
	}
	var jwk jose.JSONWebKey
	if json.Unmarshal(raw, &use) != nil || json.Unmarshal(raw, &jwk) != nil {
		return publishedKey{kind: "?", err: errors.New("of a type that is not known here, or malformed")}
	}
	p := publishedKey{id: jwk.KeyID, kind: keyKind(jwk)}
	if use.Use != "" && use.Use != "sig" || use.Ops != nil && !slices.Contains(use.Ops, "verify") {
		p.err = errors.New("not for signatures (use or key_ops, RFC 7517 sections 4.2 and 4.3)")
		return p
	}
	algs := keyAlgorithms(jwk.Key)
	if len(algs) == 0 {
		p.err = errors.New("not a public key of RSA 2048 to 8192, P-256, P-384, P-521 or Ed25519")
		return p
	}
	algs = slices.DeleteFunc(algs, func(alg jose.SignatureAlgorithm) bool {
		return jwk.Algorithm != "" && jwk.Algorithm != string(alg)
	})
	print, err := jwk.Thumbprint(crypto.SHA256)
	if len(algs) == 0 || err != nil {
		p.err = errors.New("its alg is not a signature algorithm for this type of key")
		return p
	}
	p.key = &key{id: jwk.KeyID, algs: algs, public: jwk.Key, print: print}
	return p
}

// keyKind describes a key for people.
func keyKind(jwk jose.JSONWebKey) string {
	kind := "symmetric or private"
	switch k := jwk.Key.(type) {
	case *rsa.PublicKey:
		kind = fmt.Sprintf("RSA %d", k.N.BitLen())
	case *ecdsa.PublicKey:
		kind = "EC " + k.Curve.Params().Name
	case ed25519.PublicKey:
		kind = "Ed25519"
	}
	if jwk.Algorithm != "" {
		kind += " for " + jwk.Algorithm
	}
	return kind
}

// keyAlgorithms lists the algorithms that a key is fit for (RFC 7518 section 3),
// none for private and symmetric keys.
func keyAlgorithms(public any) []jose.SignatureAlgorithm {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= 2048 && bits <= 8192 {
			return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
		}
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return []jose.SignatureAlgorithm{jose.ES256}
		case elliptic.P384():
			return []jose.SignatureAlgorithm{jose.ES384}
		case elliptic.P521():
			return []jose.SignatureAlgorithm{jose.ES512}
		}
	case ed25519.PublicKey:
		return []jose.SignatureAlgorithm{jose.EdDSA}
	}
	return nil
}
