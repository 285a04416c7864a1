package auth_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"

	"github.com/go-jose/go-jose/v4"
)

// TestKeySets serves one key set for each case and a token signed with the key
// in it: what a key says of itself must be obeyed.
func TestKeySets(t *testing.T) {
	rsaKey, rsaOld := authtest.NewKey("RS256"), weakRSA(t)
	ec, other := authtest.NewKey("ES256"), authtest.NewKey("ES256")
	key := func(public any, members string) string { return jwk(t, public, members) }
	for _, c := range []struct {
		id, keys string
		alg      string
		want     auth.Reason
	}{
		{"plain_RSA_RS256", key(rsaKey.Public(), `,"kid":"k"`), "RS256", ""},
		{"plain_RSA_PS256", key(rsaKey.Public(), `,"kid":"k"`), "PS256", ""},
		{"S04_RS256_under_PS256", key(rsaKey.Public(), `,"kid":"k","alg":"PS256"`), "RS256", auth.ReasonInvalidToken},
		{"S04_PS256_under_RS256", key(rsaKey.Public(), `,"kid":"k","alg":"RS256"`), "PS256", auth.ReasonInvalidToken},
		{"S05_enc", key(rsaKey.Public(), `,"kid":"k","use":"enc"`), "RS256", auth.ReasonUnavailable},
		{"S05_enc_beside_sig", key(rsaKey.Public(), `,"kid":"k","use":"enc"`) + "," + key(ec.Public(), `,"kid":"k2","use":"sig"`), "RS256", auth.ReasonInvalidToken},
		{"S05_key_ops", key(ec.Public(), `,"kid":"k","key_ops":["sign"]`), "ES256", auth.ReasonUnavailable},
		{"S05_key_ops_empty", key(ec.Public(), `,"kid":"k","key_ops":[]`), "ES256", auth.ReasonUnavailable},
		{"S05_key_ops_verify", key(ec.Public(), `,"kid":"k","key_ops":["verify"]`), "ES256", ""},
		{"S06", key(rsaOld.Public(), `,"kid":"old"`) + "," + key(ec.Public(), `,"kid":"k2"`), "RS256", auth.ReasonInvalidToken},
		{"S15_same_type", key(ec.Public(), `,"kid":"k"`) + "," + key(other.Public(), `,"kid":"k"`) + "," + key(other.Public(), `,"kid":"k2"`), "ES256", auth.ReasonInvalidToken},
		{"S15_mixed", key(rsaKey.Public(), `,"kid":"k"`) + "," + key(ec.Public(), `,"kid":"k"`), "ES256", auth.ReasonUnavailable},
		{"S15_identical_twice", key(ec.Public(), `,"kid":"k"`) + "," + key(ec.Public(), `,"kid":"k"`), "ES256", ""},
		{"oct", `{"kty":"oct","kid":"k","k":"AAAA"}`, "ES256", auth.ReasonUnavailable},
		{"private", privateJWK(t, ec), "ES256", auth.ReasonUnavailable},
		{"junk_beside_good", `7,{"kty":"zz"},{},` + key(ec.Public(), `,"kid":"k"`), "ES256", ""},
		{"alg_of_encryption", key(rsaKey.Public(), `,"kid":"k","alg":"RSA-OAEP"`), "RS256", auth.ReasonUnavailable},
		{"over_100", strings.Repeat(key(ec.Public(), `,"kid":"k"`)+",", 100) + key(ec.Public(), `,"kid":"k"`), "ES256", auth.ReasonUnavailable},
	} {
		row(t, c.id, func(t *testing.T) {
			e := newEnv(t, setup{})
			e.issuer.Serve(authtest.KeysPath, document(`{"keys":[`+c.keys+`]}`))
			signer, kid := ec, "k"
			if c.alg != "ES256" {
				signer = rsaKey
			}
			if c.id == "S06" {
				signer, kid = rsaOld, "old"
			}
			token := authtest.Sign(c.alg, signer, fmt.Sprintf(`{"alg":"%s","typ":"at+jwt","kid":"%s"}`, c.alg, kid), fill(e, `{`+goodClaims+`,"sub":"u"}`))
			r := e.bearer(token)
			e.checkExamine(token)
			if c.want != "" {
				e.checkRefusal(r, c.want, token)
			} else if r.StatusCode != http.StatusOK {
				t.Errorf("status %s; log %s", r.Status, e.log)
			}
		})
	}
}

// jwk writes a public key with further members.
func jwk(t *testing.T, public any, members string) string {
	t.Helper()
	b, err := jose.JSONWebKey{Key: public}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(b), "}") + members + "}"
}

// weakRSA returns an RSA-1024 key, which the crypto package makes only if told
// to.
func weakRSA(t *testing.T) *rsa.PrivateKey {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func privateJWK(t *testing.T, key any) string {
	b, err := jose.JSONWebKey{Key: key.(*ecdsa.PrivateKey), KeyID: "k"}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func document(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}
