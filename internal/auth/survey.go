package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Survey is what one issuer offers and whether this server, and clients of the
// MCP authorization specification, can work with it.
type Survey struct {
	Issuer   string
	Findings []Finding
}

// Survey asks every issuer for its metadata and keys, and its introspection
// endpoint about a token that does not exist. It changes nothing of what the
// verifier knows. The surveys are in the order of the issuers' addresses.
func (v *Verifier) Survey(ctx context.Context) []Survey {
	var surveys []Survey
	for _, url := range v.issuerURLs() {
		s := surveyor{Verifier: v, issuer: v.issuers[url]}
		s.run(ctx)
		surveys = append(surveys, Survey{url, s.findings})
	}
	return surveys
}

type surveyor struct {
	*Verifier
	issuer   *trusted
	findings []Finding
}

func (s *surveyor) good(check, detail string) { s.add(Finding{check, true, detail, ""}) }

func (s *surveyor) add(f Finding) { s.findings = append(s.findings, f) }

func (s *surveyor) run(ctx context.Context) {
	jwksURL := s.issuer.JWKSURL
	if jwksURL != "" {
		s.good("metadata", "not looked for, because a JWKS URL is configured: what the server offers to clients is not known")
	} else if metadata := s.metadata(ctx); metadata != nil {
		jwksURL = metadata.JWKSURL
		s.clock(metadata.date)
		s.clients(metadata)
		s.scopesSupported(metadata)
		s.subjects(metadata)
		s.introspectionOffered(metadata)
	}
	switch {
	case s.issuer.introspectsAll():
		s.good("keys", "not needed, as every token is introspected")
	case jwksURL != "":
		s.keys(ctx, jwksURL)
	}
	s.introspection(ctx)
}

func (s *surveyor) metadata(ctx context.Context) *serverMetadata {
	metadata, err := discover(ctx, s.client, s.issuer.Issuer)
	if err != nil {
		s.add(Finding{"metadata", false, err.Error(),
			"compare the issuer byte for byte with the one that its metadata names, check that this machine reaches it, or configure the metadata URL"})
		return nil
	}
	s.good("metadata", "found at "+metadata.address)
	return metadata
}

func (s *surveyor) clock(date time.Time) {
	if date.IsZero() {
		return
	}
	ahead := s.now().Sub(date).Round(time.Second)
	f := Finding{"clock", ahead.Abs() < skew, fmt.Sprintf("this server's clock differs from the issuer's by %v", ahead), ""}
	if !f.OK {
		f.Mend = "set both clocks by NTP: tokens are refused as expired or as not valid yet"
	}
	s.add(f)
}

// clients tells what the metadata offers to those who sign in.
func (s *surveyor) clients(m *serverMetadata) {
	if slices.Contains(m.CodeChallengeMethods, "S256") {
		s.good("PKCE", "S256 is advertised")
	} else {
		s.add(Finding{"PKCE", false, "code_challenge_methods_supported does not have S256",
			"turn PKCE with S256 on at the authorization server: MCP clients must refuse to continue without it (RFC 8414 section 2)"})
	}
	switch {
	case m.RegistrationEndpoint != "" || m.ClientIDDocuments:
		s.good("registration", fmt.Sprintf("dynamic registration: %s; client id metadata documents: %s",
			yes(m.RegistrationEndpoint != ""), yes(m.ClientIDDocuments)))
	default:
		s.add(Finding{"registration", true, "neither registration_endpoint nor client_id_metadata_document_supported",
			"register each MCP client at the authorization server by hand and give people its client id"})
	}
	if m.IssuerParameter {
		s.good("issuer parameter", "authorization responses name their issuer (RFC 9207)")
	} else {
		s.add(Finding{"issuer parameter", true, "authorization_response_iss_parameter_supported is not true",
			"turn it on if the authorization server can: it keeps clients of several servers from mixing them up (RFC 9207)"})
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (s *surveyor) scopesSupported(m *serverMetadata) {
	names := s.ScopeNames(m.Issuer, s.scopes)
	missing := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(m.ScopesSupported, name) })
	switch {
	case len(names) == 0:
		s.good("scopes", "none that clients could ask for")
	case len(m.ScopesSupported) == 0:
		s.good("scopes", "scopes_supported is not published")
	case len(missing) > 0:
		s.add(Finding{"scopes", true, "scopes_supported lacks " + strings.Join(missing, " "),
			"define these scopes at the authorization server; if the server lists only those of OpenID Connect, ignore this"})
	default:
		s.good("scopes", "scopes_supported has "+strings.Join(names, " "))
	}
}

func (s *surveyor) subjects(m *serverMetadata) {
	if m.pairwiseOnly() && s.issuer.SubjectClaim == "sub" {
		s.add(Finding{"subjects", true, "subject_types_supported is pairwise alone: the same person has a different subject for each client",
			"configure a subject claim that stays the same, or people find their todos only with the client that made them"})
	}
}

func (m *serverMetadata) pairwiseOnly() bool {
	return slices.Equal(m.SubjectTypes, []string{"pairwise"})
}

// introspectionOffered compares the configured endpoint with the published one,
// which is never used.
func (s *surveyor) introspectionOffered(m *serverMetadata) {
	offered, in := m.IntrospectionEndpoint, s.issuer.Introspection
	switch {
	case offered == "":
	case in == nil:
		s.good("introspection", "offered at "+offered+", not configured: opaque tokens are refused")
	case in.URL != offered:
		s.add(Finding{"introspection", true, "published is " + offered + ", configured " + in.URL,
			"make sure that the configured address is the issuer's"})
	}
}

// introspection asks about a random token, which proves address and credentials.
func (s *surveyor) introspection(ctx context.Context) {
	in := s.issuer.introspector
	if in == nil {
		return
	}
	answer, err := in.post(ctx, rand.Text())
	if err == nil && string(answer["active"]) != "false" {
		err = errors.New(s.issuer.Introspection.URL + ": does not report a made-up token as inactive")
	}
	if err != nil && !errors.Is(err, errUnsupportedToken) {
		s.add(Finding{"introspection", false, err.Error(),
			"check the introspection URL and the client's id and secret, and that the client may introspect"})
		return
	}
	s.good("introspection", s.issuer.Introspection.URL+" answers")
}
