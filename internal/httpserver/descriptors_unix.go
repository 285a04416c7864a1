//go:build unix

package httpserver

import "syscall"

// Descriptors returns how many descriptors this process may have, 0 if that is not known.
// Go has raised the soft limit to the hard one by now.
func Descriptors() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur) //nolint:unconvert // not everywhere unsigned
}
