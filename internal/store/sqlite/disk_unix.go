//go:build unix

package sqlite

import "golang.org/x/sys/unix"

// freeBytes returns how much this user may still write to the file system of a path.
func freeBytes(path string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil //nolint:gosec,unconvert // the types differ by system; neither is negative
}
