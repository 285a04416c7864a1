package config_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"todomanager/internal/config"
)

// The documented file must be good, and a setting or key without documentation is a
// setting that nobody finds.
func TestDocumentedFile(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(string(text))
	if block == nil {
		t.Fatal("docs/configuration.md has no example")
	}
	got, err := parse(t, block[1])
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Issuer) != 3 || len(got.Sites()) != 3 {
		t.Errorf("%d issuers, %d sites", len(got.Issuer), len(got.Sites()))
	}
	mention := func(typ reflect.Type, name func(reflect.StructField) string) {
		for field := range typ.Fields() {
			if key := name(field); key != "" && !regexp.MustCompile(`(?m)^[ #-]*`+key+`:`).MatchString(block[1]) {
				t.Errorf("the example lacks %s", key)
			}
		}
	}
	yamlKey := func(field reflect.StructField) string { return field.Tag.Get("yaml") }
	mention(reflect.TypeFor[config.Issuer](), yamlKey)
	mention(reflect.TypeFor[config.Introspection](), yamlKey)
	mention(reflect.TypeFor[config.Server](), func(field reflect.StructField) string {
		key := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(field.Tag.Get("env"), "TODO_"), "_", "-"))
		if key == "config" {
			return ""
		}
		return key
	})
}

// TestDocumentedReload: the page says of each setting whether a reload changes it.
func TestDocumentedReload(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (changes|needs a restart) \| ([^;]*);`).FindAllStringSubmatch(string(page), -1)
	if len(rows) != 2 {
		t.Fatal("docs/configuration.md does not say what a reload changes")
	}
	said := make(map[string]string)
	for _, row := range rows {
		for _, name := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(row[2], -1) {
			said[name[1]] = row[1]
		}
	}
	for _, setting := range new(config.Server).Settings() {
		want := "changes"
		if slices.Contains(config.NeedRestart(), setting.Name) {
			want = "needs a restart"
		}
		if got := said[setting.Name]; got != want && setting.Name != "config" {
			t.Errorf("docs/configuration.md says of %s %q, want %q", setting.Name, got, want)
		}
	}
}
