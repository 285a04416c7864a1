package config

import "net/url"

// tracesPath is where collectors take traces (OTLP 1.10, OTLP/HTTP request).
const tracesPath = "/v1/traces"

// validateOTLP checks the collector's URL and gives it its path.
func (s *Server) validateOTLP() error {
	if s.OTLPEndpoint == "" {
		return nil
	}
	u, err := url.Parse(s.OTLPEndpoint)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return s.Invalid("otlp-endpoint", s.OTLPEndpoint, "not an http or https URL; write http://localhost:4318, for example")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return s.Invalid("otlp-endpoint", s.OTLPEndpoint, "a user, query or fragment is not accepted; name a collector on this machine or network, and let it add what a service requires")
	case u.Port() == "4317":
		return s.Invalid("otlp-endpoint", s.OTLPEndpoint, "port 4317 is for OTLP over gRPC, which this server does not speak; write port 4318, where collectors take HTTP")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = tracesPath
		s.OTLPEndpoint = u.String()
	}
	return nil
}
