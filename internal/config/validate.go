package config

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Validate checks everything that can be known without opening a socket or a
// file and returns the first finding as an [*Error].
func (s *Server) Validate() error {
	s.placeIssuers()
	return cmp.Or(
		s.validateListen(),
		s.validateOpsListen(),
		s.validateTLS(),
		s.validatePublicURL(),
		s.validateIssuers(),
		s.validateSites(),
		s.validateAudience(),
		s.validateExposure(),
		s.validateProxies(),
		s.validateHosts(),
		s.validateOrigins(),
		s.validateRate(),
		s.validateLimits(),
		s.validateDB(),
		s.validateOTLP(),
		s.validateLogLevel(),
	)
}

// Invalid returns an [*Error] about a setting. Other packages use it for values that only
// their user can judge.
func (s *Server) Invalid(name string, value any, format string, args ...any) error {
	return invalid(s.Origin(name), name, value, format, args...)
}

// invalid is the one form of a finding: the setting in all its spellings, the value and
// where it comes from, and what to write instead.
func invalid(origin Origin, name string, value any, format string, args ...any) error {
	if text, ok := value.(string); ok {
		value = strconv.Quote(Redact(text))
	}
	return &Error{fmt.Errorf("--%s (variable %s, file key %s) is %v%s: %w", name, variable(name), name, value, origin.from(), fmt.Errorf(format, args...))}
}

// Redact hides the password of a URL that has one by mistake.
func Redact(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}

func (s *Server) validateListen() error {
	if err := checkAddress(s.Listen); err != nil {
		return s.Invalid("listen", s.Listen, "%w", err)
	}
	return nil
}

func (s *Server) validateOpsListen() error {
	if s.OpsListen == "" {
		return nil
	}
	if err := checkAddress(s.OpsListen); err != nil {
		return s.Invalid("ops-listen", s.OpsListen, "%w, or leave it empty to turn the listener off", err)
	}
	if _, port, _ := net.SplitHostPort(s.OpsListen); s.OpsListen == s.Listen && port != "0" {
		return s.Invalid("ops-listen", s.OpsListen, "the same as --listen; choose another port")
	}
	return nil
}

// checkAddress wants an explicit host: an address without one binds every
// interface, which nobody should do by leaving something out.
func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("not of the form HOST:PORT; write 127.0.0.1:3001, for example")
	}
	if host == "" || host == "*" {
		return errors.New("without a host it means every interface; write 127.0.0.1:" + port + ", or 0.0.0.0:" + port + " if you do mean every interface")
	}
	if !isNumber(port, 0) {
		return errors.New("the port must be a number from 0 to 65535, where 0 picks a free one")
	}
	return nil
}

func isNumber(port string, lowest uint64) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n >= lowest && strconv.FormatUint(n, 10) == port
}

// IsLoopback reports whether a host, without port or brackets, is on this machine.
func IsLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (s *Server) validateAudience() error {
	if audience, err := checkAudiences(s.Audience); err != nil {
		return s.Invalid("audience", audience, "%w", err)
	}
	return nil
}

// checkAudiences returns the audience that is wrong, and why.
func checkAudiences(list List) (string, error) {
	for i, audience := range list {
		if strings.ContainsAny(audience, " \t\r\n") {
			return audience, errors.New("an audience has no spaces; separate several with commas")
		}
		if slices.Contains(list[:i], audience) {
			return audience, errors.New("given twice; keep one")
		}
	}
	return "", nil
}

func (s *Server) validateTLS() error {
	switch {
	case s.TLSCert != "" && s.TLSKey == "":
		return s.Invalid("tls-cert", s.TLSCert, "a certificate needs its key; set --tls-key too")
	case s.TLSKey != "" && s.TLSCert == "":
		return s.Invalid("tls-key", s.TLSKey, "a key needs its certificate; set --tls-cert too")
	}
	return nil
}

// validateExposure refuses to show tokens to a network in clear.
func (s *Server) validateExposure() error {
	host, _, _ := net.SplitHostPort(s.Listen)
	if IsLoopback(host) || s.BehindProxy || s.TLSCert != "" {
		return nil
	}
	return s.Invalid("listen", s.Listen, "plain HTTP off loopback shows tokens to the network; set --behind-proxy if a proxy in front speaks TLS, or --tls-cert and --tls-key, or listen on 127.0.0.1")
}

func (s *Server) validateProxies() error {
	for _, text := range s.TrustedProxies {
		if _, err := parseProxy(text); err != nil {
			return s.Invalid("trusted-proxies", text, "not an address or CIDR; write 10.0.0.0/8 or 192.0.2.7, for example")
		}
	}
	return nil
}

func (s *Server) validateRate() error {
	if !(s.Rate > 0) || math.IsInf(s.Rate, 1) {
		return s.Invalid("rate", s.Rate, "must be above 0 calls a second; the default is 10")
	}
	if !(s.AddressRate > 0) || math.IsInf(s.AddressRate, 1) {
		return s.Invalid("address-rate", s.AddressRate, "must be above 0 requests a second; the default is 50")
	}
	if s.AddressBurst < 1 {
		return s.Invalid("address-burst", s.AddressBurst, "must be at least 1, or nobody can ever sign in; the default is 1000")
	}
	if s.Burst < 1 {
		return s.Invalid("burst", s.Burst, "must be at least 1, or no call is ever allowed; the default is 50")
	}
	return nil
}

func (s *Server) validateDB() error {
	if strings.TrimSpace(s.DB) == "" {
		return s.Invalid("db", s.DB, "name the SQLite file, for example todos.db")
	}
	return nil
}

func (s *Server) validateLogLevel() error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, s.LogLevel) {
		return s.Invalid("log-level", s.LogLevel, "must be debug, info, warn or error")
	}
	return nil
}
