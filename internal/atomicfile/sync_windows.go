package atomicfile

// syncFolder has nothing to do: the file system keeps a log of renames.
func syncFolder(string) error { return nil }
