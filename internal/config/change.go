package config

import (
	"fmt"
	"reflect"
	"slices"
)

// NeedRestart returns the settings that a running server cannot change. Nor can it turn
// TLS on or off.
func NeedRestart() []string {
	return []string{"listen", "db", "audit-key", "audit-heads", "ops-listen", "otlp-endpoint", "max-connections"}
}

// Adopt returns what becomes of s, the configuration of a running server, when it adopts
// another: all of next, except what needs a restart. It also returns the names of the
// settings that changed and of those that need a restart. Its error, an [*Error], says that
// the two do not go together.
func (s *Server) Adopt(next *Server) (adopted *Server, changed, restart []string, err error) {
	merged := *next
	adopted = &merged
	adopted.origins = make(map[string]Origin)
	keep := NeedRestart()
	if (s.TLSCert == "") != (next.TLSCert == "") {
		keep = append(keep, "tls-cert", "tls-key")
	}
	for field := range reflect.TypeFor[Server]().Fields() {
		name := settingName(field)
		if name == "" {
			continue
		}
		adopted.origins[name] = next.Origin(name)
		have, want := reflect.ValueOf(s).Elem().FieldByIndex(field.Index), reflect.ValueOf(adopted).Elem().FieldByIndex(field.Index)
		switch {
		case equal(have.Interface(), want.Interface()):
		case slices.Contains(keep, name):
			want.Set(have)
			adopted.origins[name] = s.Origin(name)
			restart = append(restart, name)
		default:
			changed = append(changed, name)
		}
	}
	if err := adopted.Validate(); err != nil {
		return nil, nil, nil, &Error{fmt.Errorf("%w (settings that need a restart keep their old values: restart the server)", err)}
	}
	return adopted, changed, restart, nil
}

// equal compares values of a setting, not where they stand.
func equal(a, b any) bool {
	list, ok := a.(Issuers)
	if !ok {
		return reflect.DeepEqual(a, b)
	}
	return slices.EqualFunc(list, b.(Issuers), func(a, b *Issuer) bool { return reflect.DeepEqual(a.placeless(), b.placeless()) })
}

// placeless returns the entry without where it stands.
func (i *Issuer) placeless() Issuer {
	entry := *i
	entry.source = source{}
	if i.Introspection != nil {
		in := *i.Introspection
		in.lines = nil
		entry.Introspection = &in
	}
	return entry
}
