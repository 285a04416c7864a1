package auth_test

import (
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"
)

// TestSignature covers the S rows that need no key but the usual one.
func TestSignature(t *testing.T) {
	const invalid, notJWT = auth.ReasonInvalidToken, auth.ReasonNotJWT
	// The server that a hostile token names must never hear of it.
	evil := authtest.New(t)
	jwk, err := json.Marshal(evil.JWKS().Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	runCases(t, []tokenCase{
		{id: "S01_none", token: unsigned("none"), want: invalid},
		{id: "S01_None", token: unsigned("None"), want: invalid},
		{id: "S01_nOnE", token: unsigned("nOnE"), want: invalid},
		{id: "S01_none_signed", token: header("alg", "none"), want: invalid},
		{id: "S01_ES256_unsigned", token: unsigned("ES256"), want: invalid},
		{id: "S02_HS256_PEM", token: hmacWith(func(e *env) []byte { return pemOf(t, e) }), want: invalid},
		{id: "S02_HS256_DER", token: hmacWith(func(e *env) []byte { return derOf(t, e) }), want: invalid},
		{id: "S02_HS256_JWKS", token: hmacWith(func(e *env) []byte { b, _ := json.Marshal(e.issuer.JWKS()); return b }), want: invalid},
		{id: "S03_RS256_on_EC", token: func(e *env) string {
			return authtest.Sign("RS256", authtest.NewKey("RS256"), strings.Replace(goodHeader(e), "ES256", "RS256", 1), fill(e, `{`+goodClaims+`,"sub":"u"}`))
		}, want: invalid, fetches: cold},
		{id: "S03_ES384_on_P256", token: header("alg", "ES384"), want: invalid, fetches: cold},
		{id: "S08", token: header("jwk", json.RawMessage(jwk)), want: invalid},
		{id: "S09_jku", token: header("jku", evil.URL+authtest.KeysPath), want: invalid},
		{id: "S09_x5u", token: header("x5u", evil.URL), want: invalid},
		{id: "S10", token: header("x5c", []string{"MIIB"}), want: invalid},
		{id: "S10_x5t", token: header("x5t", "AAAA"), fetches: cold}, // a thumbprint is only a name
		{id: "S11_unknown", token: headers(map[string]any{"crit": []string{"x"}, "x": 1}), want: invalid},
		{id: "S11_empty", token: header("crit", []string{}), want: invalid},
		{id: "S11_b64", token: headers(map[string]any{"crit": []string{"b64"}, "b64": false}), want: invalid},
		{id: "S11_b64_without_crit", token: header("b64", false), want: invalid},
		{id: "S11_CRIT", token: header("CRIT", []string{"x"}), want: invalid},
		{id: "S14_no_kid_one_key", token: header("kid", nil), fetches: cold},
		{id: "S16_path", token: header("kid", "../../../../dev/null"), want: invalid, fetches: cold},
		{id: "S16_SQL", token: header("kid", "x' OR '1'='1"), want: invalid, fetches: cold},
		{id: "S16_10KB", token: header("kid", strings.Repeat("k", 10_000)), want: invalid, fetches: cold},
		{id: "S16_number", token: header("kid", 1), want: invalid},
		{id: "S16_null", token: header("kid", raw("null")), want: invalid},
		{id: "S17_zero", token: signature(func(sig []byte) []byte { return make([]byte, 64) }), want: invalid, fetches: cold},
		{id: "S17_s_is_n", token: signature(func(sig []byte) []byte {
			return append(sig[:32:32], elliptic.P256().Params().N.FillBytes(make([]byte, 32))...)
		}), want: invalid, fetches: cold},
		{id: "S17_r_over_n", token: signature(func(sig []byte) []byte {
			return append([]byte(strings.Repeat("\xff", 32)), sig[32:]...)
		}), want: invalid, fetches: cold},
		{id: "S18_DER", token: signature(func(sig []byte) []byte {
			der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])})
			if err != nil {
				t.Fatal(err)
			}
			return der
		}), want: invalid, fetches: cold},
		{id: "S18_truncated", token: signature(func(sig []byte) []byte { return sig[:63] }), want: invalid, fetches: cold},
		{id: "S18_65_bytes", token: signature(func(sig []byte) []byte { return append(sig, 0) }), want: invalid, fetches: cold},
		{id: "S18_zero_before_s", token: signature(func(sig []byte) []byte {
			return append(append(sig[:32:32], 0), sig[32:]...)
		}), want: invalid, fetches: cold},
		{id: "S19_twin", token: signature(twin), fetches: cold},
		{id: "S20_stripped", token: parts(func(p []string) { p[2] = "" }), want: invalid},
		{id: "S20_swapped_payload", token: func(e *env) string {
			good, other := strings.Split(e.token(nil), "."), strings.Split(e.token(map[string]any{"sub": "victim"}), ".")
			return strings.Join([]string{good[0], other[1], good[2]}, ".")
		}, want: invalid, fetches: cold},
		{id: "S20_header_flip", token: parts(func(p []string) { p[0] = flip(p[0], `"at+jwt"`, `"At+jwt"`) }), want: invalid, fetches: cold},
		{id: "S20_payload_flip", token: parts(func(p []string) { p[1] = flip(p[1], `"alice-`, `"Alice-`) }), want: invalid, fetches: cold},
		{id: "S20_signature_flip", token: signature(func(sig []byte) []byte { sig[10] ^= 1; return sig }), want: invalid, fetches: cold},
		{id: "S21_stray_bits", token: parts(func(p []string) { p[2] = stray(p[2]) }), want: invalid},
		{id: "S21_padding", token: parts(func(p []string) { p[2] += "==" }), want: invalid},
		{id: "S21_standard_alphabet", token: parts(func(p []string) { p[2] = "+/" + p[2][2:] }), want: invalid},
		{id: "S22_flattened", token: func(e *env) string {
			p := strings.Split(e.token(nil), ".")
			return fmt.Sprintf(`{"protected":"%s","payload":"%s","signature":"%s"}`, p[0], p[1], p[2])
		}, want: invalid},
		{id: "S23_opaque", token: func(*env) string { return "8xLOxBtZp8" }, want: notJWT},
		{id: "S23_2_parts", token: parts(func(p []string) { p[2] = "" }, 2), want: notJWT},
		{id: "S23_4_parts", token: func(e *env) string { return e.token(nil) + ".AAAA" }, want: notJWT},
		{id: "S23_JWE", token: func(*env) string { return "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ.AAAA.AAAA.AAAA.AAAA" }, want: notJWT},
		{id: "S23_dots_only", token: func(*env) string { return ".." }, want: notJWT},
		{id: "S23_opaque_with_dots", token: func(*env) string { return "v1.local.token" }, want: notJWT},
		{id: "S23_nested", token: header("cty", "JWT"), want: invalid},
		{id: "S24_duplicate_alg", token: rawHeader(`{"alg":"none","alg":"ES256","typ":"at+jwt"}`), want: invalid},
		{id: "S24_duplicate_kid", token: rawHeader(`{"alg":"ES256","typ":"at+jwt","kid":"a","kid":"b"}`), want: invalid},
		{id: "S24_ALG", token: rawHeader(`{"ALG":"none","alg":"ES256","typ":"at+jwt"}`), want: invalid},
		{id: "S24_trailing", token: rawHeader(`{"alg":"ES256","typ":"at+jwt"} x`), want: invalid},
		{id: "S25_zip", token: header("zip", "DEF"), want: invalid},
		{id: "S25_PBES2", token: headers(map[string]any{"alg": "PBES2-HS256+A128KW", "p2c": 1 << 30}), want: invalid},
		{id: "S26_ES256K", token: header("alg", "ES256K"), want: invalid},
		{id: "S26_Ed448", token: header("alg", "Ed448"), want: invalid},
		{id: "S26_RS1", token: header("alg", "RS1"), want: invalid},
		{id: "S26_ML-DSA", token: header("alg", "ML-DSA-65"), want: invalid},
		{id: "S26_not_opted_in", token: header("alg", "RS384"), want: invalid},
		{id: "S26_missing", token: header("alg", nil), want: invalid},
		{id: "S26_number", token: header("alg", 1), want: invalid},
	})
	if n := evil.Fetches(); n != 0 {
		t.Errorf("%d requests to an address from a token", n)
	}
}

func TestAlgorithms(t *testing.T) { row(t, "S14_several_keys", algorithms) }

func algorithms(t *testing.T) {
	e := newEnv(t, setup{algs: []string{"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"}})
	for _, alg := range []string{"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"} {
		token := e.issuer.Mint(map[string]any{"alg": alg}, map[string]any{"sub": "u"})
		if _, err := e.verifier.Verify(t.Context(), token); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		confused := e.issuer.Mint(map[string]any{"alg": alg, "kid": nil}, map[string]any{"sub": "u"})
		if _, err := e.verifier.Verify(t.Context(), confused); err == nil {
			t.Errorf("%s: accepted without kid although there are several keys", alg)
		}
	}
	if n := e.issuer.Fetches(); n != cold {
		t.Errorf("%d requests, want %d", n, cold)
	}
}

func TestKeyOfAnotherTrustedIssuer(t *testing.T) { row(t, "S27", keyOfAnotherTrustedIssuer) }

func keyOfAnotherTrustedIssuer(t *testing.T) {
	other := authtest.New(t)
	e := newEnv(t, setup{others: []*authtest.Issuer{other}})
	token := other.Mint(nil, map[string]any{"iss": e.issuer.URL, "sub": "admin"})
	e.checkRefusal(e.bearer(token), auth.ReasonInvalidToken, token)
	if other.Fetches() != 0 {
		t.Error("asked an issuer that the token does not name")
	}
}

// TestUntrustedIssuer: no request at all, not even to a reachable server.
func TestUntrustedIssuer(t *testing.T) { row(t, "C18", untrustedIssuer) }

func untrustedIssuer(t *testing.T) {
	stranger := authtest.New(t)
	e := newEnv(t, setup{})
	stranger.Now = e.issuer.Now
	token := stranger.Token(authtest.Claims{Subject: "admin"})
	e.checkRefusal(e.bearer(token), auth.ReasonInvalidToken, token)
	if n := e.issuer.Fetches() + stranger.Fetches(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// A twin signature must give the same principal and the same TokenHash.
func TestTwinSignature(t *testing.T) { row(t, "S19", twinSignature) }

func twinSignature(t *testing.T) {
	e := newEnv(t, setup{})
	token := e.token(nil)
	a, err := e.verifier.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	p := strings.Split(token, ".")
	p[2] = reencode(p[2], twin)
	b, err := e.verifier.Verify(t.Context(), strings.Join(p, "."))
	if err != nil || a.TokenHash != b.TokenHash {
		t.Errorf("twin: %v, hashes equal: %t", err, a.TokenHash == b.TokenHash)
	}
}

// The HTTP side refuses line breaks before; the verifier must not rely on it.
func TestLineBreaks(t *testing.T) { row(t, "S21", lineBreaks) }

func lineBreaks(t *testing.T) {
	e := newEnv(t, setup{})
	good := e.token(nil)
	for i := range len(good) + 1 {
		if _, err := e.verifier.Verify(t.Context(), good[:i]+"\n"+good[i:]); err == nil {
			t.Fatalf("accepted with a line break at %d", i)
		}
	}
}

func unsigned(alg string) func(*env) string {
	return func(e *env) string {
		p := strings.Split(e.issuer.Mint(map[string]any{"alg": alg}, map[string]any{"sub": "u"}), ".")
		return p[0] + "." + p[1] + "."
	}
}

func hmacWith(secret func(*env) []byte) func(*env) string {
	return func(e *env) string {
		p := strings.Split(e.issuer.Mint(map[string]any{"alg": "HS256"}, map[string]any{"sub": "u"}), ".")
		mac := hmac.New(sha256.New, secret(e))
		mac.Write([]byte(p[0] + "." + p[1]))
		return p[0] + "." + p[1] + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
}

func derOf(t *testing.T, e *env) []byte {
	der, err := x509.MarshalPKIXPublicKey(e.issuer.JWKS().Keys[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pemOf(t *testing.T, e *env) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: derOf(t, e)})
}

// parts changes a good token's parts, of which the first n are sent.
func parts(change func([]string), n ...int) func(*env) string {
	return func(e *env) string {
		p := strings.Split(e.token(nil), ".")
		change(p)
		return strings.Join(p[:append(n, 3)[0]], ".")
	}
}

func signature(change func([]byte) []byte) func(*env) string {
	return parts(func(p []string) { p[2] = reencode(p[2], change) })
}

func reencode(part string, change func([]byte) []byte) string {
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(change(b))
}

func flip(part, from, to string) string {
	return reencode(part, func(b []byte) []byte {
		if !strings.Contains(string(b), from) {
			panic("nothing to flip")
		}
		return []byte(strings.Replace(string(b), from, to, 1))
	})
}

// stray sets the bits of the last character that carry no data.
func stray(part string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + string(alphabet[last|1])
}

// twin returns (r, n-s), which verifies wherever (r, s) does.
func twin(sig []byte) []byte {
	s := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(sig[32:]))
	return append(sig[:32:32], s.FillBytes(make([]byte, 32))...)
}

func rawHeader(text string) func(*env) string {
	return func(e *env) string { return e.issuer.Raw(text, fill(e, `{`+goodClaims+`,"sub":"u"}`)) }
}
