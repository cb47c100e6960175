package store

import "os"

// UnnamedFile makes a file in dir, or the system's directory for temporary files if
// that is "", of which nothing is left once it is closed, or its process killed.
func UnnamedFile(dir string) (*os.File, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	if f, err := unnamedFile(dir); err == nil {
		return f, nil
	}
	f, err := os.CreateTemp(dir, "gonix-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
