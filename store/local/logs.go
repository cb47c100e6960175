package local

import (
	"compress/bzip2"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"gonix.dev/gonix/store"
)

// LogName is where the log of building a derivation is kept, without the suffix
// ".bz2" that it has if it is compressed.
func (s *Store) LogName(drvPath store.Path) string {
	base := drvPath.String()
	return filepath.Join(s.set.LogDir, "drvs", base[:2], base[2:])
}

// OpenLog opens the build log of a derivation, or of the derivation that made a
// path. The error is os.ErrNotExist if there is none.
func (s *Store) OpenLog(ctx context.Context, p store.Path) (io.ReadCloser, error) {
	if !p.IsDerivation() {
		info, err := s.QueryPathInfo(ctx, p)
		var invalid *store.InvalidPathError
		if errors.As(err, &invalid) {
			return nil, os.ErrNotExist
		}
		if err != nil {
			return nil, err
		}
		if info.Deriver.IsZero() {
			return nil, os.ErrNotExist
		}
		p = info.Deriver
	}
	name := s.LogName(p)
	f, err := os.Open(name)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return f, err
	}
	if f, err = os.Open(name + ".bz2"); err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{bzip2.NewReader(f), f}, nil
}

// AddLog keeps the build log of a derivation that was built elsewhere. A log that
// is there already stays.
func (s *Store) AddLog(drvPath store.Path, log []byte) error {
	if s.set.ReadOnly {
		return ErrReadOnly
	}
	name := s.LogName(drvPath)
	for _, have := range []string{name, name + ".bz2"} {
		if _, err := os.Lstat(have); err == nil {
			return nil
		}
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return renameio.WriteFile(name, log, 0o644)
}
