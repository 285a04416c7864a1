package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	fetchTimeout     = 5 * time.Second // for one document
	maxDocumentBytes = 512 << 10
	maxRedirects     = 3
)

// newClient returns the client for metadata and keys, on whose transport
// introspection runs too. Whatever base is, a
// document takes at most [fetchTimeout], and a redirect stays on the host that
// was configured or published (RFC 8414 section 6.2). The default client
// ignores proxy variables: who may vouch for users does not depend on the
// environment.
func newClient(base *http.Client) *http.Client {
	client := http.Client{}
	if base != nil {
		client = *base
	} else {
		client.Transport = &http.Transport{
			DialContext:            (&net.Dialer{Timeout: fetchTimeout}).DialContext,
			ForceAttemptHTTP2:      true,
			IdleConnTimeout:        time.Minute,
			MaxIdleConnsPerHost:    8, // introspection
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	if client.Timeout == 0 || client.Timeout > fetchTimeout {
		client.Timeout = fetchTimeout
	}
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if from := via[0].URL; req.URL.Scheme != from.Scheme || req.URL.Host != from.Host {
			return errors.New("redirected to another host")
		}
		if len(via) > maxRedirects {
			return errors.New("redirected too often")
		}
		return nil
	}
	return &client
}

// fetch gets one JSON document and its header. Errors name the address and what
// was wrong, never what the answer contained.
func fetch(ctx context.Context, client *http.Client, address string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Cache-Control", "no-cache")
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s: HTTP status %d", address, resp.StatusCode)
	}
	body, err := readBody(resp, maxDocumentBytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", address, err)
	}
	return body, resp.Header, nil
}

func readBody(resp *http.Response, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return body, nil
}
