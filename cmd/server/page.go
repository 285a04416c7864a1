package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"todomanager/internal/config"
)

// page is YAML with a comment behind each line.
type page struct {
	lines [][2]string // text and comment
}

// commentColumn is where comments begin, unless the line is longer.
const commentColumn = 56

// line adds a key; what begins a mapping or a list has no value. The value must be YAML.
func (p *page) line(indent, key, value string, from config.Origin) {
	text := indent + key + ":"
	if value != "" {
		text += " " + value
	}
	p.lines = append(p.lines, [2]string{text, comment(string(from))})
}

// note adds a line of comment.
func (p *page) note(indent, text string) {
	p.lines = append(p.lines, [2]string{indent + "# " + comment(text), ""})
}

func (p *page) print(w io.Writer) error {
	var text strings.Builder
	for _, line := range p.lines {
		if line[1] == "" {
			fmt.Fprintln(&text, line[0])
			continue
		}
		fmt.Fprintf(&text, "%-*s # %s\n", commentColumn, line[0], line[1])
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// comment keeps a file's name from ending the comment that it stands in.
func comment(text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return text
}

// yamlText writes a value of a setting or a field.
func yamlText(value any) string {
	switch v := value.(type) {
	case string:
		return scalar(v)
	case []string:
		list := make([]string, len(v))
		for i, text := range v {
			list[i] = scalar(text)
		}
		return "[" + strings.Join(list, ", ") + "]"
	case config.List:
		return yamlText([]string(v))
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case config.Size:
		text, _ := v.MarshalText() // never fails
		return string(text)
	}
	return fmt.Sprint(value)
}

// plain is text that needs no quotes in YAML, wherever it stands.
var plain = regexp.MustCompile(`^[A-Za-z/.][A-Za-z0-9._/@+-]*(:[A-Za-z0-9._/@+-]+)*$|^([0-9]+[hms])+$`)

// scalar writes text. JSON's strings are YAML's too.
func scalar(text string) string {
	text = config.Redact(text)
	if plain.MatchString(text) && !strings.EqualFold(text, "null") {
		return text
	}
	quoted := new(strings.Builder)
	encoder := json.NewEncoder(quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // never fails for a string
	return strings.TrimSuffix(quoted.String(), "\n")
}
