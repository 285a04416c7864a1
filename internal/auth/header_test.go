package auth_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"todomanager/internal/auth"
	"todomanager/internal/auth/authtest"

	"github.com/google/go-cmp/cmp"
)

// The answers, word for word. They are constants of the product: an answer that
// varied with the token would tell its sender something.
const (
	challengeEnd = `scope="read:todos create:todos delete:todos", resource_metadata="http://localhost:3001/.well-known/oauth-protected-resource"`
	bareAnswer   = `Bearer ` + challengeEnd
)

type wanted struct{ status, challenge string }

func answers() map[auth.Reason]wanted {
	with := func(status, code, description string) wanted {
		return wanted{status, fmt.Sprintf(`Bearer error="%s", error_description="%s", %s`, code, description, challengeEnd)}
	}
	const unauthorized, badRequest = "401 Unauthorized", "400 Bad Request"
	return map[auth.Reason]wanted{
		auth.ReasonMissingHeader:   {unauthorized, bareAnswer},
		auth.ReasonMissingToken:    {unauthorized, bareAnswer},
		auth.ReasonInvalidHeader:   with(badRequest, "invalid_request", "send exactly one token, in one Authorization header of the form: Bearer, a space, the token; no form body may come with it"),
		auth.ReasonTokenInQuery:    with(badRequest, "invalid_request", "send the token in the Authorization header, never in the address"),
		auth.ReasonInvalidToken:    with(unauthorized, "invalid_token", "the access token is not valid"),
		auth.ReasonNotJWT:          with(unauthorized, "invalid_token", "not a JWT: request a token for this resource or audience from the authorization server"),
		auth.ReasonExpired:         with(unauthorized, "invalid_token", "the access token has expired"),
		auth.ReasonInvalidAudience: with(unauthorized, "invalid_token", "the access token was not issued for this resource"),
		auth.ReasonNotAccessToken:  with(unauthorized, "invalid_token", "the token is not a bearer access token of type at+jwt"),
		auth.ReasonUnavailable:     {"503 Service Unavailable", ""},
	}
}

// checkRefusal compares a whole answer with the one for reason.
func (e *env) checkRefusal(r response, reason auth.Reason, token string) {
	e.t.Helper()
	want, ok := answers()[reason]
	if !ok {
		e.t.Fatalf("no answer for reason %q", reason)
	}
	var challenges []string
	if want.challenge != "" {
		names := strings.Join(e.verifier.ScopeNames(e.issuer.URL, ourScopes()), " ")
		challenges = []string{strings.Replace(want.challenge, strings.Join(ourScopes(), " "), names, 1)}
	}
	if r.Status != want.status {
		e.t.Errorf("status %s, want %s; body %s; log %s", r.Status, want.status, r.body, e.log)
	}
	if diff := cmp.Diff(challenges, r.Header.Values("WWW-Authenticate")); diff != "" {
		e.t.Errorf("WWW-Authenticate (-want +got):\n%s", diff)
	}
	if r.error.Reason != string(reason) || r.error.Error == "" || r.error.Description == "" {
		e.t.Errorf("body %s, want reason %s with error and error_description", r.body, reason)
	}
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		e.t.Errorf("Cache-Control %q, want no-store", got)
	}
	if got := r.Header.Get("Retry-After"); (got != "") != (reason == auth.ReasonUnavailable) {
		e.t.Errorf("Retry-After %q", got)
	}
	if len(e.seen) != 0 {
		e.t.Errorf("handler reached by %+v", e.seen[0])
	}
	if diff := cmp.Diff([]auth.Reason{reason}, e.refused); diff != "" {
		e.t.Errorf("Refused calls (-want +got):\n%s", diff)
	}
	e.checkClean(r, token)
}

// TestHeader covers the H rows: how a token may come.
func TestHeader(t *testing.T) {
	const token = "TOKEN" // replaced by a good token
	accepted := auth.Reason("")
	for _, c := range []struct {
		id, target string
		lines      []string
		want       auth.Reason
	}{
		{"H01", "/", nil, auth.ReasonMissingHeader},
		{"H02_Basic", "/", []string{"Authorization: Basic TOKEN"}, auth.ReasonMissingHeader},
		{"H02_DPoP", "/", []string{"Authorization: DPoP TOKEN"}, auth.ReasonMissingHeader},
		{"H02_Bearerish", "/", []string{"Authorization: BearerX TOKEN"}, auth.ReasonMissingHeader},
		{"H03_alone", "/", []string{"Authorization: Bearer"}, auth.ReasonMissingToken},
		{"H03_space", "/", []string{"Authorization: Bearer "}, auth.ReasonMissingToken},
		{"H03_empty", "/", []string{"Authorization:"}, auth.ReasonMissingHeader},
		{"H04", "/", []string{"Authorization: TOKEN"}, auth.ReasonMissingHeader},
		{"H05_lower", "/", []string{"Authorization: bearer TOKEN"}, accepted},
		{"H05_upper", "/", []string{"AUTHORIZATION: BEARER TOKEN"}, accepted},
		{"H06", "/", []string{"Authorization: Bearer    TOKEN"}, accepted},
		{"H07_tab", "/", []string{"Authorization: Bearer\tTOKEN"}, auth.ReasonInvalidHeader},
		{"H07_space_tab", "/", []string{"Authorization: Bearer \tTOKEN"}, auth.ReasonInvalidHeader},
		{"H08_same", "/", []string{"Authorization: Bearer TOKEN", "Authorization: Bearer TOKEN"}, auth.ReasonInvalidHeader},
		{"H08_basic_first", "/", []string{"Authorization: Basic eA==", "Authorization: Bearer TOKEN"}, auth.ReasonInvalidHeader},
		{"H08_basic_last", "/", []string{"Authorization: Bearer TOKEN", "authorization: Basic eA=="}, auth.ReasonInvalidHeader},
		{"H09_list", "/", []string{"Authorization: Bearer TOKEN, Bearer TOKEN"}, auth.ReasonInvalidHeader},
		{"H09_comma", "/", []string{"Authorization: Bearer TOKEN,"}, auth.ReasonInvalidHeader},
		{"H09_two", "/", []string{"Authorization: Bearer TOKEN TOKEN"}, auth.ReasonInvalidHeader},
		{"H10", "/?access_token=TOKEN", nil, auth.ReasonTokenInQuery},
		{"H10_encoded", "/?x=1&access%5Ftoken=TOKEN", nil, auth.ReasonTokenInQuery},
		{"H11_query", "/?access_token=x", []string{"Authorization: Bearer TOKEN"}, auth.ReasonTokenInQuery},
		{"H11_query_unclear", "/?a=b;access_token=x", []string{"Authorization: Bearer TOKEN"}, auth.ReasonTokenInQuery},
		{"H11_form", "/", []string{"Authorization: Bearer TOKEN", "Content-Type: Application/x-www-form-urlencoded; charset=utf-8"}, auth.ReasonInvalidHeader},
		{"H12", "/", []string{"Content-Type: application/x-www-form-urlencoded", "Content-Length: 14", "", "access_token=x"}, auth.ReasonMissingHeader},
		{"H13_quotes", "/", []string{`Authorization: Bearer "TOKEN"`}, auth.ReasonInvalidToken},
		{"H13_brace", "/", []string{`Authorization: Bearer {TOKEN`}, auth.ReasonInvalidToken},
		{"H13_utf8", "/", []string{"Authorization: Bearer TOKENé"}, auth.ReasonInvalidToken},
		{"H13_latin1", "/", []string{"Authorization: Bearer TOKEN\xe9"}, auth.ReasonInvalidToken},
		{"H15", "/", []string{"Authorization: Bearer TOKEN" + strings.Repeat("A", auth.MaxTokenBytes)}, auth.ReasonInvalidToken},
		{"H17", "/", []string{"X-Authorization: Bearer TOKEN", "Cookie: access_token=TOKEN", "Proxy-Authorization: Bearer TOKEN"}, auth.ReasonMissingHeader},
	} {
		row(t, c.id, func(t *testing.T) {
			e := newEnv(t, setup{})
			good := e.token(nil)
			fill := strings.NewReplacer(token, good)
			lines := make([]string, len(c.lines))
			for i, line := range c.lines {
				lines[i] = fill.Replace(line)
			}
			r := e.get(fill.Replace(c.target), lines...)
			if c.want == accepted {
				if r.StatusCode != http.StatusOK {
					t.Fatalf("status %s: %s", r.Status, r.body)
				}
				if got := e.caller().Subject; got != "alice-"+secret {
					t.Errorf("subject %q", got)
				}
				return
			}
			e.checkRefusal(r, c.want, good)
			if n := e.issuer.Fetches(); n != 0 {
				t.Errorf("%d requests to the issuer, want none", n)
			}
		})
	}
}

// H14 and the second half of H07 are decided by net/http before any handler
// runs. The test notices if that changes.
func TestHeaderBelowTheHandler(t *testing.T) {
	for id, line := range map[string]string{
		"H14_NUL": "Authorization: Bearer TO\x00KEN",
		"H14_CR":  "Authorization: Bearer TO\rKEN",
	} {
		row(t, id, func(t *testing.T) {
			e := newEnv(t, setup{})
			if r := e.get("/", line); r.StatusCode != http.StatusBadRequest || len(e.refused) != 0 {
				t.Errorf("status %s, %d refusals of ours, want 400 and none", r.Status, len(e.refused))
			}
		})
	}
	row(t, "H07_obs_fold", func(t *testing.T) {
		// net/http joins the lines with one space, as RFC 9112 section 5.2
		// permits: what the handler sees is well-formed and unambiguous.
		e := newEnv(t, setup{})
		if r := e.get("/", "Authorization: Bearer", " "+e.token(nil)); r.StatusCode != http.StatusOK {
			t.Errorf("status %s, want 200 or, should net/http refuse folding some day, a changed test", r.Status)
		}
	})
}

// Scopes in the token must not get into a 401's challenge, and a token bound to
// another service must not be told apart by body length or the like.
func TestSameAnswerForAllUntrusted(t *testing.T) {
	row(t, "K06", sameAnswerForAllUntrusted)
}

func sameAnswerForAllUntrusted(t *testing.T) {
	stranger := authtest.New(t)
	e := newEnv(t, setup{})
	stranger.Now = e.issuer.Now
	forged := stranger.Mint(map[string]any{"kid": e.issuer.KeyID()}, map[string]any{"iss": e.issuer.URL, "sub": "x"})
	good := e.token(nil)
	var bodies, headers []string
	for _, token := range []string{
		stranger.Token(authtest.Claims{Subject: "x"}), // untrusted issuer
		e.issuer.Mint(map[string]any{"kid": "nope"}, map[string]any{"sub": "x"}),
		forged,
		good[:len(good)-8] + "AAAAAAAA",
	} {
		r := e.bearer(token)
		r.Header.Del("Date")
		bodies = append(bodies, r.Status+r.body)
		headers = append(headers, fmt.Sprint(r.Header))
	}
	for i := range bodies {
		if bodies[i] != bodies[0] || headers[i] != headers[0] {
			t.Errorf("answer %d differs:\n%s %s\n%s %s", i, bodies[0], headers[0], bodies[i], headers[i])
		}
	}
}
