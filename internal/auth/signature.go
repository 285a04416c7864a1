package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // crypto.SHA256
	_ "crypto/sha512" // crypto.SHA384, crypto.SHA512
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// verifySignature runs go-oidc's verifier around our keys. What it is not
// trusted with was settled before (form, duplicate members) or comes after
// (typ, times, audience, subject).
func (i *trusted) verifySignature(ctx context.Context, t *token) (*key, error) {
	check := &signatureCheck{keys: i.keys, token: t}
	if _, err := oidc.NewVerifier(i.URL, check, i.config).Verify(ctx, t.raw); err != nil {
		// go-oidc flattens the key set's error into text; check kept it.
		if check.err == nil {
			check.err = refuse(ReasonInvalidToken, "the signature algorithm is not one of "+strings.Join(i.Algorithms, ", ")+", or a claim is of the wrong type")
		}
		return nil, check.err
	}
	return check.key, nil
}

// A signatureCheck is the [oidc.KeySet] for one token. Being made anew for
// each, it can carry the key and the typed error out of go-oidc.
type signatureCheck struct {
	keys  *keySource
	token *token

	key *key
	err error
}

// VerifySignature implements [oidc.KeySet] for the text of the token it was
// made for, which is parsed already.
func (c *signatureCheck) VerifySignature(ctx context.Context, _ string) (payload []byte, err error) {
	c.key, c.err = c.keys.verify(ctx, c.token)
	return c.token.payload, c.err
}

// verify returns the key that the token names and that verifies its signature.
func (s *keySource) verify(ctx context.Context, t *token) (*key, error) {
	key, err := s.key(ctx, t.kid)
	switch {
	case errors.Is(err, errUnknownKey):
		return nil, refuse(ReasonInvalidToken, "the issuer has no key with this id, or has several and the token names none")
	case err != nil:
		return nil, unavailable("the keys of " + s.issuer.URL)
	}
	if err := key.verify(t); err != nil {
		return nil, err
	}
	return key, nil
}

// verify checks the signature of a token (RFC 7515 section 5.2).
func (k *key) verify(t *token) error {
	alg, _ := t.header.text("alg")
	// Only the key's own algorithms: an RSA key published for PS256 must not
	// verify RS256 (RFC 8725 section 3.1).
	if !slices.Contains(k.algs, jose.SignatureAlgorithm(alg)) {
		return refuse(ReasonInvalidToken, "the key is not for this signature algorithm")
	}
	if !verifies(k.public, alg, []byte(t.signed), t.signature) {
		return refuse(ReasonInvalidToken, "the signature does not verify")
	}
	return nil
}

// verifies implements RFC 7518 sections 3.3 to 3.5 and RFC 8037 section 3.1 for
// an algorithm that fits the key. The salt of RSASSA-PSS is as long as the hash,
// as section 3.5 demands.
func verifies(public any, alg string, message, signature []byte) bool {
	if public, ok := public.(ed25519.PublicKey); ok {
		return ed25519.Verify(public, message, signature)
	}
	hash := hashOf(alg)
	h := hash.New()
	h.Write(message)
	digest := h.Sum(nil)
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		size := (public.Curve.Params().BitSize + 7) / 8
		if len(signature) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		return ecdsa.Verify(public, digest, r, s)
	case *rsa.PublicKey:
		if strings.HasPrefix(alg, "PS") {
			return rsa.VerifyPSS(public, hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(public, hash, digest, signature) == nil
	}
	return false
}

// hashOf returns the hash function of an RS, PS or ES algorithm.
func hashOf(alg string) crypto.Hash {
	switch alg[2:] {
	case "384":
		return crypto.SHA384
	case "512":
		return crypto.SHA512
	default:
		return crypto.SHA256
	}
}
