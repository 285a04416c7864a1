package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// serverMetadata is what is read of an authorization server's metadata (RFC
// 8414 section 2): where its keys are, and for [Verifier.Survey] what it offers
// to clients.
type serverMetadata struct {
	Issuer                string   `json:"issuer"`
	JWKSURL               string   `json:"jwks_uri"`
	ScopesSupported       []string `json:"scopes_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
	RegistrationEndpoint  string   `json:"registration_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	ClientIDDocuments     bool     `json:"client_id_metadata_document_supported"`
	IssuerParameter       bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207

	address string    // where it was found
	date    time.Time // its HTTP Date, zero if there was none
}

// discover finds an issuer's metadata.
func discover(ctx context.Context, client *http.Client, issuer *Issuer) (*serverMetadata, error) {
	u, err := parseServerURL(issuer.URL)
	if err != nil {
		return nil, err
	}
	addresses := metadataAddresses(u)
	if issuer.MetadataURL != "" {
		addresses = []string{issuer.MetadataURL}
	}
	var errs []error
	for _, address := range addresses {
		metadata, err := readMetadata(ctx, client, u, issuer.URL, address)
		if err == nil {
			return metadata, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no metadata: %w", errors.Join(errs...))
}

// metadataAddresses lists where metadata may be, in the order that MCP gives
// its clients: RFC 8414 section 3.1 with the path after the well-known part,
// OpenID Connect in that position, and OpenID Connect Discovery section 4 with
// the path before it.
func metadataAddresses(issuer *url.URL) []string {
	origin := issuer.Scheme + "://" + issuer.Host
	path := strings.TrimSuffix(issuer.EscapedPath(), "/")
	return slices.Compact([]string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + "/.well-known/openid-configuration" + path,
		origin + path + "/.well-known/openid-configuration",
	})
}

// readMetadata reads the document at one address. It must be about exactly the
// configured issuer (RFC 8414 section 3.3).
func readMetadata(ctx context.Context, client *http.Client, u *url.URL, issuer, address string) (*serverMetadata, error) {
	body, header, err := fetch(ctx, client, address)
	if err != nil {
		return nil, err
	}
	metadata := serverMetadata{address: address}
	if json.Unmarshal(body, &metadata) != nil {
		return nil, fmt.Errorf("%s: not a metadata document", address)
	}
	if metadata.Issuer != issuer {
		return nil, fmt.Errorf("%s: its issuer is %q; configure that exact spelling if it is the one you trust", address, metadata.Issuer)
	}
	jwks, err := url.Parse(metadata.JWKSURL)
	if err != nil || jwks.Hostname() == "" {
		return nil, fmt.Errorf("%s: jwks_uri is missing or not a URL", address)
	}
	// Keys may be on another host, as some providers have them, but never on a
	// weaker transport than the issuer.
	if jwks.Scheme != "https" && !(loopbackHTTP(jwks) && loopbackHTTP(u)) {
		return nil, fmt.Errorf("%s: jwks_uri is not https", address)
	}
	metadata.date, _ = http.ParseTime(header.Get("Date"))
	return &metadata, nil
}
