package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

func (s *surveyor) keys(ctx context.Context, address string) {
	const mend = "check the address and that this machine reaches it; no token can be verified without keys"
	body, _, err := fetch(ctx, s.client, address)
	if err != nil {
		s.add(Finding{"keys", false, err.Error(), mend})
		return
	}
	published, err := parseKeys(body)
	if err != nil {
		s.add(Finding{"keys", false, address + ": " + err.Error(), mend})
		return
	}
	usable := 0
	for _, k := range published {
		f := describeKey(k, s.issuer.Algorithms)
		if f.Mend == "" {
			usable++
		}
		s.add(f)
	}
	f := Finding{"keys", usable > 0, fmt.Sprintf("%d of %d at %s are usable", usable, len(published), address), ""}
	if !f.OK {
		f.Mend = "give the authorization server a signing key of one of the algorithms " + strings.Join(s.issuer.Algorithms, ", ")
	}
	s.add(f)
}

// describeKey describes one published key. An unusable key, such as one for encryption, is
// normal but worth reporting.
func describeKey(k publishedKey, accepted []string) Finding {
	f := Finding{"key", true, fmt.Sprintf("%q, %s", k.id, k.kind), ""}
	switch {
	case k.err != nil:
		f.Detail += ": not used: " + k.err.Error()
		f.Mend = "nothing, unless access tokens are signed with it"
	case k.ambiguous:
		f.Detail += ": not used: another key has the same kid"
		f.Mend = "give each key a kid of its own"
	case !k.key.signs(accepted):
		f.Detail += ": not used: none of its algorithms is accepted for this issuer"
		f.Mend = "add the algorithm to the issuer's if access tokens are signed with it"
	}
	return f
}

// signs reports whether the key is for one of the algorithms.
func (k *key) signs(algorithms []string) bool {
	for _, alg := range k.algs {
		if slices.Contains(algorithms, string(alg)) {
			return true
		}
	}
	return false
}
