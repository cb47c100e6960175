package cache

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/narinfo"
)

// directory is the backend of file://.
type directory struct {
	root  string
	swept *sync.Once
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
	t, err := d.temp()
	if err != nil {
		return err
	}
	defer os.Remove(t.Name())
	defer t.Close()
	if _, err := io.Copy(t, data); err != nil {
		return err
	}
	if err := t.Sync(); err != nil {
		return err
	}
	return d.adopt(t, name)
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

// adopt gives a temporary file its name. It is not durable before commit.
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
	temp, err := d.tempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp.Name())
	defer temp.Close()
	temps := make([]string, 0, len(infos))
	few := len(infos) <= fewFiles
	if few {
		// The archives' names, too.
		if err := syncFile(d.path("nar")); err != nil && len(infos) > 0 {
			return err
		}
	}
	for _, in := range infos {
		f, err := os.Create(filepath.Join(temp.Name(), in.Path.HashPart()))
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
