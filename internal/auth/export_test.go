package auth

import "time"

// VerifyJWS verifies a JWS whose payload need not be claims, with the key that
// it names in a JWK Set. Tests of signatures alone need it.
func VerifyJWS(jwks []byte, jws string) error {
	set, err := parseKeySet(jwks, time.Time{})
	if err != nil {
		return err
	}
	t, err := newParser(nil).parseJWS(jws)
	if err != nil {
		return err
	}
	k := set.find(t.kid)
	if k == nil {
		return errUnknownKey
	}
	return k.verify(t)
}
