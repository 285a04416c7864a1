package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"time"

	_ "crypto/sha256" // hashes of the algorithms
	_ "crypto/sha512"
)

// Claims are the claims of a good access token that tests care about. Empty
// ones are left out, except for Audience.
type Claims struct {
	Subject  string
	Audience string // default: the issuer's Audience
	Scope    string // space separated
	ClientID string
	Extra    map[string]any // laid over the others; nil values remove claims
}

// Token returns a good access token of one hour (RFC 9068), signed by the
// issuer's first key.
func (i *Issuer) Token(c Claims) string {
	claims := map[string]any{}
	for name, value := range map[string]string{"sub": c.Subject, "aud": c.Audience, "scope": c.Scope, "client_id": c.ClientID} {
		if value != "" {
			claims[name] = value
		}
	}
	maps.Copy(claims, c.Extra)
	return i.Mint(nil, claims)
}

// Mint signs a token whose header and claims are those of a good one with the
// given members laid over it; a nil value removes a member. An alg in the
// header picks the issuer's key for it, if there is one.
func (i *Issuer) Mint(header, claims map[string]any) string {
	now := i.Now()
	allClaims := map[string]any{
		"iss": i.URL, "aud": i.Audience, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	overlay(allClaims, claims)

	alg, _ := header["alg"].(string)
	key, alg := i.key(alg)
	allHeader := map[string]any{"alg": alg, "kid": key.id, "typ": "at+jwt"}
	overlay(allHeader, header)
	return Sign(alg, key.signer, mustJSON(allHeader), mustJSON(allClaims))
}

// Raw signs a header and a payload as they stand, with the first key.
func (i *Issuer) Raw(header, payload string) string {
	key, alg := i.key("")
	return Sign(alg, key.signer, header, payload)
}

// KeyID returns the id of the first key.
func (i *Issuer) KeyID() string {
	key, _ := i.key("")
	return key.id
}

// key returns the key for alg, else the first one with its algorithm.
func (i *Issuer) key(alg string) (signingKey, string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if key, ok := i.keys[alg]; ok {
		return key, alg
	}
	return i.keys[i.algs[0]], i.algs[0]
}

// NewKey makes a key for an algorithm of RFC 7518 section 3.1 or EdDSA.
func NewKey(alg string) crypto.Signer {
	var key crypto.Signer
	var err error
	switch alg {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		panic(err)
	}
	return key
}

// Sign returns the compact serialization of header and payload, which need not
// be JSON, signed by key as alg asks whatever the header says.
func Sign(alg string, key crypto.Signer, header, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	return signed + "." + encode(signature(alg, key, []byte(signed)))
}

func signature(alg string, key crypto.Signer, message []byte) []byte {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	digest := message
	if hash != 0 {
		h := hash.New()
		h.Write(message)
		digest = h.Sum(nil)
	}
	if key, ok := key.(*ecdsa.PrivateKey); ok {
		r, s, err := ecdsa.Sign(rand.Reader, key, digest)
		if err != nil {
			panic(err)
		}
		size := (key.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	var opts crypto.SignerOpts = hash
	if strings.HasPrefix(alg, "PS") {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	sig, err := key.Sign(rand.Reader, digest, opts)
	if err != nil {
		panic(err)
	}
	return sig
}

func overlay(dst, src map[string]any) {
	for name, value := range src {
		if value == nil {
			delete(dst, name)
			continue
		}
		dst[name] = value
	}
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
