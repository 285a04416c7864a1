package auth

import (
	"bytes"
	"encoding/json"
)

// jsonSpace is the white space of RFC 8259 section 2.
const jsonSpace = " \t\r\n"

// An object walks the members of a JSON object that json.Valid has accepted, in
// order and as they are written. It relies on that validity for not running
// past the end. (json.Decoder reads the same tokens at many times the cost.)
type object struct{ rest []byte }

// openObject returns the walk over a valid JSON value, if that is an object.
func openObject(valid []byte) (object, bool) {
	b := bytes.Trim(valid, jsonSpace)
	if len(b) == 0 || b[0] != '{' {
		return object{}, false
	}
	return object{skipSpace(b[1:])}, true
}

func (o *object) more() bool { return o.rest[0] != '}' }

// next returns the name, quoted as it stands, and the value of the next member.
func (o *object) next() (name, value json.RawMessage) {
	name = o.take(stringEnd(o.rest))
	o.take(1) // the colon
	value = o.take(valueEnd(o.rest))
	if o.rest[0] == ',' {
		o.take(1)
	}
	return name, value
}

// take cuts off n bytes and the white space after them.
func (o *object) take(n int) json.RawMessage {
	b := json.RawMessage(o.rest[:n:n])
	o.rest = skipSpace(o.rest[n:])
	return b
}

func skipSpace(b []byte) []byte { return bytes.TrimLeft(b, jsonSpace) }

// stringEnd returns the length of the string that b begins with.
func stringEnd(b []byte) int {
	for i := 1; ; i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// valueEnd returns the length of the member's value that b begins with.
func valueEnd(b []byte) int {
	switch b[0] {
	case '"':
		return stringEnd(b)
	case '{', '[':
	default:
		return bytes.IndexAny(b, ",}"+jsonSpace)
	}
	depth := 0
	for i := 0; ; i++ {
		switch b[i] {
		case '"':
			i += stringEnd(b[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}
