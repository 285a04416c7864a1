package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written with a unit: 512KiB, 256MiB, 10GiB. 0 needs none.
type Size uint64

// sizeForm says in words how. Which sizes a setting takes is its own affair.
const sizeForm = "a size, a whole number followed by KiB, MiB, GiB or TiB, such as 8MiB"

// units are those of sizes, the largest first.
var units = []struct {
	name  string
	bytes uint64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// MarshalText writes one in the largest unit that it is a multiple of. What no unit
// divides is rounded down to KiB; nobody can configure it.
func (s Size) MarshalText() ([]byte, error) {
	if s == 0 {
		return []byte("0"), nil
	}
	n := uint64(s)
	for _, unit := range units {
		if n%unit.bytes == 0 {
			return []byte(strconv.FormatUint(n/unit.bytes, 10) + unit.name), nil
		}
	}
	return []byte(strconv.FormatUint(n>>10, 10) + "KiB"), nil
}

// UnmarshalText reads one.
func (s *Size) UnmarshalText(text []byte) error {
	for _, unit := range units {
		number, ok := strings.CutSuffix(string(text), unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil || n > math.MaxUint64/unit.bytes {
			break
		}
		*s = Size(n * unit.bytes)
		return nil
	}
	if string(text) == "0" {
		*s = 0
		return nil
	}
	return fmt.Errorf("%q is not %s", text, sizeForm)
}
