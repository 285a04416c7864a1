package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"
)

// misread keeps the error of the value that is not of its setting's type, which kong would
// tell in other words than ours.
type misread struct{ err error }

// options put kong's readers of single values in front of m.
func (m *misread) options() (options []kong.Option) {
	standard := kong.NewRegistry().RegisterDefaults()
	for _, typ := range []reflect.Type{reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int64](), reflect.TypeFor[float64]()} {
		options = append(options, kong.KindMapper(typ.Kind(), scalar{standard.ForType(typ), m}))
	}
	size := reflect.TypeFor[Size]()
	return append(options, kong.TypeMapper(size, scalar{standard.ForType(size), m}))
}

// scalar is one of these readers.
type scalar struct {
	kong.Mapper

	failed *misread
}

// Decode implements [kong.Mapper].
func (s scalar) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	token := ctx.Scan.Peek()
	err := s.Mapper.Decode(ctx, target)
	if err != nil && token.IsValue() {
		s.failed.err = wrongType(ctx.Value, fmt.Sprint(token.Value), target.Type())
	}
	return err
}

// wrongType tells of it. An argument of a command has no variable.
func wrongType(v *kong.Value, text string, typ reflect.Type) error {
	mend := "must be " + want(typ)
	if v.Default != "" {
		mend += "; the default is " + v.Default
	}
	if v.Tag == nil || len(v.Tag.Envs) == 0 {
		return &Error{fmt.Errorf("%s is %q: %s", v.ShortSummary(), text, mend)}
	}
	origin := fromFlag
	if i := slices.IndexFunc(v.Tag.Envs, func(variable string) bool { return os.Getenv(variable) == text && isSet(variable) }); i >= 0 {
		origin = Origin("variable " + v.Tag.Envs[i])
	}
	return invalid(origin, v.Name, text, "%w", errors.New(mend))
}
