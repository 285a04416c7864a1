//go:build !windows

package atomicfile

import (
	"errors"
	"os"
)

// SyncFolder makes renames of files in a folder last.
func SyncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
