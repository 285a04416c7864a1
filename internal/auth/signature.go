package auth

import (
	"context"
	"errors"
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

// VerifySignature implements [oidc.KeySet].
func (c *signatureCheck) VerifySignature(ctx context.Context, raw string) (payload []byte, err error) {
	payload, c.err = c.verify(ctx, raw)
	return payload, c.err
}

func (c *signatureCheck) verify(ctx context.Context, raw string) ([]byte, error) {
	key, err := c.keys.key(ctx, c.token.kid)
	switch {
	case errors.Is(err, errUnknownKey):
		return nil, refuse(ReasonInvalidToken, "the issuer has no key of this id, or the token names none of several")
	case err != nil:
		return nil, unavailable("the keys of " + c.keys.issuer)
	}
	// Only the key's own algorithms: an RSA key published for PS256 must not
	// verify RS256 (RFC 8725 section 3.1).
	jws, err := jose.ParseSignedCompact(raw, key.algs)
	if err != nil {
		return nil, refuse(ReasonInvalidToken, "the key is not for this signature algorithm")
	}
	payload, err := jws.Verify(key.public)
	if err != nil {
		return nil, refuse(ReasonInvalidToken, "the signature does not verify")
	}
	c.key = key
	return payload, nil
}
