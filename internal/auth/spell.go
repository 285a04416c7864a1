package auth

import (
	"maps"
	"slices"
)

// ScopeNames returns how the clients of an issuer must ask for this server's
// scopes: the reverse of ScopePrefixes and ScopeMap, in the order given. A scope
// that no name, or more than one, stands for alone is left out, and so are all
// scopes of an issuer that says what a user may do by roles: those are given by
// its administrator and cannot be asked for. It is [GuardOptions].Spell.
func (v *Verifier) ScopeNames(issuer string, scopes []string) []string {
	i := v.issuers[issuer]
	if i == nil || !slices.Contains(i.ScopeClaims, "scope") && !slices.Contains(i.ScopeClaims, "scp") {
		return nil
	}
	var names []string
	for _, scope := range scopes {
		if name, ok := i.scopeName(scope); ok {
			names = append(names, name)
		}
	}
	return names
}

func (i *Issuer) scopeName(scope string) (name string, ok bool) {
	name = scope
	if i.ScopeMap != nil {
		candidates := slices.DeleteFunc(slices.Collect(maps.Keys(i.ScopeMap)), func(name string) bool {
			return !slices.Equal(i.ScopeMap[name], []string{scope})
		})
		if len(candidates) != 1 {
			return "", false
		}
		name = candidates[0]
	}
	if len(i.ScopePrefixes) > 0 {
		name = i.ScopePrefixes[0] + name
	}
	return name, validScope(name)
}
