//go:build !unix

package httpserver

// Descriptors returns how many descriptors this process may have, 0 if that is not known.
func Descriptors() uint64 { return 0 }
