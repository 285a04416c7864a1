package devauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config says who may sign in, for which resource, and where state is kept.
type Config struct {
	// Issuer is the server's own origin, such as "http://localhost:3002": http
	// or https on loopback, without path or trailing slash (RFC 8414 section 2).
	Issuer string
	// Resource is the one resource tokens are issued for, http or https on
	// loopback. A request may spell it with one trailing slash more or less; the
	// aud claim is always this spelling (RFC 8707).
	Resource string
	// Scopes are all scopes that exist, in the order pages and tokens list them.
	Scopes []Scope
	// People are those who can sign in, at least one.
	People []Person
	// Dir holds the signing key and the state. It is created with mode 0700.
	Dir string
	// Logger gets one line for each sign-in, registration and refusal. Nil: none.
	Logger *slog.Logger
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// AccessTokenTTL is the life of an access token. Zero: one hour.
	AccessTokenTTL time.Duration
	// RefreshTokenTTL is how long after consent refreshing ends, however often
	// the token was rotated meanwhile. Zero: 30 days.
	RefreshTokenTTL time.Duration
}

// Scope is a permission that a client can ask for.
type Scope struct {
	// Name is a scope-token of RFC 6749 section 3.3.
	Name string
	// Description is one line for the consent page.
	Description string
	// Unlisted scopes are in no metadata and granted only to who asks for them.
	Unlisted bool
}

// Person is somebody who can sign in.
type Person struct {
	// Name becomes the sub claim, byte for byte.
	Name string
	// DisplayName and Role are shown on the pages and go into no token.
	DisplayName, Role string
	// Scopes are all that the person may grant to a client; none is allowed.
	Scopes []string
}

// withDefaults returns the configuration with every optional field set.
func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.AccessTokenTTL == 0 {
		c.AccessTokenTTL = time.Hour
	}
	if c.RefreshTokenTTL == 0 {
		c.RefreshTokenTTL = 30 * 24 * time.Hour
	}
	return c
}

func (c Config) validate() error {
	if err := loopbackURL(c.Issuer); err != nil {
		return fmt.Errorf("issuer %q: %w", c.Issuer, err)
	}
	if u, _ := url.Parse(c.Issuer); u.Path != "" {
		return fmt.Errorf("issuer %q: must be an origin, without path or trailing slash", c.Issuer)
	}
	if err := loopbackURL(c.Resource); err != nil {
		return fmt.Errorf("resource %q: %w", c.Resource, err)
	}
	if c.Dir == "" {
		return errors.New("no folder for the signing key and the state")
	}
	if c.AccessTokenTTL < 0 || c.RefreshTokenTTL < 0 {
		return errors.New("token lifetimes must not be negative")
	}
	return c.validatePeople()
}

func (c Config) validatePeople() error {
	for _, sc := range c.Scopes {
		if !isScopeToken(sc.Name) {
			return fmt.Errorf("scope %q: not a scope-token of RFC 6749 section 3.3", sc.Name)
		}
	}
	if len(c.People) == 0 {
		return errors.New("nobody can sign in: no people")
	}
	seen := make(map[string]bool)
	for _, p := range c.People {
		if p.Name == "" || seen[p.Name] {
			return fmt.Errorf("person %q: names must be given and must differ", p.Name)
		}
		seen[p.Name] = true
		for _, name := range p.Scopes {
			if !slices.ContainsFunc(c.Scopes, func(sc Scope) bool { return sc.Name == name }) {
				return fmt.Errorf("person %q: unknown scope %q", p.Name, name)
			}
		}
	}
	return nil
}

func (c Config) person(name string) (Person, bool) {
	i := slices.IndexFunc(c.People, func(p Person) bool { return p.Name == name })
	if i < 0 {
		return Person{}, false
	}
	return c.People[i], true
}

// grantable returns the scopes that were asked for and that p may grant, in the
// configured order. A nil asked means that the client named none and wants all
// that are listed.
func (c Config) grantable(p Person, asked []string) []Scope {
	var out []Scope
	for _, sc := range c.Scopes {
		if slices.Contains(p.Scopes, sc.Name) && (asked == nil && !sc.Unlisted || slices.Contains(asked, sc.Name)) {
			out = append(out, sc)
		}
	}
	return out
}

// askedScopes reads a scope parameter. Scopes that do not exist here, such as
// openid or offline_access, are dropped: clients ask for them out of habit. The
// result is nil only if nothing at all was asked for.
func (c Config) askedScopes(param string) []string {
	fields := strings.Fields(param)
	if len(fields) == 0 {
		return nil
	}
	asked := []string{}
	for _, sc := range c.Scopes {
		if slices.Contains(fields, sc.Name) {
			asked = append(asked, sc.Name)
		}
	}
	return asked
}

// acceptsResource reports whether every resource indicator of a request means
// our resource. None at all does, too: there is no other (RFC 8707 section 2).
func (c Config) acceptsResource(indicators []string) bool {
	return !slices.ContainsFunc(indicators, func(r string) bool {
		return r != c.Resource && r != c.Resource+"/" && r+"/" != c.Resource
	})
}

func scopeNames(scopes []Scope) []string {
	names := make([]string, len(scopes))
	for i, sc := range scopes {
		names[i] = sc.Name
	}
	return names
}

// isScopeToken implements scope-token of RFC 6749 section 3.3.
func isScopeToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\\'
	})
}

// loopbackURL returns an error unless raw is an http or https URL on loopback
// with nothing but a host, a port and a path.
func loopbackURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("must be an http or https URL")
	case !isLoopback(u.Hostname()):
		return errors.New("must be on loopback (localhost, 127.0.0.1 or [::1]): this server has no passwords")
	case u.User != nil || strings.ContainsAny(raw, "?#"):
		return errors.New("must not have user, query or fragment")
	}
	return nil
}

// isLoopback reports whether host is the name localhost or a loopback address.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
