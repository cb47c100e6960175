package builder

import (
	"archive/tar"
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
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
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	f, err := os.Open(b.onDisk(src))
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := decompress(bufio.NewReaderSize(f, 64<<10))
	if err != nil {
		return fmt.Errorf("failed to open archive '%s': %w", src, err)
	}
	root, err := os.OpenRoot(out)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := untar(root, r); err != nil {
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

// decompress recognises the compression by the first bytes.
func decompress(r *bufio.Reader) (io.Reader, error) {
	magic, err := r.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch s := string(magic); {
	case strings.HasPrefix(s, "\x1f\x8b"):
		return gzip.NewReader(r)
	case strings.HasPrefix(s, "BZh"):
		return bzip2.NewReader(r), nil
	case s == "\xfd7zXZ\x00":
		return xz.NewReader(r)
	case strings.HasPrefix(s, "\x28\xb5\x2f\xfd"):
		return zstd.NewReader(r)
	}
	return r, nil
}

// untar unpacks below root, which nothing in the archive can leave.
func untar(root *os.Root, r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
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
		if dir := path.Dir(name); dir != "." {
			if err := root.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o755)
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
