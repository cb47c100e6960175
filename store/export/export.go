// Package export reads and writes the stream of `nix-store --export`: the NARs of
// several store paths with their references, to be imported elsewhere.
//
// All numbers are little-endian 64-bit words, strings as in a NAR. Each path is a
// 1, its NAR, a magic word, its name, its references after their number, its
// deriver or "", and a 0 (where old versions had a signature). A 0 ends the stream.
package export

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

const magic = 0x4558494e // "NIXE"

// maxString bounds names of paths; maxRefs the references of one.
const (
	maxString = 4096
	maxRefs   = 1 << 20
)

// Write writes paths, which must be ordered so that each comes after what it
// refers to. A path whose contents are not what the store says is an error.
func Write(ctx context.Context, w io.Writer, from store.Source, infos []*store.PathInfo) error {
	b := bufio.NewWriterSize(w, 256<<10)
	dir := from.StoreDir()
	for _, i := range infos {
		writeInt(b, 1)
		h := hash.New(hash.SHA256)
		if err := from.NarFromPath(ctx, i.Path, io.MultiWriter(b, h)); err != nil {
			return err
		}
		if got := h.Sum(); got != i.NarHash {
			return fmt.Errorf("hash of path '%s' has changed from '%s' to '%s'!", dir.Format(i.Path), i.NarHash, got)
		}
		writeInt(b, magic)
		writeString(b, dir.Format(i.Path))
		writeInt(b, uint64(len(i.References)))
		for _, r := range i.References {
			writeString(b, dir.Format(r))
		}
		deriver := ""
		if !i.Deriver.IsZero() {
			deriver = dir.Format(i.Deriver)
		}
		writeString(b, deriver)
		writeInt(b, 0)
	}
	writeInt(b, 0)
	return b.Flush()
}

func writeInt(w *bufio.Writer, n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	w.Write(b[:])
}

func writeString(w *bufio.Writer, s string) {
	writeInt(w, uint64(len(s)))
	w.WriteString(s)
	w.Write(make([]byte, -len(s)&7))
}

// Read imports a stream and returns the paths in it. What a path is comes after
// its NAR, so that is kept meanwhile, in a file in tempDir.
func Read(ctx context.Context, r io.Reader, to store.Store, opts store.AddOptions, tempDir string) ([]store.Path, error) {
	f, err := store.UnnamedFile(tempDir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := reader{r: bufio.NewReaderSize(r, 256<<10), dir: to.StoreDir()}
	var paths []store.Path
	for {
		n, err := in.int()
		if err != nil {
			return paths, fmt.Errorf("read export: %w", err)
		}
		if n == 0 {
			return paths, nil
		}
		if n != 1 {
			return paths, fmt.Errorf("input doesn't look like something created by 'nix-store --export'")
		}
		info, err := in.path(ctx, f)
		if err != nil {
			return paths, fmt.Errorf("read export: %w", err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return paths, err
		}
		if err := to.AddToStore(ctx, info, f, opts); err != nil {
			return paths, err
		}
		paths = append(paths, info.Path)
	}
}

type reader struct {
	r   *bufio.Reader
	dir store.Dir
}

// path reads one path; its NAR goes to f.
func (in *reader) path(ctx context.Context, f *os.File) (*store.PathInfo, error) {
	if err := f.Truncate(0); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	h := hash.New(hash.SHA256)
	buf := bufio.NewWriterSize(f, 256<<10)
	if err := copyNAR(ctx, io.MultiWriter(buf, h), in.r); err != nil {
		return nil, err
	}
	if err := buf.Flush(); err != nil {
		return nil, err
	}
	if m, err := in.int(); err != nil {
		return nil, err
	} else if m != magic {
		return nil, fmt.Errorf("Nix archive cannot be imported; wrong format")
	}
	info := &store.PathInfo{NarHash: h.Sum(), NarSize: h.Size()}
	name, err := in.str()
	if err != nil {
		return nil, err
	}
	if info.Path, err = in.dir.Parse(name); err != nil {
		return nil, err
	}
	n, err := in.int()
	if err != nil {
		return nil, err
	}
	if n > maxRefs {
		return nil, fmt.Errorf("path '%s' has %d references", name, n)
	}
	for range n {
		s, err := in.str()
		if err != nil {
			return nil, err
		}
		ref, err := in.dir.Parse(s)
		if err != nil {
			return nil, err
		}
		info.References = append(info.References, ref)
	}
	info.References = store.SortPaths(info.References)
	deriver, err := in.str()
	if err != nil {
		return nil, err
	}
	if deriver != "" {
		if info.Deriver, err = in.dir.Parse(deriver); err != nil {
			return nil, err
		}
	}
	signed, err := in.int()
	if err == nil && signed == 1 {
		_, err = in.str()
	}
	return info, err
}

// copyNAR copies an archive and checks it on the way. The writer writes back what
// the reader accepts, which is the same bytes: an archive has only one form.
func copyNAR(ctx context.Context, w io.Writer, r *bufio.Reader) error {
	nr, nw := nar.NewReaderExact(r), nar.NewWriter(w)
	for {
		h, err := nr.Next()
		if err == io.EOF {
			return nw.Close()
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := nw.WriteHeader(h); err != nil {
			return err
		}
		if h.Type == nar.Regular {
			if _, err := nr.WriteTo(nw); err != nil {
				return err
			}
		}
	}
}

func (in *reader) int() (uint64, error) {
	var b [8]byte
	if _, err := io.ReadFull(in.r, b[:]); err != nil {
		return 0, unexpected(err)
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

func (in *reader) str() (string, error) {
	n, err := in.int()
	if err != nil {
		return "", err
	}
	if n > maxString {
		return "", fmt.Errorf("string of %d bytes is too long", n)
	}
	b := make([]byte, n+-n&7)
	if _, err := io.ReadFull(in.r, b); err != nil {
		return "", unexpected(err)
	}
	return string(b[:n]), nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
