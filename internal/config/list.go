package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// List is a setting of several values: comma separated in a flag or variable,
// a sequence or a comma separated string in the file. A repeated flag adds to
// the list. Spaces around a value are dropped; the empty string is the empty
// list; an empty value among others is an error.
type List []string

// Decode implements kong.MapperValue.
func (l *List) Decode(ctx *kong.DecodeContext) error {
	token, err := ctx.Scan.PopValue("list")
	if err != nil {
		return errors.New("want a value, or several with commas between them")
	}
	values, ok := token.Value.(List)
	if !ok {
		if values, err = splitList(fmt.Sprint(token.Value)); err != nil {
			return err
		}
	}
	*l = append(*l, values...)
	return nil
}

func splitList(text string) (List, error) {
	if strings.TrimSpace(text) == "" {
		return List{}, nil
	}
	return cleanList(strings.Split(text, ","))
}

func cleanList(values []string) (List, error) {
	list := make(List, len(values))
	for i, value := range values {
		if list[i] = strings.TrimSpace(value); list[i] == "" {
			return nil, errors.New("a value in the list is empty; remove the extra comma or entry")
		}
	}
	return list, nil
}
