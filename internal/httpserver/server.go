package httpserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Limits of a connection. They are for slow and idle clients; what a request may
// cost is bounded elsewhere.
const (
	readHeaderTimeout = 10 * time.Second
	// readTimeout lets a body of 1 MiB through at 35 kB/s.
	readTimeout = 30 * time.Second
	// writeTimeout runs from the end of the request's header. It covers reading the
	// body, the work, and a listing of some megabytes to a slow client.
	writeTimeout = 90 * time.Second
	// idleTimeout outlasts the 60 s that proxies usually keep connections for:
	// the proxy, not this end, should close first.
	idleTimeout = 2 * time.Minute
	// maxHeader leaves room for a token of 16 KiB and a proxy's additions; net/http
	// adds 4 KiB and answers 431 beyond.
	maxHeader = 64 << 10
	// defaultGrace stays below the 30 s that Kubernetes waits before it kills.
	defaultGrace = 25 * time.Second
)

// Options says how to listen.
type Options struct {
	// Address is host:port; port 0 picks a free one.
	Address string
	// Certificate, if set, turns TLS on. It is asked for the certificate of each new
	// connection and never returns nil.
	Certificate func() *tls.Certificate
	// Handler serves the requests.
	Handler http.Handler
	// Grace bounds how long requests in flight may take to finish; 0 means 25 s.
	Grace time.Duration
	// MaxConnections bounds the open connections; 0: no bound.
	MaxConnections int
	// BehindProxy says that connections come from a proxy: their addresses do not tell
	// clients apart, and no address has a bound of its own.
	BehindProxy bool
	// Timeouts bound what slow clients can hold.
	Timeouts Timeouts
	// Logger gets what net/http reports.
	Logger *slog.Logger
}

// Timeouts are for clients that are slow or say nothing. A zero field means 10 s for
// Header, 30 s for Read, 90 s for Write, 2 min for Idle.
type Timeouts struct {
	Header time.Duration // from the first byte of a request, or the connection, to the end of its header
	Read   time.Duration // to the end of its body
	Write  time.Duration // from the end of the header to the end of the answer
	Idle   time.Duration // between two requests
}

// Server is a bound listener and the server on it.
type Server struct {
	listener net.Listener
	http     *http.Server
	grace    time.Duration
}

// Listen binds the address. Until Serve is called, connections wait.
func Listen(o Options) (*Server, error) {
	s := &Server{
		grace: cmp.Or(o.Grace, defaultGrace),
		http: &http.Server{
			Handler:           o.Handler,
			ReadHeaderTimeout: cmp.Or(o.Timeouts.Header, readHeaderTimeout),
			ReadTimeout:       cmp.Or(o.Timeouts.Read, readTimeout),
			WriteTimeout:      cmp.Or(o.Timeouts.Write, writeTimeout),
			IdleTimeout:       cmp.Or(o.Timeouts.Idle, idleTimeout),
			MaxHeaderBytes:    maxHeader,
			ErrorLog:          errorLog(o.Logger),
		},
	}
	if o.Certificate != nil {
		s.http.TLSConfig = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return o.Certificate(), nil }}
	}
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, mend(err))
	}
	s.listener = listener
	if o.MaxConnections > 0 {
		limited := limitConnections(listener, o)
		s.listener, s.http.ConnState = limited, limited.state
	}
	return s, nil
}

// mend says what to do about the usual errors of binding.
func mend(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "; another program listens there: stop it or choose another port"
	case errors.Is(err, syscall.EACCES):
		return "; ports below 1024 need a privilege: choose a higher one"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "; this machine has no such address"
	}
	return ""
}

// Addr returns the bound address, with the real port.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close releases the address of a Server that will not be served.
func (s *Server) Close() error { return s.listener.Close() }

// Serve serves until ctx ends, then refuses connections and waits for requests in
// flight, whose own contexts go on. Those that take longer than the grace are cut
// off, which is an error. Serve can be called once.
func (s *Server) Serve(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.serve() }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer cancel()
	err := s.http.Shutdown(drain)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests were still running after %v: %w", s.grace, err), s.http.Close())
	}
	return errors.Join(err, <-served)
}

// serve returns nil after Shutdown or Close.
func (s *Server) serve() error {
	serve := s.http.Serve
	if s.http.TLSConfig != nil {
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	if err := serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
