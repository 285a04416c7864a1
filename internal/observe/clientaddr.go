package observe

import (
	"context"
	"net/netip"
)

type clientAddrKey struct{}

// WithClientAddr returns a context that carries where the request being served came
// from, as far as that can be known.
func WithClientAddr(ctx context.Context, addr netip.Addr) context.Context {
	return context.WithValue(ctx, clientAddrKey{}, addr)
}

// ClientAddr returns the address that [WithClientAddr] stored, or the zero address.
func ClientAddr(ctx context.Context) netip.Addr {
	addr, _ := ctx.Value(clientAddrKey{}).(netip.Addr)
	return addr
}
