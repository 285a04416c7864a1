package httpserver

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"todomanager/internal/auth"

	"golang.org/x/time/rate"
)

// hosts is the Host allow-list. It stops DNS rebinding: a page whose own name
// resolves to this server counts as same-origin to the browser, but sends its own
// name as Host.
type hosts struct {
	public  *url.URL
	exact   map[string]bool // host:port, and host alone where the port is the scheme's default
	anyPort map[string]bool // host without port or brackets
	logger  *slog.Logger
	sparse  rate.Sometimes
}

func allowHosts(public *url.URL, extra []string, logger *slog.Logger, next http.Handler) http.Handler {
	h := &hosts{
		public:  public,
		exact:   map[string]bool{public.Host: true, net.JoinHostPort(public.Hostname(), portOf(public)): true},
		anyPort: make(map[string]bool),
		logger:  logger,
		sparse:  rate.Sometimes{Interval: time.Minute},
	}
	for _, host := range extra {
		if u := (&url.URL{Host: host}); u.Port() == "" {
			h.anyPort[u.Hostname()] = true
		} else {
			h.exact[host] = true
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := strings.ToLower(r.Host); h.exact[host] || h.anyPort[(&url.URL{Host: host}).Hostname()] {
			next.ServeHTTP(w, r)
			return
		}
		h.sparse.Do(func() { h.explain(r) })
		auth.WriteError(w, http.StatusForbidden, auth.Error{
			Error: "forbidden", Description: "wrong host name; use exactly " + public.String(), Reason: "host_not_allowed",
		})
	})
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
func (h *hosts) explain(r *http.Request) {
	message := "refused a Host header that is not allowed; let the proxy pass the original Host, or allow this one"
	if h.isAlias(r.Host) {
		message = "refused another spelling of this address; clients must use exactly the public URL"
	}
	h.logger.WarnContext(r.Context(), message, "host", clip(r.Host, 128), "public_url", h.public.String())
}

// isAlias reports whether host is the public URL's loopback address and port in
// another spelling, such as 127.0.0.1 for localhost.
func (h *hosts) isAlias(host string) bool {
	u := &url.URL{Scheme: h.public.Scheme, Host: strings.ToLower(host)}
	return isLoopback(u.Hostname()) && isLoopback(h.public.Hostname()) && portOf(u) == portOf(h.public)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
