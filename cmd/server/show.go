package main

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/config"
	"todomanager/internal/todos"
)

// show prints what counts, as a configuration file that says the same: every setting, and
// every field of every issuer, each with where its value comes from. Secrets are in files
// that the configuration names, and are not shown.
func (c *checkCommand) show(w io.Writer, all sites) error {
	page := &page{}
	page.note("", "the effective configuration; each value is followed by where it comes from")
	for _, s := range c.Settings() {
		switch value := s.Value.(type) {
		case config.Issuers:
			page.line("", "issuer", "", s.Origin)
			for _, entry := range value {
				c.showIssuer(page, entry, all)
			}
		default:
			if s.Name == "config" { // no key of the file
				if c.Config != "" {
					page.note("", "the file is "+scalar(c.Config)+", named by: "+string(s.Origin))
				}
				continue
			}
			page.line("", s.Name, c.effective(s), s.Origin)
		}
	}
	return page.print(w)
}

// effective is the value of a setting as a file has it, with the default in place of none.
func (c *checkCommand) effective(s config.Setting) string {
	key, heads := c.AuditFiles()
	switch s.Name {
	case "audit-key":
		return scalar(key)
	case "audit-heads":
		return scalar(heads)
	case "audience":
		if len(c.Audience) == 0 {
			return yamlText([]string{c.PublicURL})
		}
	case "challenge-scopes":
		if c.ChallengeScopes == nil {
			return yamlText(todos.Scopes())
		}
	}
	return yamlText(s.Value)
}

// showIssuer prints an entry with what its profile and the defaults add to it.
func (c *checkCommand) showIssuer(page *page, entry *config.Issuer, all sites) {
	site, trusted := all.find(entry)
	profile, _ := auth.Profile(entry.Profile)
	base := "default"
	if entry.Profile != "" {
		base = "profile " + entry.Profile
	}
	i := trusted.Effective(site.PublicURL)
	e := entryPage{page, entry}
	page.line("  - ", "url", scalar(entry.URL), cmp.Or(entry.Origin("url"), c.Origin("issuer")))
	e.line("profile", cmp.Or(entry.Profile, "rfc9068"), "default")
	e.line("public-url", site.PublicURL, "public-url, "+string(c.Origin("public-url")))
	e.line("audiences", i.Audiences, c.audienceOrigin(site))
	e.line("audience-claim", i.AudienceClaim, origin(profile.AudienceClaim != "", base))
	e.line("scope-claims", i.ScopeClaims, origin(profile.ScopeClaims != nil, base))
	e.line("scope-prefixes", i.ScopePrefixes, origin(profile.ScopePrefixes != nil, base))
	e.scopeMap(i.ScopeMap, origin(profile.ScopeMap != nil, base))
	e.line("subject-claim", i.SubjectClaim, origin(profile.SubjectClaim != "", base))
	e.line("tenant-claim", i.TenantClaim, origin(profile.TenantClaim != "", base))
	e.line("client-claims", i.ClientClaims, origin(profile.ClientClaims != nil, base))
	e.line("typ", map[auth.TypPolicy]string{auth.TypStrict: "strict", auth.TypLegacy: "legacy"}[i.TypPolicy], origin(profile.TypPolicy != 0, base))
	e.line("algorithms", i.Algorithms, origin(profile.Algorithms != nil, base))
	e.line("max-lifetime", i.MaxLifetime, origin(profile.MaxLifetime != 0, base))
	e.line("allow-machine", i.AllowMachine, origin(profile.AllowMachine, base))
	e.line("metadata-url", i.MetadataURL, "default")
	e.line("jwks-url", i.JWKSURL, "default")
	e.line("mode", cmp.Or(entry.Mode, "jwt"), "default")
	if in := entry.Introspection; in != nil {
		page.line("    ", "introspection", "", entry.Origin("introspection"))
		page.line("      ", "url", scalar(in.URL), entry.Origin("introspection.url"))
		page.line("      ", "client-id", scalar(in.ClientID), entry.Origin("introspection.client-id"))
		page.line("      ", "client-secret-file", scalar(in.ClientSecretFile), entry.Origin("introspection.client-secret-file")+"; its content is not shown")
	}
}

// audienceOrigin is where the audiences of an issuer come from that has none of its own.
func (c *checkCommand) audienceOrigin(site site) string {
	if len(c.Audience) > 0 && site.PublicURL == c.PublicURL {
		return "audience, " + string(c.Origin("audience"))
	}
	return "default: the public URL"
}

// find returns the site of an entry, and what auth makes of the entry.
func (s sites) find(entry *config.Issuer) (site, auth.Issuer) {
	for _, site := range s {
		if i := slices.Index(site.Issuers, entry); i >= 0 {
			return site, site.trusted[i]
		}
	}
	return site{}, auth.Issuer{} // each entry is of a site
}

// origin is that of what an entry leaves to its profile.
func origin(inProfile bool, profile string) string {
	if inProfile {
		return profile
	}
	return "default"
}

// entryPage prints the fields of an entry.
type entryPage struct {
	*page
	entry *config.Issuer
}

// line prints a field, or that it has no value: the file has no way to say that but to
// leave the key out.
func (e entryPage) line(key string, value any, otherwise string) {
	switch v := value.(type) {
	case string:
		if v == "" {
			e.note("    ", key+": not set")
			return
		}
	case []string:
		if v == nil {
			e.note("    ", key+": not set")
			return
		}
	case time.Duration:
		value = durationText(v)
	}
	e.page.line("    ", key, yamlText(value), cmp.Or(e.entry.Origin(key), config.Origin(otherwise)))
}

// durationText leaves out the minutes and seconds of whole hours, and the seconds of whole minutes.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func (e entryPage) scopeMap(scopes map[string][]string, otherwise string) {
	if scopes == nil {
		e.note("    ", "scope-map: not set")
		return
	}
	from := cmp.Or(e.entry.Origin("scope-map"), config.Origin(otherwise))
	if len(scopes) == 0 {
		e.page.line("    ", "scope-map", "{}", from)
		return
	}
	e.page.line("    ", "scope-map", "", from)
	for _, name := range slices.Sorted(maps.Keys(scopes)) {
		e.page.line("      ", scalar(name), yamlText(scopes[name]), from)
	}
}
