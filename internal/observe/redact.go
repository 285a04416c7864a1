package observe

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
)

// redact is a ReplaceAttr function. It blanks attributes that are, or lie in a
// group that is, named like a secret or personal data, and opaque values.
func redact(groups []string, attr slog.Attr) slog.Attr {
	if secret(attr.Key) || slices.ContainsFunc(groups, secret) {
		return slog.String(attr.Key, "[redacted]")
	}
	if attr.Value.Kind() != slog.KindAny {
		return attr
	}
	switch v := attr.Value.Any(); {
	case isLevel(v):
		return attr
	case printable(v):
		return slog.String(attr.Key, fmt.Sprint(v))
	default:
		return slog.String(attr.Key, fmt.Sprintf("[%T]", v))
	}
}

// secret reports whether key names what must not be logged.
func secret(key string) bool {
	switch strings.ReplaceAll(strings.ToLower(key), "-", "_") {
	case "authorization", "proxy_authorization", "cookie", "set_cookie", "dpop",
		"token", "access_token", "refresh_token", "id_token", "bearer", "jwt", "claims",
		"code", "code_verifier", "client_secret", "client_assertion", "secret", "password",
		"sub", "subject", "email", "content":
		return true
	}
	return false
}

func isLevel(v any) bool {
	_, ok := v.(slog.Level)
	return ok
}

// printable reports whether printing v shows no more than v's author meant to:
// an error, a Stringer, or basic values. The fields of a struct or the entries
// of a map, an http.Header for one, have keys that nobody has checked.
func printable(v any) bool {
	switch v.(type) {
	case nil, error, fmt.Stringer:
		return true
	}
	typ := reflect.TypeOf(v)
	if typ.Kind() == reflect.Slice && typ.Elem().Kind() != reflect.Uint8 {
		typ = typ.Elem()
	}
	return typ.Kind() <= reflect.Complex128 || typ.Kind() == reflect.String
}
