package config

import (
	"cmp"
	"crypto/tls"
	"net/netip"
)

// Server is the configuration of a running server. It is embedded in the kong
// struct of each command that needs it; a command with other defaults sets the
// variables db and issuer on the embedding field:
//
//	type dev struct {
//		config.Server `set:"issuer=http://localhost:3002"`
//	}
//
// kong calls Validate after parsing, so a Server that [Parse] filled is valid.
type Server struct {
	Config string `env:"TODO_CONFIG" placeholder:"FILE" help:"YAML file with any of these settings; keys are the flag names."`

	Listen          string  `env:"TODO_LISTEN" default:"127.0.0.1:3001" placeholder:"HOST:PORT" help:"Address to bind (default ${default})."`
	PublicURL       string  `name:"public-url" env:"TODO_PUBLIC_URL" default:"http://localhost:3001" placeholder:"URL" help:"Exactly what people type into their client; its path is the MCP endpoint (default ${default})."`
	Issuer          Issuers `env:"TODO_ISSUER" default:"${issuer=}" placeholder:"URL,..." help:"Trusted OpenID Connect issuers, compared byte for byte; an issuer that is in the file too keeps its entry there."`
	Audience        List    `env:"TODO_AUDIENCE" placeholder:"TEXT,..." help:"Accepted token audiences (default: the public URL)."`
	ChallengeScopes List    `env:"TODO_CHALLENGE_SCOPES" placeholder:"SCOPE,..." help:"Scopes that clients are told to ask for when people sign in; others they ask for when they need them (default: all)."`
	DB              string  `name:"db" env:"TODO_DB" default:"${db=todos.db}" placeholder:"FILE" help:"SQLite database (default ${default})."`

	AuditKey   string `env:"TODO_AUDIT_KEY" placeholder:"FILE" help:"Private key that signs the heads of the audit log; created if there is none (default: beside the database)."`
	AuditHeads string `env:"TODO_AUDIT_HEADS" placeholder:"FILE" help:"Where the signed heads are kept outside the database; best on another machine's disk (default: beside the database)."`
	MinFree    Size   `env:"TODO_MIN_FREE" default:"256MiB" placeholder:"SIZE" help:"Changes are refused while less than this is free on the database's disk; 0 turns that off (default ${default})."`

	MaxTodos   int64 `env:"TODO_MAX_TODOS" default:"10000" placeholder:"N" help:"Maximum number of todos per person; 0 means no limit (default ${default})."`
	MaxContent int   `env:"TODO_MAX_CONTENT" default:"4000" placeholder:"N" help:"Maximum number of characters in a todo (default ${default})."`
	MaxBody    Size  `env:"TODO_MAX_BODY" default:"1MiB" placeholder:"SIZE" help:"Maximum size of a request body (default ${default})."`

	Rate  float64 `env:"TODO_RATE" default:"10" placeholder:"N" help:"Calls a second for each principal (default ${default})."`
	Burst int     `env:"TODO_BURST" default:"50" placeholder:"N" help:"Calls a principal may make at once (default ${default})."`

	AddressRate  float64 `env:"TODO_ADDRESS_RATE" default:"50" placeholder:"N" help:"Requests a second from each network address that have no valid token, or one not seen before (default ${default})."`
	AddressBurst int     `env:"TODO_ADDRESS_BURST" default:"1000" placeholder:"N" help:"Burst for --address-rate (default ${default})."`

	MaxCalls       int `env:"TODO_MAX_CALLS" default:"256" placeholder:"N" help:"Calls carried out at once; others wait briefly, or get 503 (default ${default})."`
	MaxConnections int `env:"TODO_MAX_CONNECTIONS" default:"4096" placeholder:"N" help:"Maximum number of open connections; idle ones are closed for new ones, else new ones wait (default ${default})."`

	OpsListen      string `env:"TODO_OPS_LISTEN" default:"127.0.0.1:3003" placeholder:"HOST:PORT" help:"Address of /livez, /readyz and /metrics, for monitoring; empty turns it off (default ${default})."`
	BehindProxy    bool   `env:"TODO_BEHIND_PROXY" help:"A proxy in front speaks TLS: allow plain HTTP off loopback."`
	TrustedProxies List   `env:"TODO_TRUSTED_PROXIES" placeholder:"CIDR,..." help:"Proxies whose X-Forwarded-For and X-Request-Id are believed."`
	AllowedHosts   List   `env:"TODO_ALLOWED_HOSTS" placeholder:"HOST[:PORT],..." help:"Host headers accepted besides the public URL's; without a port, any port."`
	AllowedOrigins List   `env:"TODO_ALLOWED_ORIGINS" placeholder:"ORIGIN,..." help:"Web origins whose pages may call the server, besides its own."`
	TLSCert        string `name:"tls-cert" env:"TODO_TLS_CERT" placeholder:"FILE" help:"Certificate chain, PEM; needs --tls-key."`
	TLSKey         string `name:"tls-key" env:"TODO_TLS_KEY" placeholder:"FILE" help:"Private key, PEM; needs --tls-cert."`
	OTLPEndpoint   string `name:"otlp-endpoint" env:"TODO_OTLP_ENDPOINT" placeholder:"URL" help:"OpenTelemetry collector that traces are sent to, by OTLP over HTTP; a URL without a path means its /v1/traces (default: no traces)."`
	DirectCalls    bool   `env:"TODO_DIRECT_CALLS" default:"true" help:"Answer plain calls of tools without the MCP library, several times as fast and with the same answers (default ${default})."`
	LogLevel       string `env:"TODO_LOG_LEVEL" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error (default ${default})."`

	origins map[string]Origin // by setting; nil unless Parse filled the Server
}

// AuditFiles returns where the audit log's private key and its signed heads are.
func (s *Server) AuditFiles() (key, heads string) { return AuditFiles(s.DB, s.AuditKey, s.AuditHeads) }

// AuditFiles returns where they are, given the settings db, audit-key and audit-heads.
func AuditFiles(db, key, heads string) (string, string) {
	return cmp.Or(key, db+".audit-key"), cmp.Or(heads, db+".audit-heads")
}

// Certificate reads the files of --tls-cert and --tls-key, into which Validate does not
// look. It returns nil if there are none. Its error is an [*Error].
func (s *Server) Certificate() (*tls.Certificate, error) {
	if s.TLSCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return nil, s.Invalid("tls-cert", s.TLSCert, "not usable with --tls-key %q: %w; name a PEM certificate chain and its private key", s.TLSKey, err)
	}
	return &pair, nil
}

// Proxies returns --trusted-proxies as prefixes; a plain address is a prefix of
// its full length. The Server must be valid.
func (s *Server) Proxies() []netip.Prefix {
	prefixes := make([]netip.Prefix, len(s.TrustedProxies))
	for i, text := range s.TrustedProxies {
		prefixes[i], _ = parseProxy(text)
	}
	return prefixes
}

// parseProxy reads a CIDR or a single address.
func parseProxy(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}
