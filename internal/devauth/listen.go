package devauth

import (
	"context"
	"fmt"
	"net"
)

// Listen binds addr, host and port, for the server. The host must be localhost
// or a loopback address; anything else is refused, and so is an empty host,
// which would silently mean every interface. The name localhost is taken as
// 127.0.0.1, whatever the machine resolves it to.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("devauth: listen address %q: %w", addr, err)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("devauth: listen address %q: the development sign-in has no passwords and listens on loopback only; use localhost:%s", addr, port)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("devauth: %w", err)
	}
	return l, nil
}
