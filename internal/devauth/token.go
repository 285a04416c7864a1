package devauth

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// tokenResponse is the answer of RFC 6749 section 5.1. The scope is always
// told: it may be less than was asked for.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope"`
}

// claims are those of an access token (RFC 9068 section 2.2).
type claims struct {
	Issuer   string           `json:"iss"`
	Subject  string           `json:"sub"`
	Audience string           `json:"aud"`
	Expiry   *jwt.NumericDate `json:"exp"`
	IssuedAt *jwt.NumericDate `json:"iat"`
	ID       string           `json:"jti"`
	ClientID string           `json:"client_id"`
	Scope    string           `json:"scope,omitempty"`
}

// token is the token endpoint (RFC 6749 section 3.2).
func (s *Server) token(r *http.Request) (int, any, error) {
	if err := readForm(r); err != nil {
		return 0, nil, err
	}
	id, c, err := s.authenticate(r)
	if err != nil {
		return 0, nil, err
	}
	var g grant
	var refresh string
	switch r.PostForm.Get("grant_type") {
	case grantCode:
		g, refresh, err = s.redeemCode(r.PostForm, id)
	case grantRefresh:
		if !slices.Contains(c.GrantTypes, grantRefresh) {
			return 0, nil, refusal("unauthorized_client", "The client did not register the grant type refresh_token.")
		}
		g, refresh, err = s.refresh(r.PostForm, id)
	default:
		err = refusal("unsupported_grant_type", "Only authorization_code and refresh_token are supported.")
	}
	if err != nil {
		return 0, nil, err
	}
	return s.issue(g, refresh)
}

// issue signs an access token for a grant.
func (s *Server) issue(g grant, refresh string) (int, any, error) {
	now := s.cfg.Now()
	scope := strings.Join(g.Scopes, " ")
	token, err := jwt.Signed(s.signer).Claims(claims{
		Issuer:   s.cfg.Issuer,
		Subject:  g.Person,
		Audience: g.Resource,
		Expiry:   jwt.NewNumericDate(now.Add(s.cfg.AccessTokenTTL)),
		IssuedAt: jwt.NewNumericDate(now),
		ID:       rand.Text(),
		ClientID: g.Client,
		Scope:    scope,
	}).Serialize()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, tokenResponse{
		AccessToken:  token,
		TokenType:    "Bearer",
		ExpiresIn:    int64(s.cfg.AccessTokenTTL.Seconds()),
		RefreshToken: refresh,
		Scope:        scope,
	}, nil
}

// newSigner signs access tokens: typ at+jwt and the key's kid in the header.
func newSigner(key jose.JSONWebKey) (jose.Signer, error) {
	return jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt"))
}

// verifierMatches implements RFC 7636 section 4.6 for S256.
func verifierMatches(challenge, verifier string) bool {
	return len(verifier) >= 43 && len(verifier) <= 128 &&
		subtle.ConstantTimeCompare([]byte(challenge), []byte(hash(verifier))) == 1
}
