package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written with a unit: 512KiB, 256MiB, 10GiB. 0 needs none.
type Size uint64

// MarshalText writes one in KiB, or 0.
func (s Size) MarshalText() ([]byte, error) {
	if s == 0 {
		return []byte("0"), nil
	}
	return []byte(strconv.FormatUint(uint64(s)>>10, 10) + "KiB"), nil
}

// UnmarshalText reads one.
func (s *Size) UnmarshalText(text []byte) error {
	for unit, bytes := range map[string]uint64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40} {
		number, ok := strings.CutSuffix(string(text), unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil || n > math.MaxUint64/bytes {
			break
		}
		*s = Size(n * bytes)
		return nil
	}
	if string(text) == "0" {
		*s = 0
		return nil
	}
	return fmt.Errorf("%q is not a size; write 256MiB or 10GiB, or 0", text)
}
