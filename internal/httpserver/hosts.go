package httpserver

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"todomanager/internal/auth"

	"golang.org/x/time/rate"
)

// hosts is the Host allow-list, and finds the sites of a host. It stops DNS rebinding:
// a page whose own name resolves to this server counts as same-origin to the browser,
// but sends its own name as Host.
type hosts struct {
	sites   []site
	exact   map[string]paths // by host:port, and by host alone where the port is the scheme's default
	anyPort map[string]bool  // further hosts, without port or brackets
	further paths            // what is served for further hosts
	logger  *slog.Logger
	sparse  rate.Sometimes
}

func newHosts(sites []site, extra []string, logger *slog.Logger) (*hosts, error) {
	h := &hosts{
		sites:   sites,
		exact:   make(map[string]paths),
		anyPort: make(map[string]bool),
		further: newPaths(sites),
		logger:  logger,
		sparse:  rate.Sometimes{Interval: time.Minute},
	}
	for _, host := range extra {
		if u := (&url.URL{Host: host}); u.Port() == "" {
			h.anyPort[u.Hostname()] = true
		} else {
			h.exact[host] = h.further
		}
	}
	byHost := make(map[string][]site)
	for _, s := range sites {
		for _, host := range slices.Compact([]string{s.public.Host, net.JoinHostPort(s.public.Hostname(), portOf(s.public))}) {
			if slices.ContainsFunc(byHost[host], func(other site) bool { return other.path == s.path }) {
				return nil, fmt.Errorf("two sites at %s%s", host, s.path)
			}
			byHost[host] = append(byHost[host], s)
			h.exact[host] = newPaths(byHost[host])
		}
	}
	return h, nil
}

func (h *hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(r.Host)
	if served, ok := h.exact[host]; ok {
		served.ServeHTTP(w, r)
		return
	}
	if h.anyPort[(&url.URL{Host: host}).Hostname()] {
		h.further.ServeHTTP(w, r)
		return
	}
	meant := h.meant(r)
	h.sparse.Do(func() { h.explain(r, meant) })
	auth.WriteError(w, http.StatusForbidden, auth.ErrorBody{
		Error: "forbidden", Description: "wrong host name; use exactly " + meant.String(), Reason: "host_not_allowed",
	})
}

// meant is the public URL that a request with a wrong host may have been for: one with
// its path, else the first.
func (h *hosts) meant(r *http.Request) *url.URL {
	i := slices.IndexFunc(h.sites, func(s site) bool { return s.path == r.URL.Path })
	return h.sites[max(i, 0)].public
}

// portOf is u's port, also where it is left out as the scheme's default.
func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// explain tells the operator, at most once a minute, why clients are refused.
func (h *hosts) explain(r *http.Request, public *url.URL) {
	message := "refused a Host header that is not allowed; let the proxy pass the original Host, or allow this one"
	if isAlias(public, r.Host) {
		message = "refused another spelling of this address; clients must use exactly the public URL"
	}
	h.logger.WarnContext(r.Context(), message, "host", clip(r.Host, 128), "public_url", public.String())
}

// isAlias reports whether host is the public URL's loopback address and port in
// another spelling, such as 127.0.0.1 for localhost.
func isAlias(public *url.URL, host string) bool {
	u := &url.URL{Scheme: public.Scheme, Host: strings.ToLower(host)}
	return isLoopback(u.Hostname()) && isLoopback(public.Hostname()) && portOf(u) == portOf(public)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
