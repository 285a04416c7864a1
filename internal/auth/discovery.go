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

	"github.com/coreos/go-oidc/v3/oidc"
)

// discover finds an issuer's metadata and returns the address of its keys.
func discover(ctx context.Context, client *http.Client, issuer string) (jwksURL string, err error) {
	u, err := parseServerURL(issuer)
	if err != nil {
		return "", err
	}
	var errs []error
	for _, address := range metadataAddresses(u) {
		if jwksURL, err = readMetadata(ctx, client, u, issuer, address); err == nil {
			return jwksURL, nil
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("no metadata: %w", errors.Join(errs...))
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
func readMetadata(ctx context.Context, client *http.Client, u *url.URL, issuer, address string) (jwksURL string, err error) {
	body, err := fetch(ctx, client, address)
	if err != nil {
		return "", err
	}
	var metadata oidc.ProviderConfig
	if json.Unmarshal(body, &metadata) != nil {
		return "", fmt.Errorf("%s: not a metadata document", address)
	}
	if metadata.IssuerURL != issuer {
		return "", fmt.Errorf("%s: its issuer is %q; configure that exact spelling if it is the one you trust", address, metadata.IssuerURL)
	}
	jwks, err := url.Parse(metadata.JWKSURL)
	if err != nil || jwks.Hostname() == "" {
		return "", fmt.Errorf("%s: jwks_uri is missing or not a URL", address)
	}
	// Keys may be on another host, as some providers have them, but never on a
	// weaker transport than the issuer.
	if jwks.Scheme != "https" && !(loopbackHTTP(jwks) && loopbackHTTP(u)) {
		return "", fmt.Errorf("%s: jwks_uri is not https", address)
	}
	return metadata.JWKSURL, nil
}
