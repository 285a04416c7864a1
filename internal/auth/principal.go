package auth

import "context"

// Principal is the verified caller. It is a plain value; verified tokens are
// cached and share it, so nobody may change the elements of Scopes.
type Principal struct {
	// Issuer is the authorization server's identifier, byte for byte as
	// configured (RFC 9068 section 4).
	Issuer string
	// Tenant is the value of the issuer's tenant claim, "" when none is
	// configured.
	Tenant string
	// Subject is the user at that issuer and tenant: 1 to 255 bytes of valid
	// UTF-8, compared byte for byte. It means nothing without the other two.
	Subject string
	// ClientID is the OAuth client that obtained the token, "" if the token
	// does not say. At most 255 bytes.
	ClientID string
	// Scopes are the granted scopes under this server's own names.
	Scopes Scopes
	// TokenHash is the SHA-256 of the token's "header.payload", or of the whole
	// token if it is opaque. The signature
	// is left out because one token can carry several valid ones (an ECDSA
	// signature has a twin).
	TokenHash [32]byte
	// TokenID is the jti claim, "" if absent. At most 255 bytes, no control
	// characters.
	TokenID string
}

type principalKey struct{}

// WithPrincipal returns a context that carries p for [PrincipalFrom].
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns the principal that [Guard.Require] put into the
// context. It is for the transport; below it the principal is a parameter.
func PrincipalFrom(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}
