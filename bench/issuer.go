package main

import (
	"fmt"
	"net"
	"net/http"

	"todomanager/internal/auth/authtest"
)

// people is how many there are in the measured load.
const people = 64

// issuer is an authorization server in this process. Its tokens are signed with RS256.
type issuer struct {
	*authtest.Issuer
	resource string
}

func startIssuer() (*issuer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &issuer{authtest.NewAt("http://"+listener.Addr().String(), "RS256"), "http://localhost:3001"}
	i.Audience = i.resource
	go func() { _ = http.Serve(listener, i) }()
	return i, nil
}

// subject names one of the people.
func subject(n int) string { return fmt.Sprintf("person-%02d", n) }

// token is good for creating.
func (i *issuer) token(n int) string {
	return i.Token(authtest.Claims{Subject: subject(n), Scope: "create:todos", ClientID: "bench"})
}
