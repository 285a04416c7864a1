package auth

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// members are the members of one JSON object with their values still encoded.
//
// encoding/json matches names without regard to case and lets the last
// duplicate win, so two readers of one token can see two different subjects.
// members exist only for objects in which that cannot happen.
type members map[string]json.RawMessage

// reservedNames maps the folded form of a name to the name itself.
type reservedNames map[string]string

func reserve(names ...string) reservedNames {
	r := make(reservedNames, len(names))
	r.add(names...)
	return r
}

func (r reservedNames) add(names ...string) {
	for _, name := range names {
		r[fold(name)] = name
	}
}

// fold maps names that some JSON reader could take for each other to one form.
// By way of upper case it also catches U+017F and U+212A, which encoding/json
// takes for s and k.
func fold(name string) string {
	plain := func(c rune) bool { return c < utf8.RuneSelf && !unicode.IsUpper(c) }
	if strings.IndexFunc(name, func(c rune) bool { return !plain(c) }) < 0 {
		return name // nearly every name there is
	}
	return strings.ToLower(strings.ToUpper(name))
}

// parseMembers reads exactly one JSON object in valid UTF-8. Duplicate members
// and case variants of reserved names are errors (RFC 7515 section 4, RFC 7519
// section 4). Errors are constant texts. The members share memory with data.
func parseMembers(data []byte, reserved reservedNames) (members, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not valid UTF-8")
	}
	if !json.Valid(data) {
		return nil, errors.New("malformed JSON")
	}
	object, ok := openObject(data)
	if !ok {
		return nil, errors.New("not a JSON object")
	}
	m := make(members, 16)
	for object.more() {
		rawName, value := object.next()
		name, ok := asString(rawName)
		if !ok {
			return nil, errors.New("malformed JSON")
		}
		if _, dup := m[name]; dup {
			return nil, errors.New("duplicate member")
		}
		if proper, ok := reserved[fold(name)]; ok && proper != name {
			return nil, errors.New("case variant of a registered member")
		}
		m[name] = value
	}
	return m, nil
}

func (m members) has(name string) bool {
	_, ok := m[name]
	return ok
}

// text returns a string member. ok is false unless the member is present and a
// JSON string.
func (m members) text(name string) (s string, ok bool) { return asString(m[name]) }

// asString decodes a valid JSON value that is a string.
func asString(value json.RawMessage) (s string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	if !slices.Contains(value, '\\') {
		return string(value[1 : len(value)-1]), true
	}
	ok = json.Unmarshal(value, &s) == nil
	return s, ok
}

// strings returns a member that is a string or an array. If an element is no string ok is
// false, and the list has the others.
func (m members) strings(name string) (list []string, ok bool) {
	if s, ok := m.text(name); ok {
		return []string{s}, true
	}
	var elements []json.RawMessage
	if json.Unmarshal(m[name], &elements) != nil || elements == nil {
		return nil, false
	}
	ok = true
	for _, e := range elements {
		s, isString := asString(e)
		if !isString {
			ok = false
			continue
		}
		list = append(list, s)
	}
	return list, ok
}

// keys returns the names in a member that is an object, sorted; none if it is
// anything else.
func (m members) keys(name string) []string {
	object, err := parseMembers(m[name], nil)
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(object))
}

// endOfTime is the first second of the year 10000, which RFC 3339 cannot write.
const endOfTime = 253402300800

// time returns a NumericDate member (RFC 7519 section 2): a positive JSON
// number of seconds, fractions allowed. Anything else, null included, is not ok.
func (m members) time(name string) (t time.Time, ok bool) {
	value := m[name]
	if len(value) == 0 || value[0] < '0' || value[0] > '9' {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(string(value), 64)
	if err != nil || seconds <= 0 || seconds >= endOfTime {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

const maxTextBytes = 255 // OpenID Connect Core section 2 bounds sub by this

// identifier reports whether s can name somebody: 1 to 255 bytes, not blank,
// and without the characters that make two names look alike, forge a line of a
// log, or stand for bytes that were lost on the way (U+FFFD). Names are
// otherwise left alone: no normalization, no trimming.
func identifier(s string) bool {
	if len(s) > maxTextBytes || strings.TrimSpace(s) == "" {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) ||
			r == '\u2028' || r == '\u2029'
	}) < 0
}
