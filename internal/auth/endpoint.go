package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// ask sends one introspection request (RFC 7662 section 2.1) and returns the
// answer's members. Whatever is no answer about the token is [ErrUnavailable].
func (s *introspector) ask(ctx context.Context, raw string) (members, error) {
	if !s.breaker.admit() {
		return nil, unavailable("introspection failed a moment ago, or too many tokens are being asked about")
	}
	answer, err := s.post(ctx, raw)
	if errors.Is(err, errUnsupportedToken) {
		s.breaker.settle(nil)
		return nil, refuse(ReasonInvalidToken, "the authorization server does not introspect tokens of this kind; for JWTs, have only opaque tokens introspected")
	}
	s.breaker.settle(err)
	if err != nil {
		return nil, unavailable("introspection at " + s.policy.URL)
	}
	return answer, nil
}

// errUnsupportedToken is the error unsupported_token_type (RFC 7009 section
// 2.2.1), with which some providers answer for JWTs. It says something of the
// token and nothing of the endpoint.
var errUnsupportedToken = errors.New("unsupported token type")

func (s *introspector) post(ctx context.Context, raw string) (members, error) {
	endpoint := s.policy.Introspection
	form := url.Values{"token": {raw}, "token_type_hint": {"access_token"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	// Both are form-urlencoded first (RFC 6749 section 2.3.1).
	req.SetBasicAuth(url.QueryEscape(endpoint.ClientID), url.QueryEscape(endpoint.ClientSecret))
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := readBody(resp, maxAnswerBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", endpoint.URL, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(endpoint.URL, resp.StatusCode, body)
	}
	answer, err := parseMembers(body, s.reserved)
	if err != nil {
		return nil, fmt.Errorf("%s: not an introspection answer: %w", endpoint.URL, err)
	}
	return answer, nil
}

func statusError(address string, status int, body []byte) error {
	var problem struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &problem) // HTML has no error code
	switch {
	case status == http.StatusBadRequest && problem.Error == "unsupported_token_type":
		return errUnsupportedToken
	case status == http.StatusUnauthorized || status == http.StatusForbidden || problem.Error == "invalid_client":
		return fmt.Errorf("%s: HTTP status %d: check the client id and secret, and that this client may introspect", address, status)
	default:
		return fmt.Errorf("%s: HTTP status %d", address, status)
	}
}

const (
	brokenPause = time.Second // that a failing endpoint is left alone
	maxAsking   = 64          // requests at a time
)

// A breaker keeps requests from waiting in line for an endpoint that fails:
// after a failure one request a second is let through until one succeeds. And it
// bounds what strangers, for anybody can make up an opaque token, can have sent
// to the endpoint at a time.
type breaker struct {
	issuer string
	now    func() time.Time
	log    *slog.Logger

	mu     sync.Mutex // guards the following
	asking int        // requests under way
	broken bool
	next   time.Time // when the next request is let through, if broken
}

// admit reports whether a request may be made now. If so, settle must follow.
func (b *breaker) admit() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.asking >= maxAsking || b.broken && now.Before(b.next) {
		return false
	}
	b.asking++
	b.next = now.Add(brokenPause)
	return true
}

// settle takes note of how a request ended.
func (b *breaker) settle(err error) {
	b.mu.Lock()
	b.asking--
	wasBroken := b.broken
	b.broken = err != nil
	if b.broken {
		b.next = b.now().Add(brokenPause)
	}
	b.mu.Unlock()
	switch {
	case err != nil && !wasBroken:
		b.log.Warn("introspection fails; tokens that need it get 503; check the address, client id and secret, TLS and firewall",
			"issuer", b.issuer, "err", err)
	case err == nil && wasBroken:
		b.log.Info("introspection works again", "issuer", b.issuer)
	}
}
