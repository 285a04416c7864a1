package observe

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// visible makes an attribute harmless on a terminal. tint prints the message
// unquoted and, with colour on, ESC in keys and values as it is.
func visible(attr slog.Attr) slog.Attr {
	attr.Key = strings.Map(picture, attr.Key)
	if attr.Value.Kind() == slog.KindString {
		attr.Value = slog.StringValue(strings.Map(picture, attr.Value.String()))
	}
	return attr
}

// picture maps a rune that a terminal would act on, or that is not there to be
// seen, to a visible stand-in: ␊ for a newline, ␛ for ESC. U+FFFD goes too, since
// tint without colour cuts a value off there.
func picture(r rune) rune {
	switch {
	case r < ' ':
		return '␀' + r
	case r == 0x7f:
		return '␡'
	case r == utf8.RuneError || !unicode.IsPrint(r):
		return '␦'
	}
	return r
}

// Escaper returns a writer of JSON, whole lines at a time, that turns what a terminal would
// act on, DEL, C1 controls and bidi marks, into \u escapes; encoding has escaped the other
// controls. Such runes can only stand inside strings, so the JSON says the same.
func Escaper(w io.Writer) io.Writer { return escaper{w} }

type escaper struct{ w io.Writer }

func (e escaper) Write(line []byte) (int, error) {
	if harmless(line) {
		return e.w.Write(line)
	}
	var out strings.Builder
	out.Grow(len(line))
	for _, r := range string(line) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		}
	}
	if _, err := io.WriteString(e.w, out.String()); err != nil {
		return 0, err
	}
	return len(line), nil
}

// harmless reports whether a line is printable ASCII, as nearly all are.
func harmless(line []byte) bool {
	for _, c := range line {
		if (c < ' ' || c > '~') && c != '\n' {
			return false
		}
	}
	return true
}
