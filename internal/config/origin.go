package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Origin says where a value came from, for people: flag, variable TODO_X, FILE:LINE or
// default.
type Origin string

// The origins that have no place of their own.
const (
	fromFlag    Origin = "flag"
	FromDefault Origin = "default"
)

func inFile(name string, line int) Origin { return Origin(fmt.Sprintf("%s:%d", name, line)) }

// from continues a sentence about a value. What was just typed, and what nobody set, need
// no place.
func (o Origin) from() string {
	if o == "" || o == fromFlag || o == FromDefault {
		return ""
	}
	return ", from " + string(o)
}

// variable returns the environment variable of a setting.
func variable(name string) string {
	return "TODO_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// Origin returns where the value of a setting came from. It is not known for a Server
// that [Parse] did not fill.
func (s *Server) Origin(name string) Origin { return s.origins[name] }

// BeforeApply is called by kong once it is known where each value comes from.
func (s *Server) BeforeApply(ctx *kong.Context, f *file) error {
	s.origins = make(map[string]Origin)
	for _, flag := range ctx.Flags() {
		if len(flag.Envs) > 0 {
			s.origins[flag.Name] = f.origin(ctx, flag)
		}
	}
	return nil
}

func (f *file) origin(ctx *kong.Context, flag *kong.Flag) Origin {
	if slices.ContainsFunc(ctx.Path, func(p *kong.Path) bool { return p.Flag == flag && !p.Resolved }) {
		return fromFlag
	}
	if i := slices.IndexFunc(flag.Envs, isSet); i >= 0 {
		return Origin("variable " + flag.Envs[i])
	}
	if line, ok := f.lines[flag.Name]; ok {
		return inFile(f.name, line)
	}
	return FromDefault
}

// placeIssuers notes where the issuers come from that do not stand in the file.
func (s *Server) placeIssuers() {
	for _, issuer := range s.Issuer {
		issuer.source.origin = s.Origin("issuer")
	}
}

// Setting is one setting with its value.
type Setting struct {
	Name   string
	Value  any // of the type of the field of [Server]
	Origin Origin
}

// Settings returns all settings, in the order of [Server].
func (s *Server) Settings() []Setting {
	var list []Setting
	for field, value := range reflect.ValueOf(s).Elem().Fields() {
		if name := settingName(field); name != "" {
			list = append(list, Setting{name, value.Interface(), s.Origin(name)})
		}
	}
	return list
}

// settingName returns the name of a field's setting, or "" if it is none.
func settingName(field reflect.StructField) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(field.Tag.Get("env"), "TODO_"), "_", "-"))
}
