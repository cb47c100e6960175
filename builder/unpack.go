package builder

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/local"
)

// unpackChannel is builtin:unpack-channel: it unpacks the tarball `src` and calls
// the only thing in it `channelName`.
func (b *build) unpackChannel() error {
	out, _, err := b.outPath()
	if err != nil {
		return err
	}
	name, err := b.env("channelName")
	if err != nil {
		return err
	}
	src, err := b.env("src")
	if err != nil {
		return err
	}
	if name == "" || name == "." || name == ".." || strings.Contains(name, "/") {
		return fmt.Errorf("channelName is not allowed to contain filesystem separators, got %s", name)
	}
	f, err := os.Open(b.onDisk(src))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := Unpack(b.ctx, f, out); err != nil {
		return fmt.Errorf("failed to extract archive '%s': %w", src, err)
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	if len(entries) != 1 {
		return fmt.Errorf("channel tarball '%s' contains more than one file", src)
	}
	return os.Rename(out+"/"+entries[0].Name(), out+"/"+name)
}

// Unpack unpacks a tar archive, which may be compressed, into a directory that it
// makes if it is missing.
func Unpack(ctx context.Context, archive io.Reader, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r, err := decompress(local.ContextReader(ctx, archive))
	if err != nil {
		return err
	}
	defer r.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return untar(root, r)
}

// decompress recognises the compression by the first bytes.
func decompress(from io.Reader) (io.ReadCloser, error) {
	r := bufio.NewReaderSize(from, 64<<10)
	magic, err := r.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	kind := "none"
	for prefix, k := range map[string]string{"\x1f\x8b": "gzip", "BZh": "bzip2", "\xfd7zXZ\x00": "xz", "\x28\xb5\x2f\xfd": "zstd"} {
		if strings.HasPrefix(string(magic), prefix) {
			kind = k
		}
	}
	return cache.Decompress(r, kind)
}

// untar unpacks below root, which nothing in the archive can leave.
func untar(root *os.Root, r io.Reader) error {
	c := &countReader{r: r}
	t := tar.NewReader(c)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			if c.n%512 != 0 {
				return io.ErrUnexpectedEOF // the end of archive/tar, though not of a block
			}
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(strings.TrimPrefix(h.Name, "./"))
		if name == "." || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") {
			return fmt.Errorf("'%s' is outside of the archive", h.Name)
		}
		if err := makeParents(root, path.Dir(name)); err != nil {
			return fmt.Errorf("'%s': %w", h.Name, err)
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = makeParents(root, name)
		case tar.TypeReg:
			err = untarFile(root, name, h, t)
		case tar.TypeSymlink:
			err = root.Symlink(h.Linkname, name)
		case tar.TypeLink:
			err = root.Link(path.Clean(h.Linkname), name)
		default:
			err = fmt.Errorf("'%s' is of an unsupported type", h.Name)
		}
		if err != nil {
			return err
		}
	}
}

type countReader struct {
	r io.Reader
	n int64
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// makeParents makes a directory and those above it. What lies below a symlink of
// the archive is refused: it would be written somewhere else than it says.
func makeParents(root *os.Root, dir string) error {
	for i := 1; i <= len(dir); i++ {
		if dir == "." || i < len(dir) && dir[i] != '/' {
			continue
		}
		if err := root.Mkdir(dir[:i], 0o755); err == nil || !errors.Is(err, os.ErrExist) {
			if err != nil {
				return err
			}
			continue
		}
		if st, err := root.Lstat(dir[:i]); err != nil {
			return err
		} else if !st.IsDir() {
			return fmt.Errorf("'%s' is not a directory", dir[:i])
		}
	}
	return nil
}

func untarFile(root *os.Root, name string, h *tar.Header, r io.Reader) error {
	mode := os.FileMode(0o644)
	if h.Mode&0o100 != 0 {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
