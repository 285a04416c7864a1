package httpserver

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the addresses whose forwarding headers are believed.
type proxies []netip.Prefix

func (p proxies) contain(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// client returns where r came from: the peer, or, while that is a trusted proxy,
// what the proxy says in X-Forwarded-For. The header is walked from the right,
// where each proxy appended the address it saw; the first one that is not
// trusted is the client, and whatever stands left of it anybody may have written.
func (p proxies) client(r *http.Request) netip.Addr {
	addr := peer(r)
	if !p.contain(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, ok := parseAddr(strings.TrimSpace(hop))
		if !ok {
			break
		}
		if addr = next; !p.contain(addr) {
			break
		}
	}
	return addr
}

// peer returns the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	addr, _ := parseAddr(r.RemoteAddr)
	return addr
}

// parseAddr takes an address with or without a port.
func parseAddr(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(text)
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), err == nil
}
