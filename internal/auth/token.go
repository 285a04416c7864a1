package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// MaxTokenBytes is the longest token that is looked at. Tokens with hundreds
// of groups stay below half of it.
const MaxTokenBytes = 16 << 10

// A token is a parsed but unverified JWT. Only its form is known to be good.
type token struct {
	raw       string
	signed    string // "header.payload", the part under the signature
	header    members
	kid       string // "" when absent
	payload   []byte
	claims    members
	signature []byte
}

// A parser takes tokens apart. It is stricter than go-jose, which also takes
// the JSON serialization, white space and base64 with stray trailing bits.
type parser struct {
	header    reservedNames
	forbidden []string
	claims    reservedNames
}

// newParser returns a parser that guards the given claim names against case
// variants.
//
// The forbidden header members are never needed in an access token, and each
// has been a way in: keys and certificates that the token itself brings along
// (RFC 8725 section 3.10), extensions that change what is signed (RFC 7515
// section 4.1.11, RFC 7797), compression, encryption and nesting.
func newParser(claimNames []string) parser {
	p := parser{
		header:    reserve("alg", "kid", "typ"),
		forbidden: []string{"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "cty", "enc", "epk", "p2c", "p2s"},
		claims:    reserve(claimNames...),
	}
	p.header.add(p.forbidden...)
	return p
}

// parse reads a JWT: a JWS in compact serialization whose payload is an object
// of claims (RFC 7519 section 7.2).
func (p parser) parse(raw string) (*token, error) {
	t, err := p.parseJWS(raw)
	if err != nil {
		return nil, err
	}
	if t.claims, err = parseMembers(t.payload, p.claims); err != nil {
		return nil, refuse(ReasonInvalidToken, "claims: "+err.Error())
	}
	return t, nil
}

// parseJWS reads a JWS in compact serialization (RFC 7515 section 7.1). Its
// error has [ReasonNotJWT] if raw does not even begin like one.
func (p parser) parseJWS(raw string) (*token, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, refuse(ReasonNotJWT, "the token does not have three parts")
	}
	header, ok := decodePart(parts[0])
	if !ok || len(header) == 0 || header[0] != '{' {
		return nil, refuse(ReasonNotJWT, "the token does not begin with a JOSE header")
	}
	t := &token{raw: raw, signed: raw[:len(parts[0])+1+len(parts[1])]}
	if t.payload, ok = decodePart(parts[1]); !ok {
		return nil, refuse(ReasonInvalidToken, "the payload is not canonical base64url")
	}
	if t.signature, ok = decodePart(parts[2]); !ok || len(t.signature) == 0 {
		return nil, refuse(ReasonInvalidToken, "the signature is missing or not canonical base64url")
	}
	var err error
	if t.header, err = parseMembers(header, p.header); err != nil {
		return nil, refuse(ReasonInvalidToken, "header: "+err.Error())
	}
	return t, p.readHeader(t)
}

func (p parser) readHeader(t *token) error {
	for _, name := range p.forbidden {
		if t.header.has(name) {
			return refuse(ReasonInvalidToken, "header member "+name+" is not allowed")
		}
	}
	var ok bool
	if t.kid, ok = t.header.text("kid"); !ok && t.header.has("kid") {
		return refuse(ReasonInvalidToken, "header member kid is not a string")
	}
	return nil
}

func (t *token) hash() [32]byte { return sha256.Sum256([]byte(t.signed)) }

// decodePart decodes base64url without padding. The decoder skips line breaks
// and, unless strict, ignores stray bits of the last character: both would give
// one signed text several spellings.
func decodePart(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}
