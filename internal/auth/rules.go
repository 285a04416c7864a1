package auth

import "time"

// A reading is what is known of a token while the rules are applied: what it
// says, and what they have made of it.
type reading struct {
	header members // nil for an introspection answer
	claims members
	now    time.Time

	principal Principal
	expires   time.Time // the moment from which the token is not accepted
}

// A rule is one part of the policy for tokens. It returns a [*TokenError], and
// relies on nothing that another rule does to the reading but where it says so.
// [Verifier.Verify] stops at the first rule that refuses, [Verifier.Examine]
// tells the outcome of each.
type rule struct {
	check string // its name for people
	apply func(*Issuer, *reading) error
}

const (
	checkForm      = "form"
	checkIssuer    = "issuer"
	checkSignature = "signature"
	checkActive    = "introspection"
	checkType      = "type"
	checkKind      = "kind"
	checkTimes     = "times"
	checkAudience  = "audience"
	checkSubject   = "subject"
	checkTokenID   = "token id"
	checkTenant    = "tenant"
	checkClient    = "client"
	checkScope     = "scope"
)

// jwtRules are for a JWT whose signature was verified.
func jwtRules() []rule { return append([]rule{{checkType, (*Issuer).acceptType}}, claimRules()...) }

// answerRules are for an introspection answer.
func answerRules() []rule {
	return append([]rule{{checkActive, (*Issuer).acceptActive}, {checkIssuer, (*Issuer).acceptAnswerIssuer},
		{checkType, (*Issuer).acceptTokenType}}, claimRules()...)
}

func claimRules() []rule {
	return []rule{
		{checkKind, (*Issuer).acceptKind},
		{checkTimes, (*Issuer).acceptTimes},
		{checkAudience, (*Issuer).acceptAudience},
		{checkSubject, (*Issuer).readSubject},
		{checkTokenID, (*Issuer).readTokenID},
		{checkTenant, (*Issuer).readTenant},
		{checkClient, (*Issuer).readClient},
		{checkScope, (*Issuer).readScopes},
	}
}

// apply applies rules until one refuses.
func (i *Issuer) apply(rules []rule, r *reading) error {
	r.principal.Issuer = i.URL
	for _, rule := range rules {
		if err := rule.apply(i, r); err != nil {
			return err
		}
	}
	return nil
}
