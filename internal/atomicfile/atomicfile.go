// Package atomicfile puts files in place whole: after a crash there is the old file or
// the new one, never a part.
package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// WriteBytes replaces the file name with data, as Write does.
func WriteBytes(name string, data []byte) error {
	return Write(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write replaces the file name with what write writes, mode 0600, and returns once that
// is on the disk. If write fails the old file stays.
func Write(name string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".tmp-*") // mode 0600
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return SyncFolder(filepath.Dir(name))
}
