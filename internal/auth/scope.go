package auth

import (
	"slices"
	"strings"
)

const (
	maxScopes      = 100     // scopes kept of one token
	maxScopeBytes  = 255     // longest scope name kept
	maxScopesBytes = 4 << 10 // of all names together: they go into every row of the caller
)

// Scopes is a set of scope names: sorted, unique, each a valid scope-token of
// RFC 6749 section 3.3. The order makes equal sets print equally.
type Scopes []string

// ParseScopes reads a space separated list. Only 0x20 separates (RFC 6749
// section 3.3): a tab, comma or line break is part of a name and makes it
// invalid. Dropped are invalid names, names over 255 bytes, and every name that
// would make it more than 100 names, duplicates counted, or 4 KiB; dropping can
// only take rights away.
func ParseScopes(s string) Scopes {
	return newScopes(strings.Split(s, " "))
}

func newScopes(names []string) Scopes {
	var scopes Scopes
	size := 0
	for _, name := range names {
		if validScope(name) && len(scopes) < maxScopes && size+len(name) <= maxScopesBytes {
			scopes = append(scopes, strings.Clone(name)) // lest a cached name keep its whole token alive
			size += len(name)
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// Has reports whether name was granted: exact and case-sensitive, no wildcards
// and no hierarchy.
func (s Scopes) Has(name string) bool {
	_, found := slices.BinarySearch(s, name)
	return found
}

// String returns the names separated by single spaces, as in a scope parameter.
func (s Scopes) String() string { return strings.Join(s, " ") }

// validScope implements scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), which is
// also what may stand inside a quoted header parameter without escapes.
func validScope(name string) bool {
	if name == "" || len(name) > maxScopeBytes {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c == '"' || c == '\\' || c > '~' {
			return false
		}
	}
	return true
}
