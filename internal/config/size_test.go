package config_test

import (
	"testing"

	"todomanager/internal/config"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "0KiB": "0", "1KiB": "1KiB", "1000KiB": "1000KiB", "1024KiB": "1MiB", "1536MiB": "1536MiB", "2048GiB": "2TiB", "16777215TiB": "16777215TiB",
		"16777216TiB": "", "256": "", "256MB": "", "MiB": "", "-1MiB": "", "1.5GiB": "", "": "",
	} {
		var size config.Size
		err := size.UnmarshalText([]byte(text))
		written, _ := size.MarshalText() // never fails
		if want == "" && err == nil || want != "" && (err != nil || string(written) != want) {
			t.Errorf("%q: %s, %v, want %q", text, written, err, want)
		}
	}
}
