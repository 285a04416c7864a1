package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"

	"github.com/google/go-cmp/cmp"
)

func fill(e *env, text string) string {
	return strings.NewReplacer("ISS", e.issuer.URL, "IAT", fmt.Sprint(e.now.Unix()), "EXP", fmt.Sprint(e.now.Unix()+3600),
		"AUD", resource).Replace(text)
}

// goodClaims are the members of a good payload but for the named ones.
const goodClaims = `"iss":"ISS","aud":"AUD","iat":IAT,"exp":EXP`

// TestClaims covers most C rows.
func TestClaims(t *testing.T) {
	const (
		invalid  = auth.ReasonInvalidToken
		notAT    = auth.ReasonNotAccessToken
		audience = auth.ReasonInvalidAudience
	)
	relaxed := setup{issuer: legacy}
	runCases(t, []tokenCase{
		{id: "C01_at+jwt", token: header("typ", "at+jwt"), fetches: cold},
		{id: "C01_upper", token: header("typ", "AT+JWT"), fetches: cold},
		{id: "C01_application", token: header("typ", "application/at+jwt"), fetches: cold},
		{id: "C02_JWT", token: header("typ", "JWT"), want: notAT, fetches: cold},
		{id: "C02_absent", token: header("typ", nil), want: notAT, fetches: cold},
		{id: "C02_array", token: header("typ", []string{"at+jwt"}), want: notAT, fetches: cold},
		{id: "C02_suffix", token: header("typ", "x/at+jwt"), want: notAT, fetches: cold},
		{id: "C03_JWT", setup: relaxed, token: header("typ", "JWT"), fetches: cold},
		{id: "C03_absent", setup: relaxed, token: header("typ", nil), fetches: cold},
		{id: "C03_array", setup: relaxed, token: header("typ", []string{"JWT"}), want: notAT, fetches: cold},
		{id: "C04_nonce", setup: relaxed, token: claim("nonce", "n"), want: notAT, fetches: cold},
		{id: "C04_nonce_null", setup: relaxed, token: claim("nonce", raw("null")), want: notAT, fetches: cold},
		{id: "C04_at_hash", setup: relaxed, token: claim("at_hash", "h"), want: notAT, fetches: cold},
		{id: "C04_c_hash", setup: relaxed, token: claim("c_hash", "h"), want: notAT, fetches: cold},
		{id: "C04_s_hash", token: claim("s_hash", "h"), want: notAT, fetches: cold},
		{id: "C04_aud_client", token: claim("aud", "client-"+secret), want: audience, fetches: cold},
		{id: "C05_ID", setup: relaxed, token: claim("typ", "ID"), want: notAT, fetches: cold},
		{id: "C05_Refresh", setup: relaxed, token: claim("typ", "Refresh"), want: notAT, fetches: cold},
		{id: "C05_Bearer", setup: relaxed, token: claim("typ", "Bearer"), fetches: cold},
		{id: "C05_typ_array", setup: relaxed, token: claim("typ", []string{"Bearer"}), want: notAT, fetches: cold},
		{id: "C05_token_use_id", setup: relaxed, token: claim("token_use", "id"), want: notAT, fetches: cold},
		{id: "C05_token_use_access", setup: relaxed, token: claim("token_use", "access"), fetches: cold},
		{id: "C06_logout", setup: relaxed, token: header("typ", "logout+jwt"), want: notAT, fetches: cold},
		{id: "C06_dpop", setup: relaxed, token: header("typ", "dpop+jwt"), want: notAT, fetches: cold},
		{id: "C06_secevent", setup: relaxed, token: header("typ", "secevent+jwt"), want: notAT, fetches: cold},
		{id: "C06_events", setup: relaxed, token: claim("events", map[string]any{}), want: notAT, fetches: cold},
		{id: "C06_assertion", setup: relaxed, token: func(e *env) string { return e.token(map[string]any{"sub": e.issuer.URL}) }, want: notAT, fetches: cold},
		{id: "C07_jkt", token: claim("cnf", map[string]any{"jkt": "x"}), want: notAT, fetches: cold},
		{id: "C07_x5t", setup: relaxed, token: claim("cnf", map[string]any{"x5t#S256": "x"}), want: notAT, fetches: cold},
		{id: "C07_null", token: claim("cnf", raw("null")), want: notAT, fetches: cold},
		{id: "C07_case", token: claim("CNF", map[string]any{"jkt": "x"}), want: invalid},

		{id: "C08_in_skew", token: claims(map[string]any{"exp": raw("1795435199"), "iat": raw("1795431600")}), fetches: cold},
		{id: "C08_past_skew", token: claims(map[string]any{"exp": raw("1795435140"), "iat": raw("1795431600")}), want: auth.ReasonExpired, fetches: cold},
		{id: "C09", token: claim("exp", nil), want: invalid, fetches: cold},
		{id: "C10_string", token: claim("exp", "1795438800"), want: invalid, fetches: cold},
		{id: "C10_true", token: claim("exp", true), want: invalid, fetches: cold},
		{id: "C10_null", token: claim("exp", raw("null")), want: invalid, fetches: cold},
		{id: "C10_1e300", token: claim("exp", raw("1e300")), want: invalid, fetches: cold},
		{id: "C10_maxint", token: claim("exp", raw("9223372036854775807")), want: invalid, fetches: cold},
		{id: "C10_overflow", token: claim("exp", raw("1e400")), want: invalid, fetches: cold},
		{id: "C10_negative", token: claim("exp", -1), want: invalid, fetches: cold},
		{id: "C10_array", token: claim("exp", []int{1795438800}), want: invalid, fetches: cold},
		{id: "C11", token: at("exp", 1800.75), fetches: cold},
		{id: "C12_century", token: at("exp", 100*365*86400), want: invalid, fetches: cold},
		{id: "C12_25h", token: at("exp", 25*3600), fetches: cold},
		{id: "C12_over", token: at("exp", 25*3600+1), want: invalid, fetches: cold},
		{id: "C12_old_iat", token: at("iat", -25*3600), want: invalid, fetches: cold},
		{id: "C12_no_iat", setup: relaxed, token: func(e *env) string {
			return e.token(map[string]any{"iat": nil, "exp": e.now.Add(26 * time.Hour).Unix()})
		}, want: invalid, fetches: cold},
		{id: "C13_nbf_in_skew", token: at("nbf", 60), fetches: cold},
		{id: "C13_nbf_beyond", token: at("nbf", 61), want: invalid, fetches: cold},
		{id: "C13_nbf_string", token: claim("nbf", "0"), want: invalid, fetches: cold},
		{id: "C13_nbf_null", token: claim("nbf", raw("null")), want: invalid, fetches: cold},
		{id: "C13_NBF", token: claim("NBF", 1), want: invalid},
		{id: "C14_in_skew", token: at("iat", 60), fetches: cold},
		{id: "C14_future", token: at("iat", 61), want: invalid, fetches: cold},
		{id: "C14_missing", token: claim("iat", nil), want: invalid, fetches: cold},
		{id: "C14_missing_legacy", setup: relaxed, token: claim("iat", nil), fetches: cold},
		{id: "C14_string_legacy", setup: relaxed, token: claim("iat", "1"), want: invalid, fetches: cold},
		{id: "C15_exp_iat", token: claims(map[string]any{"exp": raw("1795435190"), "iat": raw("1795435190")}), want: invalid, fetches: cold},
		{id: "C15_nbf_exp", token: claims(map[string]any{"exp": raw("1795435210"), "nbf": raw("1795435220")}), want: invalid, fetches: cold},

		{id: "C16_missing", token: claim("iss", nil), want: invalid},
		{id: "C16_number", token: claim("iss", 1), want: invalid},
		{id: "C16_array", token: func(e *env) string { return e.token(map[string]any{"iss": []string{e.issuer.URL}}) }, want: invalid},
		{id: "C17_slash", token: iss(func(u string) string { return u + "/" }), want: invalid},
		{id: "C17_https", token: iss(func(u string) string { return "https" + strings.TrimPrefix(u, "http") }), want: invalid},
		{id: "C17_upper", token: iss(func(u string) string { return strings.Replace(u, "http", "HTTP", 1) }), want: invalid},
		{id: "C17_query", token: iss(func(u string) string { return u + "?" }), want: invalid},
		{id: "C17_fragment", token: iss(func(u string) string { return u + "#" }), want: invalid},
		{id: "C17_percent", token: iss(func(u string) string { return strings.Replace(u, "1", "%31", 1) }), want: invalid},
		{id: "C17_space", token: iss(func(u string) string { return u + " " }), want: invalid},
		{id: "C19_case", token: payload(`{"iss":"https://evil.example","ISS":"ISS","aud":"AUD","sub":"u","iat":IAT,"exp":EXP}`), want: invalid},
		{id: "C19_duplicate", token: payload(`{"iss":"https://evil.example",` + goodClaims + `,"sub":"u"}`), want: invalid},
		{id: "C19_escaped", token: payload(`{"i\u0073s":"https://evil.example",` + goodClaims + `,"sub":"u"}`), want: invalid},

		{id: "C20_missing", token: claim("aud", nil), want: audience, fetches: cold},
		{id: "C20_null", token: claim("aud", raw("null")), want: audience, fetches: cold},
		{id: "C20_empty", token: claim("aud", []string{}), want: audience, fetches: cold},
		{id: "C20_number", token: claim("aud", 1), want: invalid, fetches: cold}, // go-oidc gives up first
		{id: "C20_object", token: claim("aud", map[string]any{resource: true}), want: invalid, fetches: cold},
		{id: "C20_nested", token: claim("aud", []any{[]any{resource}}), want: invalid, fetches: cold},
		{id: "C20_mixed", token: claim("aud", []any{resource, nil}), want: audience, fetches: cold},
		{id: "C21", token: claim("aud", "https://other.example"), want: audience, fetches: cold},
		{id: "C22", token: claim("aud", []string{"https://other.example", resource}), fetches: cold},
		{id: "C23_prefix", token: claim("aud", "http://localhost:300"), want: audience, fetches: cold},
		{id: "C23_suffix", token: claim("aud", resource+"1"), want: audience, fetches: cold},
		{id: "C23_subdomain", token: claim("aud", "http://x.localhost:3001"), want: audience, fetches: cold},
		{id: "C23_case", token: claim("aud", "http://LOCALHOST:3001"), want: audience, fetches: cold},
		{id: "C24_slash", token: claim("aud", resource+"/"), fetches: cold},
		{id: "C24_two_slashes", token: claim("aud", resource+"//"), want: audience, fetches: cold},
		{id: "C24_path", token: claim("aud", resource+"/mcp"), want: audience, fetches: cold},
		{id: "C24_removed", setup: audiences(resource + "/"), token: claim("aud", resource), fetches: cold},
		{id: "C24_not_an_origin", setup: audiences(resource + "/mcp"), token: claim("aud", resource+"/mcp/"), want: audience, fetches: cold},
		{id: "C24_not_a_URL", setup: audiences("todo-api"), token: claim("aud", "todo-api/"), want: audience, fetches: cold},
		{id: "C24_configured", setup: audiences("todo-api", resource+"/mcp"), token: claim("aud", "todo-api"), fetches: cold},
		{id: "C24_default_gone", setup: audiences("todo-api"), token: claim("aud", resource), want: audience, fetches: cold},

		{id: "C26_missing", token: claim("sub", nil), want: invalid, fetches: cold},
		{id: "C26_empty", token: claim("sub", ""), want: invalid, fetches: cold},
		{id: "C26_blank", token: claim("sub", " \u00a0"), want: invalid, fetches: cold},
		{id: "C27_number", token: claim("sub", 1), want: invalid, fetches: cold},
		{id: "C27_bool", token: claim("sub", true), want: invalid, fetches: cold},
		{id: "C27_array", token: claim("sub", []string{"u"}), want: invalid, fetches: cold},
		{id: "C27_object", token: claim("sub", map[string]any{"u": 1}), want: invalid, fetches: cold},
		{id: "C27_null", token: claim("sub", raw("null")), want: invalid, fetches: cold},
		{id: "C28_255", token: claim("sub", strings.Repeat("u", 255)), fetches: cold},
		{id: "C28_256", token: claim("sub", strings.Repeat("u", 256)), want: invalid, fetches: cold},
		{id: "C28_utf8_256", token: claim("sub", strings.Repeat("é", 128)), want: invalid, fetches: cold},
		{id: "C28_10k", token: claim("sub", strings.Repeat("u", 10_000)), want: invalid, fetches: cold},
		{id: "C29_NUL", token: claim("sub", "u\x00"), want: invalid, fetches: cold},
		{id: "C29_LF", token: claim("sub", "u\nv"), want: invalid, fetches: cold},
		{id: "C29_C1", token: claim("sub", "u\u0085"), want: invalid, fetches: cold},
		{id: "C29_DEL", token: claim("sub", "u\x7f"), want: invalid, fetches: cold},
		{id: "C29_bidi", token: claim("sub", "u\u202e"), want: invalid, fetches: cold},
		{id: "C29_isolate", token: claim("sub", "u\u2066"), want: invalid, fetches: cold},
		{id: "C29_line_separator", token: claim("sub", "u\u2028"), want: invalid, fetches: cold},
		{id: "C29_FFFD", token: claim("sub", "u\ufffd"), want: invalid, fetches: cold},
		{id: "C29_surrogate", token: payload(`{` + goodClaims + `,"sub":"u\ud800"}`), want: invalid, fetches: cold},
		{id: "C29_invalid_UTF-8", token: payload(`{` + goodClaims + ",\"sub\":\"u\xff\"}"), want: invalid},
		{id: "C30_NFC", token: claim("sub", "\u00e9"), fetches: cold, check: subject("\u00e9")},
		{id: "C30_NFD", token: claim("sub", "e\u0301"), fetches: cold, check: subject("e\u0301")},
		{id: "C30_case", token: claim("sub", "Alice"), fetches: cold, check: subject("Alice")},
		{id: "C30_space", token: claim("sub", "alice "), fetches: cold, check: subject("alice ")},
		{id: "C33", token: claim("sub", "client-"+secret), want: invalid, fetches: cold},
		{id: "C34_duplicate", token: payload(`{` + goodClaims + `,"sub":"victim","sub":"u"}`), want: invalid},
		{id: "C34_SUB", token: claim("SUB", "victim"), want: invalid},
		{id: "C34_long_s", token: claim("ſub", "victim"), want: invalid}, // encoding/json takes it for sub
		{id: "C34_duplicate_other", token: payload(`{` + goodClaims + `,"sub":"u","x":1,"x":2}`), want: invalid},
		{id: "C34_claim_names", token: claims(map[string]any{"_claim_names": map[string]any{"sub": "s"},
			"_claim_sources": map[string]any{"s": map[string]any{"endpoint": "http://127.0.0.1:1/"}}}), want: invalid, fetches: cold},
		{id: "C34_claim_names_array", token: claim("_claim_names", []string{"sub"}), want: invalid, fetches: cold},
		{id: "C34_claim_names_SUB", token: claims(map[string]any{"_claim_names": map[string]any{"SUB": "s"},
			"_claim_sources": map[string]any{"s": map[string]any{"endpoint": "http://127.0.0.1:1/"}}}), want: invalid, fetches: cold},
		{id: "C34_groups_elsewhere", token: claims(map[string]any{"_claim_names": map[string]any{"groups": "s"},
			"_claim_sources": map[string]any{"s": map[string]any{"endpoint": "http://127.0.0.1:1/"}}}), fetches: cold},
		{id: "C35_array", token: payload(`[]`), want: invalid},
		{id: "C35_null", token: payload(`null`), want: invalid},
		{id: "C35_string", token: payload(`"x"`), want: invalid},
		{id: "C35_empty", token: payload(``), want: invalid},
		{id: "C35_trailing", token: payload(`{` + goodClaims + `,"sub":"u"} {}`), want: invalid},
		{id: "C35_trailing_comma", token: payload(`{` + goodClaims + `,"sub":"u",}`), want: invalid},
		{id: "C35_truncated", token: payload(`{` + goodClaims + `,"sub":"u"`), want: invalid},
		{id: "C35_nesting", token: payload(`{` + goodClaims + `,"sub":"u","x":` + strings.Repeat("[", 11_000)), want: invalid},
		{id: "C35_many_keys", token: payload(`{` + goodClaims + `,"sub":"u"` + manyMembers(1000) + `}`), fetches: cold},
		{id: "C36_BOM", token: payload("\ufeff{" + goodClaims + `,"sub":"u"}`), want: invalid},
		{id: "C36_invalid_UTF-8", token: payload(`{` + goodClaims + ",\"sub\":\"u\",\"x\":\"\xc3\"}"), want: invalid},
		{id: "jti_control", token: claim("jti", "a\x1b[31m"), want: invalid, fetches: cold},
		{id: "jti_long", token: claim("jti", strings.Repeat("j", 256)), want: invalid, fetches: cold},
		{id: "jti_number", token: claim("jti", 7), want: invalid, fetches: cold},
		{id: "client_array", token: claim("client_id", []string{"c"}), want: invalid, fetches: cold},
		{id: "client_control", token: claim("client_id", "c\n"), want: invalid, fetches: cold},
		{id: "client_absent", token: claim("client_id", nil), fetches: cold},
	})
}

func iss(change func(string) string) func(*env) string {
	return func(e *env) string { return e.token(map[string]any{"iss": change(e.issuer.URL)}) }
}

func audiences(list ...string) setup {
	return setup{issuer: func(i *auth.Issuer) { i.Audiences = list }}
}

func subject(want string) func(*testing.T, auth.Principal) {
	return func(t *testing.T, p auth.Principal) {
		if p.Subject != want {
			t.Errorf("subject %q, want %q", p.Subject, want)
		}
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%x":1`, i)
	}
	return b.String()
}

func TestPrincipal(t *testing.T) {
	e := newEnv(t, setup{})
	token := e.token(map[string]any{"jti": "id-1", "scope": "read:todos create:todos read:todos"})
	e.bearer(token)
	got := e.caller()
	want := auth.Principal{
		Issuer: e.issuer.URL, Subject: "alice-" + secret, ClientID: "client-" + secret, TokenID: "id-1",
		Scopes: auth.Scopes{"create:todos", "read:todos"}, TokenHash: sha256Of(token[:strings.LastIndex(token, ".")]),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
}

func TestSameSubjectOfTwoIssuers(t *testing.T) {
	row(t, "C31", func(t *testing.T) {
		other := authtest.New(t)
		e := newEnv(t, setup{others: []*authtest.Issuer{other}})
		e.bearer(e.issuer.Token(authtest.Claims{Subject: "u"}))
		e.bearer(other.Token(authtest.Claims{Subject: "u"}))
		if len(e.seen) != 2 || e.seen[0].Issuer != e.issuer.URL || e.seen[1].Issuer != other.URL {
			t.Errorf("callers %+v", e.seen)
		}
		if n := e.issuer.Fetches() + other.Fetches(); n != 2*cold {
			t.Errorf("%d requests, want each issuer asked for its own keys only", n)
		}
	})
}
