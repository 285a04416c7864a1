package auth_test

import (
	"errors"
	"testing"

	"todomanager/internal/auth"
)

// TestBefore: a verifier that takes the place of another has its keys, but only of an
// issuer that has them in the same place; and none of the tokens that it verified.
func TestBefore(t *testing.T) {
	inBubble(t, func(b bubble) {
		b.expect(b.token(), "")
		known := b.token()
		b.expect(known, "")
		b.issuer.Down()
		after := func(i auth.Issuer) error {
			i.URL = b.issuer.URL
			v, err := auth.NewVerifier(auth.Options{
				Issuers: []auth.Issuer{i}, Resource: b.issuer.Audience, Client: b.issuer.Client(), Before: []*auth.Verifier{b.verifier},
			})
			if err != nil {
				b.Fatal(err)
			}
			_, err = v.Verify(b.Context(), known)
			return err
		}
		if err := after(auth.Issuer{}); err != nil {
			b.Errorf("the same place: %v", err)
		}
		var refusal *auth.TokenError
		if err := after(auth.Issuer{Audiences: []string{"another"}}); !errors.As(err, &refusal) || refusal.Reason != auth.ReasonInvalidAudience {
			b.Errorf("another audience: %v", err)
		}
		if err := after(auth.Issuer{JWKSURL: b.issuer.URL + "/elsewhere"}); !errors.Is(err, auth.ErrUnavailable) {
			b.Errorf("another place: %v", err)
		}
	})
}
