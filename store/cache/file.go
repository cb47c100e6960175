package cache

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/narinfo"
)

// directory is the backend of file://.
type directory struct {
	root string
}

func (d directory) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

func (d directory) open(_ context.Context, name string, off int64, _ string) (file, error) {
	f, err := os.Open(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return file{}, errNotFound
	}
	if err != nil {
		return file{}, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: f.Name(), Err: errors.New("not a regular file")}
	}
	if err == nil && off > 0 {
		_, err = f.Seek(off, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return file{}, err
	}
	return file{body: f, size: st.Size()}, nil
}

func (d directory) exists(_ context.Context, name string) (bool, error) {
	_, err := os.Lstat(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (d directory) put(_ context.Context, name string, data io.ReadSeeker, _ int64, _, _ string) error {
	path := d.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	t, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer t.Cleanup()
	if _, err := io.Copy(t, data); err != nil {
		return err
	}
	return t.CloseAtomicallyReplace()
}

// hashParts are those of all narinfo files.
func (d directory) hashParts() ([]string, error) {
	entries, err := os.ReadDir(d.root)
	var parts []string
	for _, e := range entries {
		if part, ok := strings.CutSuffix(e.Name(), ".narinfo"); ok && len(part) == store.HashLen {
			parts = append(parts, part)
		}
	}
	return parts, err
}

// spool makes a temporary file that adopt moves into the cache without copying.
func (d directory) spool() (*os.File, error) {
	dir := d.path("nar")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	return os.CreateTemp(dir, ".tmp-*")
}

// adopt gives a spooled file its name. It is not durable before commit.
func (d directory) adopt(f *os.File, name string) error {
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), d.path(name))
}

// fewFiles is the number of files up to which each is flushed to disk by itself,
// rather than the whole file system once.
const fewFiles = 4

// commit writes narinfo files in the given order, after everything that they
// speak of is on disk, and they themselves under other names.
func (d directory) commit(dir store.Dir, infos []*narinfo.Info) (err error) {
	temps := make([]string, 0, len(infos))
	defer func() {
		if err != nil {
			for _, t := range temps {
				os.Remove(t)
			}
		}
	}()
	few := len(infos) <= fewFiles
	for _, in := range infos {
		f, err := os.CreateTemp(d.root, ".tmp-*")
		if err != nil {
			return err
		}
		temps = append(temps, f.Name())
		_, err = f.WriteString(narinfo.Format(dir, in))
		if err == nil {
			err = f.Chmod(0o644)
		}
		if err == nil && few {
			err = f.Sync()
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err == nil && few {
			err = syncFile(d.path(in.URL))
		}
		if err != nil {
			return err
		}
	}
	if !few {
		if err := syncFileSystem(d.root); err != nil {
			return err
		}
	}
	for i, in := range infos {
		if err := os.Rename(temps[i], d.path(in.Path.HashPart()+".narinfo")); err != nil {
			return err
		}
	}
	return nil
}

func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
