package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// healthcheckCommand asks the server on this machine whether it is ready, for images that
// have no shell and no curl.
type healthcheckCommand struct {
	Config    string `env:"TODO_CONFIG" placeholder:"FILE" help:"The server's YAML file."`
	OpsListen string `env:"TODO_OPS_LISTEN" default:"127.0.0.1:3003" placeholder:"HOST:PORT" help:"The server's operations listener (${default})."`
	Listen    string `env:"TODO_LISTEN" default:"127.0.0.1:3001" placeholder:"HOST:PORT" help:"Its main listener, where there is no operations listener (${default})."`
	TLSCert   string `name:"tls-cert" env:"TODO_TLS_CERT" placeholder:"FILE" help:"Its certificate, if its main listener speaks TLS."`
}

// healthcheckTimeout is shorter than what orchestrators grant by default.
const healthcheckTimeout = 4 * time.Second

// Run fails unless the server is ready.
func (c *healthcheckCommand) Run(ctx context.Context, std stdio) error {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	url, err := c.url()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// The certificate is for the public name, and this is the same machine.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above; nothing secret is sent or believed
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s says %s; the server's log says why", url, resp.Status)
	}
	_, err = fmt.Fprintln(std.out, "ready")
	return err
}

// url is that of the listener as it is reached from this machine.
func (c *healthcheckCommand) url() (string, error) {
	scheme, address := "http", c.OpsListen
	if address == "" {
		address = c.Listen
		if c.TLSCert != "" {
			scheme = "https"
		}
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/readyz", nil
}
