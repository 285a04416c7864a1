package devauth

import (
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// metadata is the document of RFC 8414 section 2 and, with the two members that
// OpenID Connect Discovery 1.0 section 3 adds, of openid-configuration. Those
// describe no more than the key: openid is not a scope here.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	RegistrationEndpoint  string   `json:"registration_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuthMethods []string `json:"revocation_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	IssParameter          bool     `json:"authorization_response_iss_parameter_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
}

func (s *Server) metadata(*http.Request) (int, any, error) {
	iss := s.cfg.Issuer
	return http.StatusOK, metadata{
		Issuer:                iss,
		AuthorizationEndpoint: iss + "/authorize",
		TokenEndpoint:         iss + "/token",
		RegistrationEndpoint:  iss + "/register",
		RevocationEndpoint:    iss + "/revoke",
		JWKSURI:               iss + "/jwks.json",
		Scopes:                scopeNames(slices.DeleteFunc(slices.Clone(s.cfg.Scopes), func(sc Scope) bool { return sc.Unlisted })),
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query"},
		GrantTypes:            []string{grantCode, grantRefresh},
		TokenAuthMethods:      []string{authNone, authBasic, authPost},
		RevocationAuthMethods: []string{authNone, authBasic, authPost},
		ChallengeMethods:      []string{"S256"},
		IssParameter:          true,
		SubjectTypes:          []string{"public"},
		IDTokenAlgorithms:     []string{string(jose.ES256)},
	}, nil
}

func (s *Server) jwks(*http.Request) (int, any, error) {
	return http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{s.key.Public()}}, nil
}
