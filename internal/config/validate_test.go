package config_test

import (
	"math"
	"net/netip"
	"strings"
	"testing"

	"todomanager/internal/config"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func valid() config.Server {
	return config.Server{
		Listen: "127.0.0.1:3001", PublicURL: "https://todo.example.com/mcp", Issuer: trust(issuer),
		DB: "todos.db", Rate: 10, Burst: 50, AddressRate: 50, AddressBurst: 1000, OpsListen: "127.0.0.1:3003", LogLevel: "info",
		MaxCalls: 256, MaxConnections: 4096, MaxTodos: 10_000, MaxContent: 4000, MaxBody: 1 << 20,
	}
}

func trust(urls ...string) (list config.Issuers) {
	for _, url := range urls {
		list = append(list, &config.Issuer{URL: url})
	}
	return list
}

func TestValidateRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*config.Server)
		want   []string
	}{
		"every interface":      {func(s *config.Server) { s.Listen = ":3001" }, []string{"--listen", "TODO_LISTEN", `":3001"`, "127.0.0.1:3001"}},
		"star":                 {func(s *config.Server) { s.Listen = "*:3001" }, []string{"--listen", "every interface"}},
		"no port":              {func(s *config.Server) { s.Listen = "127.0.0.1" }, []string{"--listen", "HOST:PORT"}},
		"port name":            {func(s *config.Server) { s.Listen = "127.0.0.1:http" }, []string{"--listen", "number"}},
		"port too large":       {func(s *config.Server) { s.Listen = "127.0.0.1:65536" }, []string{"--listen", "65535"}},
		"ops every interface":  {func(s *config.Server) { s.OpsListen = ":3003" }, []string{"--ops-listen", "TODO_OPS_LISTEN", "every interface", "empty"}},
		"ops same as main":     {func(s *config.Server) { s.OpsListen = s.Listen }, []string{"--ops-listen", "--listen"}},
		"plain off loopback":   {func(s *config.Server) { s.Listen = "0.0.0.0:3001" }, []string{"--listen", "--behind-proxy", "--tls-cert"}},
		"plain on a name":      {func(s *config.Server) { s.Listen = "todo:3001" }, []string{"--listen", "--behind-proxy"}},
		"plain on v6":          {func(s *config.Server) { s.Listen = "[::]:3001" }, []string{"--listen", "--behind-proxy"}},
		"relative url":         {func(s *config.Server) { s.PublicURL = "todo.example.com" }, []string{"--public-url", "TODO_PUBLIC_URL", "absolute"}},
		"http public":          {func(s *config.Server) { s.PublicURL = "http://todo.example.com" }, []string{"--public-url", "https"}},
		"other scheme":         {func(s *config.Server) { s.PublicURL = "ftp://todo.example.com" }, []string{"--public-url", `"ftp"`}},
		"query":                {func(s *config.Server) { s.PublicURL = "https://todo.example.com/?a=b" }, []string{"--public-url", "query"}},
		"empty query":          {func(s *config.Server) { s.PublicURL = "https://todo.example.com/?" }, []string{"--public-url", "query"}},
		"fragment":             {func(s *config.Server) { s.PublicURL = "https://todo.example.com/#" }, []string{"--public-url", "fragment"}},
		"user":                 {func(s *config.Server) { s.PublicURL = "https://u:p@todo.example.com" }, []string{"--public-url", "@"}},
		"upper-case host":      {func(s *config.Server) { s.PublicURL = "https://Todo.example.com" }, []string{"--public-url", "write https://todo.example.com"}},
		"upper-case scheme":    {func(s *config.Server) { s.PublicURL = "HTTPS://todo.example.com" }, []string{"--public-url", "write https://todo.example.com"}},
		"default port":         {func(s *config.Server) { s.PublicURL = "https://todo.example.com:443/" }, []string{"--public-url", "write https://todo.example.com/"}},
		"default http port":    {func(s *config.Server) { s.PublicURL = "http://localhost:80" }, []string{"--public-url", "write http://localhost"}},
		"empty port":           {func(s *config.Server) { s.PublicURL = "https://todo.example.com:/" }, []string{"--public-url", "write https://todo.example.com/"}},
		"port zero":            {func(s *config.Server) { s.PublicURL = "http://localhost:0" }, []string{"--public-url", "port"}},
		"leading zero":         {func(s *config.Server) { s.PublicURL = "http://localhost:03001" }, []string{"--public-url", "port"}},
		"long v6":              {func(s *config.Server) { s.PublicURL = "http://[0:0::1]:3001" }, []string{"--public-url", "write http://[::1]:3001"}},
		"international":        {func(s *config.Server) { s.PublicURL = "https://tödo.example" }, []string{"--public-url", "xn--"}},
		"dotted path":          {func(s *config.Server) { s.PublicURL = "https://todo.example.com/a/../mcp" }, []string{"--public-url", "path"}},
		"double slash":         {func(s *config.Server) { s.PublicURL = "https://todo.example.com//mcp" }, []string{"--public-url", "path"}},
		"escaped path":         {func(s *config.Server) { s.PublicURL = "https://todo.example.com/%6dcp" }, []string{"--public-url", "path"}},
		"space":                {func(s *config.Server) { s.PublicURL = "https://todo.example.com/mcp " }, []string{"--public-url"}},
		"health path":          {func(s *config.Server) { s.PublicURL = "https://todo.example.com/livez" }, []string{"--public-url", "taken"}},
		"well-known path":      {func(s *config.Server) { s.PublicURL = "https://todo.example.com/.well-known/x" }, []string{"--public-url", "taken"}},
		"no issuer":            {func(s *config.Server) { s.Issuer = nil }, []string{"--issuer", "TODO_ISSUER", "issuer"}},
		"issuer twice":         {func(s *config.Server) { s.Issuer = trust(issuer, issuer) }, []string{"--issuer", issuer, "twice"}},
		"http issuer":          {func(s *config.Server) { s.Issuer = trust("http://id.example.com") }, []string{"--issuer", "https"}},
		"http issuer, public":  {func(s *config.Server) { s.Issuer = trust("http://localhost:3002") }, []string{"--issuer", "--public-url"}},
		"issuer query":         {func(s *config.Server) { s.Issuer = trust(issuer + "?x") }, []string{"--issuer", "query"}},
		"relative issuer":      {func(s *config.Server) { s.Issuer = trust("id.example.com") }, []string{"--issuer", "absolute", "login.example.com"}},
		"issuer's metadata":    {func(s *config.Server) { s.Issuer = trust(issuer + "/.well-known/openid-configuration") }, []string{"--issuer", "without /.well-known/"}},
		"audience twice":       {func(s *config.Server) { s.Audience = config.List{"a", "a"} }, []string{"--audience", "twice"}},
		"audience with spaces": {func(s *config.Server) { s.Audience = config.List{"a b"} }, []string{"--audience", "commas"}},
		"certificate alone":    {func(s *config.Server) { s.TLSCert = "c.pem" }, []string{"--tls-cert", "--tls-key"}},
		"key alone":            {func(s *config.Server) { s.TLSKey = "k.pem" }, []string{"--tls-key", "--tls-cert"}},
		"tls with http url": {func(s *config.Server) {
			s.TLSCert, s.TLSKey, s.PublicURL = "c.pem", "k.pem", "http://localhost:3001"
		}, []string{"--public-url", "https://"}},
		"proxy name":        {func(s *config.Server) { s.TrustedProxies = config.List{"proxy.internal"} }, []string{"--trusted-proxies", "CIDR"}},
		"host with scheme":  {func(s *config.Server) { s.AllowedHosts = config.List{"https://x.example"} }, []string{"--allowed-hosts"}},
		"host with path":    {func(s *config.Server) { s.AllowedHosts = config.List{"x.example/y"} }, []string{"--allowed-hosts"}},
		"host, empty port":  {func(s *config.Server) { s.AllowedHosts = config.List{"x.example:"} }, []string{"--allowed-hosts"}},
		"upper-case extra":  {func(s *config.Server) { s.AllowedHosts = config.List{"X.example"} }, []string{"--allowed-hosts"}},
		"wildcard host":     {func(s *config.Server) { s.AllowedHosts = config.List{"*"} }, []string{"--allowed-hosts"}},
		"null origin":       {func(s *config.Server) { s.AllowedOrigins = config.List{"null"} }, []string{"--allowed-origins"}},
		"wildcard origin":   {func(s *config.Server) { s.AllowedOrigins = config.List{"*"} }, []string{"--allowed-origins"}},
		"origin with slash": {func(s *config.Server) { s.AllowedOrigins = config.List{"https://x.example/"} }, []string{"--allowed-origins"}},
		"origin with port":  {func(s *config.Server) { s.AllowedOrigins = config.List{"https://x.example:443"} }, []string{"--allowed-origins"}},
		"rate zero":         {func(s *config.Server) { s.Rate = 0 }, []string{"--rate", "TODO_RATE", "above 0"}},
		"rate negative":     {func(s *config.Server) { s.Rate = -1 }, []string{"--rate"}},
		"rate NaN":          {func(s *config.Server) { s.Rate = math.NaN() }, []string{"--rate"}},
		"rate infinite":     {func(s *config.Server) { s.Rate = math.Inf(1) }, []string{"--rate"}},
		"burst zero":        {func(s *config.Server) { s.Burst = 0 }, []string{"--burst", "at least 1"}},
		"no database":       {func(s *config.Server) { s.DB = " " }, []string{"--db", "todos.db"}},
		"log level":         {func(s *config.Server) { s.LogLevel = "INFO" }, []string{"--log-level", `"INFO"`, "debug, info, warn"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := valid()
			test.change(&s)
			wantError(t, s.Validate(), test.want...)
		})
	}
}

// TestNoPasswordInMessages: a URL with a password in it is a mistake that ends in logs.
func TestNoPasswordInMessages(t *testing.T) {
	for name, change := range map[string]func(*config.Server){
		"public url": func(s *config.Server) { s.PublicURL = "https://u:hunter2@todo.example.com" },
		"issuer":     func(s *config.Server) { s.Issuer = trust("https://u:hunter2@id.example.com") },
		"origin":     func(s *config.Server) { s.AllowedOrigins = config.List{"https://u:hunter2@x.example"} },
	} {
		s := valid()
		change(&s)
		if err := s.Validate(); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValidateAccepts(t *testing.T) {
	for name, change := range map[string]func(*config.Server){
		"as is":           func(*config.Server) {},
		"free port":       func(s *config.Server) { s.Listen, s.OpsListen = "127.0.0.1:0", "127.0.0.1:0" },
		"no ops listener": func(s *config.Server) { s.OpsListen = "" },
		"behind a proxy":  func(s *config.Server) { s.Listen, s.BehindProxy = "0.0.0.0:3001", true },
		"tls":             func(s *config.Server) { s.Listen, s.TLSCert, s.TLSKey = "[::]:443", "c.pem", "k.pem" },
		"trailing slash":  func(s *config.Server) { s.PublicURL = "https://todo.example.com/" },
		"v6 loopback":     func(s *config.Server) { s.PublicURL, s.Listen = "http://[::1]:3001", "[::1]:3001" },
		"loopback issuer": func(s *config.Server) {
			s.PublicURL, s.Issuer = "http://localhost:3001", trust("http://localhost:3002")
		},
		"issuers are not equal": func(s *config.Server) { s.Issuer = trust(issuer, issuer+"/") },
		"hosts":                 func(s *config.Server) { s.AllowedHosts = config.List{"todo", "192.0.2.7:3001", "[::1]:3001"} },
		"origins":               func(s *config.Server) { s.AllowedOrigins = config.List{"https://x.example", "http://localhost:6274"} },
	} {
		t.Run(name, func(t *testing.T) {
			s := valid()
			change(&s)
			url := s.PublicURL
			if err := s.Validate(); err != nil {
				t.Error(err)
			}
			if s.PublicURL != url {
				t.Errorf("public URL changed to %q", s.PublicURL)
			}
		})
	}
}

func TestProxies(t *testing.T) {
	s := valid()
	s.TrustedProxies = config.List{"10.0.0.0/8", "192.0.2.7", "::ffff:192.0.2.8", "2001:db8::1"}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"),
		netip.MustParsePrefix("192.0.2.8/32"), netip.MustParsePrefix("2001:db8::1/128"),
	}
	if diff := cmp.Diff(want, s.Proxies(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}
