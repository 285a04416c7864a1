package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Issuer is an entry of the setting issuer: a trusted authorization server and how its
// tokens are read. Only the file can say more than its URL. A field that is zero was not
// set; what that means is the profile's business, and what the values mean is auth's.
type Issuer struct {
	// URL is the issuer identifier, byte for byte.
	URL string `yaml:"url"`
	// Profile names a set of defaults for the other fields.
	Profile string `yaml:"profile"`
	// PublicURL is what this issuer's people type into their client, in place of
	// --public-url. Issuers with the same one share it.
	PublicURL string `yaml:"public-url"`

	Audiences     List            `yaml:"audiences"`
	AudienceClaim string          `yaml:"audience-claim"`
	ScopeClaims   List            `yaml:"scope-claims"`
	ScopePrefixes []string        `yaml:"scope-prefixes"` // one may be empty
	ScopeMap      map[string]List `yaml:"scope-map"`
	SubjectClaim  string          `yaml:"subject-claim"`
	TenantClaim   string          `yaml:"tenant-claim"`
	ClientClaims  List            `yaml:"client-claims"`
	Typ           string          `yaml:"typ"` // strict or legacy
	Algorithms    List            `yaml:"algorithms"`
	MaxLifetime   time.Duration   `yaml:"max-lifetime"`
	AllowMachine  bool            `yaml:"allow-machine"`
	MetadataURL   string          `yaml:"metadata-url"`
	JWKSURL       string          `yaml:"jwks-url"`
	Mode          string          `yaml:"mode"` // jwt, introspection or auto
	Introspection *Introspection  `yaml:"introspection"`

	source source
}

// Introspection is how to ask an authorization server about a token (RFC 7662). All
// fields are required.
type Introspection struct {
	URL      string `yaml:"url"`
	ClientID string `yaml:"client-id"`
	// ClientSecretFile holds the secret, so that the configuration holds none.
	ClientSecretFile string `yaml:"client-secret-file"`

	lines map[string]int // by key
}

// source is where an entry stands. It has no file if that is the command line, the
// environment or the defaults.
type source struct {
	file   string
	line   int
	lines  map[string]int // by key; none for a plain URL
	origin Origin         // of the setting, where there is no file
}

// Invalid returns an [*Error] about the value of a key of the entry, such as url or
// introspection.client-id. The text says what is wrong and what to write instead.
func (i *Issuer) Invalid(key, value, format string, args ...any) error {
	if i.source.file == "" {
		return invalid(i.source.origin, "issuer", i.URL, format, args...)
	}
	return fileError(fmt.Errorf("%s: issuer.%s is %.128q: %w", i.place(key), key, Redact(value), fmt.Errorf(format, args...)))
}

// Origin returns where the value of a key of the entry stands in the file; it is empty if
// the file has none.
func (i *Issuer) Origin(key string) Origin {
	top, _, _ := strings.Cut(key, ".")
	if _, ok := i.source.lines[top]; ok || key == "url" && i.source.file != "" {
		return i.place(key)
	}
	return ""
}

// place is where a key of an entry in the file stands, or else the entry.
func (i *Issuer) place(key string) Origin {
	top, nested, _ := strings.Cut(key, ".")
	line := cmp.Or(i.source.lines[top], i.source.line)
	if top == "introspection" && i.Introspection != nil {
		line = cmp.Or(i.Introspection.lines[nested], line)
	}
	return inFile(i.source.file, line)
}

// Issuers is the setting issuer: URLs, comma separated, in a flag or variable; in the
// file also a sequence whose entries are URLs or mappings with the keys of [Issuer].
type Issuers []*Issuer

// URLs returns the issuer identifiers.
func (list Issuers) URLs() []string {
	urls := make([]string, len(list))
	for i, issuer := range list {
		urls[i] = issuer.URL
	}
	return urls
}

// Decode implements kong.MapperValue.
func (list *Issuers) Decode(ctx *kong.DecodeContext) error {
	token, err := ctx.Scan.PopValue("list")
	if err != nil {
		return errors.New("want an issuer URL, or several with commas between them")
	}
	if entries, ok := token.Value.(Issuers); ok {
		*list = append(*list, entries...)
		return nil
	}
	urls, err := splitList(fmt.Sprint(token.Value))
	*list = append(*list, plainIssuers(urls)...)
	return err
}

func plainIssuers(urls List) Issuers {
	list := make(Issuers, len(urls))
	for i, url := range urls {
		list[i] = &Issuer{URL: url}
	}
	return list
}

// complete gives each issuer that is also in the file what the file says of it.
func (list Issuers) complete(file Issuers) {
	for _, issuer := range list {
		i := slices.IndexFunc(file, func(entry *Issuer) bool { return entry.URL == issuer.URL })
		if i >= 0 {
			*issuer = *file[i]
		}
	}
}
