package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Examine applies the rules of [Verifier.Verify] to a token and reports the
// outcome of each, where Verify stops at the first that refuses. The token is
// good if all findings are OK. It neither reads nor fills the caches. What
// follows a failed signature is about claims that anybody may have written.
func (v *Verifier) Examine(ctx context.Context, token string) []Finding {
	x := &examination{Verifier: v, ctx: ctx, raw: token, now: v.now()}
	x.run()
	return x.findings
}

type examination struct {
	*Verifier
	ctx      context.Context
	raw      string
	now      time.Time
	findings []Finding
}

func (x *examination) accept(check, detail, advice string) {
	x.findings = append(x.findings, Finding{check, true, detail, advice})
}

func (x *examination) refuse(check string, err error) {
	f := Finding{Check: check, Detail: err.Error()}
	var refusal *TokenError
	if errors.As(err, &refusal) {
		f.Detail, f.Mend = refusal.Detail, mend(check, refusal.Reason)
	}
	x.findings = append(x.findings, f)
}

func (x *examination) run() {
	if err := checkLength(x.raw); err != nil {
		x.refuse(checkForm, err)
		return
	}
	t, err := x.parser.parse(x.raw)
	if x.opaque != nil && isOpaque(err) {
		x.accept(checkForm, "not a JWT: introspected at "+x.opaque.URL, "")
		x.introspect(x.opaque)
		return
	}
	if err != nil {
		x.refuse(checkForm, err)
		return
	}
	x.accept(checkForm, "a JWT", "")
	issuer, err := x.issuerOf(t)
	if err != nil {
		x.refuse(checkIssuer, err)
		return
	}
	x.accept(checkIssuer, issuer.URL, "")
	if issuer.introspectsAll() {
		x.introspect(issuer)
		return
	}
	x.signature(issuer, t)
	x.apply(issuer, issuer.Issuer, issuer.rules, &reading{header: t.header, claims: t.claims, now: x.now})
}

func (x *examination) signature(issuer *trusted, t *token) {
	key, err := issuer.verifySignature(x.ctx, t)
	if err != nil {
		x.refuse(checkSignature, err)
		return
	}
	alg, _ := t.header.text("alg")
	x.accept(checkSignature, fmt.Sprintf("by the issuer's key %q, %s", key.id, alg), "")
}

func (x *examination) introspect(issuer *trusted) {
	in := issuer.introspector
	r := &reading{now: x.now}
	var err error
	if r.claims, err = in.ask(x.ctx, x.raw); err == nil {
		err = in.policy.acceptActive(r)
	}
	if err != nil { // then the answer says nothing else
		x.refuse(checkActive, err)
		return
	}
	x.apply(issuer, in.policy, in.rules, r)
}

// apply notes the outcome of every rule.
func (x *examination) apply(issuer *trusted, policy *Issuer, rules []rule, r *reading) {
	for _, rule := range rules {
		if err := rule.apply(policy, r); err != nil {
			x.refuse(rule.check, err)
			continue
		}
		detail, advice := x.describe(rule.check, issuer, r)
		x.accept(rule.check, detail, advice)
	}
}

// describe says what a rule found that did not refuse, and gives advice.
func (x *examination) describe(check string, issuer *trusted, r *reading) (detail, advice string) {
	switch check {
	case checkIssuer:
		return issuer.URL, ""
	case checkActive:
		return "active at " + issuer.Introspection.URL, ""
	case checkType, checkKind:
		return "an access token", ""
	case checkTimes:
		return x.describeTimes(r), ""
	case checkAudience:
		return issuer.AudienceClaim + " has one of: " + strings.Join(issuer.Audiences, ", "), ""
	case checkSubject:
		if m := issuer.keys.metadata.Load(); m != nil && m.pairwiseOnly() && issuer.SubjectClaim == "sub" {
			return "read from sub, which is pairwise", "the same person has a different subject for each client: configure a subject claim that stays the same"
		}
		return "read from " + issuer.SubjectClaim, ""
	case checkTokenID:
		if r.principal.TokenID == "" {
			return "no jti", ""
		}
		return "read from jti", ""
	case checkTenant:
		if issuer.TenantClaim == "" {
			return "the issuer is one tenant", ""
		}
		return "read from " + issuer.TenantClaim, ""
	case checkClient:
		if name, found := r.claims.first(issuer.ClientClaims); found {
			return "read from " + name, ""
		}
		return "not named: none of " + strings.Join(issuer.ClientClaims, ", "), ""
	case checkScope:
		return x.describeScopes(issuer, r)
	}
	return "", ""
}

func (x *examination) describeTimes(r *reading) string {
	exp := r.expires.Add(-skew)
	s := fmt.Sprintf("expires at %s, in %v", exp.UTC().Format(time.RFC3339), exp.Sub(x.now).Round(time.Second))
	if iat, ok := r.claims.time("iat"); ok {
		s += "; issued at " + iat.UTC().Format(time.RFC3339)
	}
	if nbf, ok := r.claims.time("nbf"); ok {
		s += "; valid from " + nbf.UTC().Format(time.RFC3339)
	}
	return s
}

func (x *examination) describeScopes(issuer *trusted, r *reading) (detail, advice string) {
	claim, found := r.claims.first(issuer.ScopeClaims)
	if !found {
		return "no claim " + strings.Join(issuer.ScopeClaims, " or ") + ": the token grants nothing",
			"have the client ask for scopes and the authorization server put them into that claim, or configure the claim that has them"
	}
	var granted []string
	for _, scope := range x.scopes {
		if r.principal.Scopes.Has(scope) {
			granted = append(granted, scope)
		}
	}
	if granted == nil {
		return claim + " grants none of " + strings.Join(x.scopes, " "),
			"give the user these scopes, have the client ask for them, and compare the scope prefixes and the scope map"
	}
	return claim + " grants " + strings.Join(granted, " "), ""
}

// mend says what to do about a check that failed.
func mend(check string, reason Reason) string {
	if reason == ReasonUnavailable {
		return "see the findings about the issuer; the token may be good"
	}
	switch check {
	case checkForm:
		return "copy the whole token; if it is opaque, have the client send this server's resource or audience parameter, or configure introspection"
	case checkIssuer:
		return "sign in at a trusted issuer, or configure this one exactly as its tokens spell it, with a slash at the end only if they have one"
	case checkSignature:
		return "get a new token, and compare the kid and alg of its header with the published keys and the issuer's algorithms"
	case checkActive:
		return "get a new token: this one has expired, was revoked, or is not the issuer's"
	case checkType, checkKind:
		return "send the access token, not an ID or refresh token; if it is one, choose the provider's profile"
	case checkTimes:
		return "get a new token; if that is refused too, compare the clocks and the configured lifetime"
	case checkAudience:
		return "have the client ask for this resource or audience, or add to the accepted audiences what the authorization server puts there for this service"
	case checkClient:
		return "sign in as a person, or allow machines for this issuer"
	default:
		return "have the authorization server issue the claim, or configure the claim that it has"
	}
}
