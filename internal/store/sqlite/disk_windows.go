package sqlite

import "golang.org/x/sys/windows"

// freeBytes returns how much this user may still write to the volume of a path.
func freeBytes(path string) (free uint64, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err == nil {
		err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	}
	return free, err
}
