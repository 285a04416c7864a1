package config_test

import (
	"strings"
	"testing"
	"time"

	"todomanager/internal/config"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// whole is an entry with every key.
const whole = `issuer:
  - https://simple.example
  - url: https://login.example.com/
    profile: auth0
    public-url: https://todos.example.com/auth0
    audiences: [https://todos.example.com/auth0, todo-api]
    audience-claim: client_id
    scope-claims: scope, scp
    scope-prefixes: [todo-api/, ""]
    scope-map: {admin: [create:todos, read:todos], user: create:todos}
    subject-claim: oid
    tenant-claim: tid
    client-claims: [azp]
    typ: strict
    algorithms: [RS256]
    max-lifetime: 25h
    allow-machine: true
    metadata-url: https://login.example.com/metadata?p=todo
    jwks-url: https://login.example.com/keys
    mode: auto
    introspection: {url: https://login.example.com/introspect, client-id: rs, client-secret-file: secret}
`

const simple, full = "https://simple.example", "https://login.example.com/"

func fullEntry() *config.Issuer {
	return &config.Issuer{
		URL: full, Profile: "auth0", PublicURL: "https://todos.example.com/auth0",
		Audiences:     config.List{"https://todos.example.com/auth0", "todo-api"},
		AudienceClaim: "client_id", ScopeClaims: config.List{"scope", "scp"}, ScopePrefixes: []string{"todo-api/", ""},
		ScopeMap:     map[string]config.List{"admin": {"create:todos", "read:todos"}, "user": {"create:todos"}},
		SubjectClaim: "oid", TenantClaim: "tid", ClientClaims: config.List{"azp"}, Typ: "strict",
		Algorithms: config.List{"RS256"}, MaxLifetime: 25 * time.Hour, AllowMachine: true,
		MetadataURL: "https://login.example.com/metadata?p=todo", JWKSURL: "https://login.example.com/keys", Mode: "auto",
		Introspection: &config.Introspection{URL: "https://login.example.com/introspect", ClientID: "rs", ClientSecretFile: "secret"},
	}
}

func TestIssuersInTheFile(t *testing.T) {
	bare := func(url string) *config.Issuer { return &config.Issuer{URL: url} }
	for name, test := range map[string]struct {
		args []string
		env  string
		want config.Issuers
	}{
		"the file":                        {nil, "-", config.Issuers{bare(simple), fullEntry()}},
		"a flag keeps the entry":          {[]string{"--issuer=" + full}, "-", config.Issuers{fullEntry()}},
		"a flag adds and orders":          {[]string{"--issuer=https://new.example," + full, "--issuer=" + simple}, "-", config.Issuers{bare("https://new.example"), fullEntry(), bare(simple)}},
		"a variable keeps the entry":      {nil, full, config.Issuers{fullEntry()}},
		"byte for byte":                   {nil, strings.TrimSuffix(full, "/"), config.Issuers{bare("https://login.example.com")}},
		"a flag hides the variable":       {[]string{"--issuer=" + simple}, full, config.Issuers{bare(simple)}},
		"a flag hides a variable, whole,": {[]string{"--issuer=" + full}, simple, config.Issuers{fullEntry()}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.env != "-" {
				t.Setenv("TODO_ISSUER", test.env)
			}
			got, err := parse(t, whole, append(test.args, "--public-url=https://todos.example.com")...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Issuer, cmpopts.IgnoreUnexported(config.Issuer{}, config.Introspection{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIssuerEntriesThatAreWrong(t *testing.T) {
	const entry = "issuer:\n  - url: https://a.example\n    "
	introspection := func(rest string) string { return entry + "mode: auto\n    introspection: " + rest + "\n" }
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"unknown key":        {entry + "profil: auth0\n", []string{"todo.yaml:3", "issuer", `"profil"`, `"profile"`}},
		"duplicate key":      {entry + "typ: strict\n    typ: legacy\n", []string{"todo.yaml:4", "issuer", `"typ"`, "line 3"}},
		"no url":             {"db: x\nissuer:\n  - profile: auth0\n", []string{"todo.yaml:3", "issuer", "url"}},
		"null entry":         {"issuer:\n  - https://a.example\n  - ~\n", []string{"todo.yaml:3", "issuer", "url"}},
		"nested sequence":    {"issuer:\n  - [https://a.example]\n", []string{"todo.yaml:2", "issuer", "nested"}},
		"alias":              {"issuer:\n  - &a {url: https://a.example}\n  - *a\n", []string{"todo.yaml:3", "alias"}},
		"merge key":          {"issuer:\n  - &a {url: https://a.example}\n  - <<: *a\n", []string{"todo.yaml:3", `"<<"`}},
		"mapping, no list":   {"issuer:\n  url: https://a.example\n", []string{"todo.yaml:2", "issuer", "dash"}},
		"empty text":         {entry + "tenant-claim: ''\n", []string{"todo.yaml:3", "issuer.tenant-claim", "remove the key"}},
		"no value":           {entry + "profile:\n", []string{"todo.yaml:3", "issuer.profile", "no value"}},
		"list for text":      {entry + "profile: [auth0]\n", []string{"todo.yaml:3", "issuer.profile", "single value"}},
		"mapping for list":   {entry + "audiences: {a: b}\n", []string{"todo.yaml:3", "issuer.audiences", "a list"}},
		"boolean":            {entry + "allow-machine: maybe\n", []string{"todo.yaml:3", "issuer.allow-machine", `"maybe"`, "true or false"}},
		"no duration":        {entry + "max-lifetime: 25\n", []string{"todo.yaml:3", "issuer.max-lifetime", `"25"`, "25h"}},
		"negative duration":  {entry + "max-lifetime: -1h\n", []string{"todo.yaml:3", "issuer.max-lifetime", "above 0"}},
		"scope map":          {entry + "scope-map: [admin]\n", []string{"todo.yaml:3", "issuer.scope-map", "key: value"}},
		"nested scope map":   {entry + "scope-map:\n      admin: {create: true}\n", []string{"todo.yaml:4", "issuer.scope-map.admin", "a list"}},
		"role twice":         {entry + "scope-map: {a: [x], a: [y]}\n", []string{"todo.yaml:3", "issuer.scope-map", `"a"`, "twice"}},
		"typ":                {entry + "typ: lax\n", []string{"todo.yaml:3", "issuer.typ", `"lax"`, "strict or legacy"}},
		"mode":               {entry + "mode: both\n", []string{"todo.yaml:3", "issuer.mode", `"both"`, "jwt, introspection or auto"}},
		"mode alone":         {entry + "mode: introspection\n", []string{"todo.yaml:3", "issuer.mode", "client-secret-file"}},
		"unused":             {entry + "introspection: {url: https://a.example/i, client-id: x, client-secret-file: y}\n", []string{"todo.yaml:2", "issuer.mode", "not used", "auto"}},
		"secret in the file": {introspection("{url: https://a.example/i, client-id: x, client-secret: hunter2}"), []string{"todo.yaml:4", "issuer.introspection", `"client-secret"`, `"client-secret-file"`}},
		"no endpoint":        {introspection("{client-id: x, client-secret-file: y}"), []string{"todo.yaml:4", "issuer.introspection.url"}},
		"no client":          {introspection("{url: https://a.example/i, client-secret-file: y}"), []string{"todo.yaml:4", "issuer.introspection.client-id"}},
		"no secret":          {introspection("{url: https://a.example/i, client-id: x}"), []string{"todo.yaml:4", "issuer.introspection.client-secret-file"}},
		"public URL":         {entry + "public-url: https://Todos.example.com/a\n", []string{"todo.yaml:3", "issuer.public-url", "write https://todos.example.com/a"}},
		"public URL, taken":  {entry + "public-url: https://todos.example.com/livez\n", []string{"todo.yaml:3", "issuer.public-url", "taken"}},
		"same address":       {entry + "public-url: http://localhost:3001/\n  - https://b.example\n", []string{"--public-url", `"http://localhost:3001"`, "same address as http://localhost:3001/"}},
		"audience twice":     {entry + "audiences: [a, a]\n", []string{"todo.yaml:3", "issuer.audiences", `"a"`, "twice"}},
		"issuer twice":       {entry + "typ: legacy\n  - url: https://a.example\n", []string{"todo.yaml:4", "issuer.url", "https://a.example", "twice"}},
		"http":               {"issuer:\n  - url: http://localhost:3002\n    public-url: https://a.example\n", []string{"todo.yaml:2", "issuer.url", "https"}},
		"password":           {"issuer:\n  - url: https://u:hunter2@a.example\n", []string{"todo.yaml:2", "issuer.url", "password"}},
		"not a URL":          {"issuer:\n  - profile: auth0\n    url: a.example\n", []string{"todo.yaml:3", "issuer.url", "absolute"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, test.text)
			wantError(t, err, test.want...)
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
				t.Errorf("message %q", err)
			}
		})
	}
}

func TestSites(t *testing.T) {
	got, err := parse(t, `
issuer:
  - url: https://a.example
    public-url: https://todos.example.com/a
  - https://b.example
  - url: https://c.example
    public-url: https://todos.example.com/a
  - url: https://d.example
    public-url: https://other.example.com
`, "--public-url=https://todos.example.com")
	if err != nil {
		t.Fatal(err)
	}
	var sites [][]string
	for _, site := range got.Sites() {
		sites = append(sites, append([]string{site.PublicURL}, site.Issuers.URLs()...))
	}
	want := [][]string{
		{"https://todos.example.com/a", "https://a.example", "https://c.example"},
		{"https://todos.example.com", "https://b.example"},
		{"https://other.example.com", "https://d.example"},
	}
	if diff := cmp.Diff(want, sites); diff != "" {
		t.Error(diff)
	}
}

func TestTLSIsForEverySite(t *testing.T) {
	_, err := parse(t, "issuer: [{url: http://localhost:3002, public-url: http://localhost:3001/a}]\n",
		"--public-url=https://localhost:3001", "--tls-cert=c.pem", "--tls-key=k.pem")
	wantError(t, err, "todo.yaml:1", "issuer.public-url", "https://")
}
