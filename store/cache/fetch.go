package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/renameio/v2"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/narinfo"
)

// CorruptError is an archive that is not what its narinfo says.
type CorruptError struct {
	Path   string // of the object
	URI    string // of the cache
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("hash mismatch: archive of '%s' in '%s' is corrupt: %s", e.Path, e.URI, e.Reason)
}

// ErrGone is wrapped by the error for an archive that is not there, although its
// narinfo is.
var ErrGone = errors.New("no such file")

// NarFromPath implements store.Source. The last byte is written after all checks,
// so that nobody gets a whole archive that is not what its narinfo says.
func (c *Cache) NarFromPath(ctx context.Context, p store.Path, w io.Writer) error {
	in, err := c.QueryNarInfo(ctx, p)
	if err != nil {
		return err
	}
	if c.par.narCache != "" {
		return c.fetchThrough(ctx, in, w)
	}
	return c.fetch(ctx, in, w)
}

// OpenNar reads the archive of a path for receivers that compare it with the path's
// hash themselves, as AddToStore does: it is not hashed twice. It may be closed while
// it is read.
func (c *Cache) OpenNar(ctx context.Context, p store.Path) (io.ReadCloser, error) {
	in, err := c.QueryNarInfo(ctx, p)
	if err != nil {
		return nil, err
	}
	return c.openNar(ctx, in, nil)
}

// fetchThrough keeps archives, unpacked, in the directory of local-nar-cache.
func (c *Cache) fetchThrough(ctx context.Context, in *narinfo.Info, w io.Writer) error {
	name := filepath.Join(c.par.narCache, in.Path.HashPart()+".nar")
	if f, err := os.Open(name); err == nil {
		defer f.Close()
		sum := hash.New(hash.SHA256)
		if _, err := io.Copy(sum, f); err == nil && sum.Sum() == in.NarHash {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			_, err := io.Copy(w, f)
			return err
		}
	}
	if err := os.MkdirAll(c.par.narCache, 0o777); err != nil {
		return err
	}
	t, err := renameio.NewPendingFile(name, renameio.WithTempDir(c.par.narCache), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer t.Cleanup()
	if err := c.fetch(ctx, in, io.MultiWriter(t, w)); err != nil {
		return err
	}
	return t.CloseAtomicallyReplace()
}

// fetch writes the archive that in describes to w and checks it on the way.
func (c *Cache) fetch(ctx context.Context, in *narinfo.Info, w io.Writer) error {
	a, err := c.openNar(ctx, in, nil)
	if err != nil {
		return err
	}
	defer a.Close()
	tee := hash.NewTee(a, hash.SHA256)
	defer tee.Close()
	for {
		// One byte is kept until there are more.
		_, end := tee.Peek(2)
		piece, _ := tee.Peek(tee.Buffered())
		switch {
		case end == io.EOF:
			if got := tee.Sum(); got != in.NarHash {
				return a.corrupt("its hash is %s, its narinfo says %s", got, in.NarHash)
			}
			_, err := w.Write(piece)
			return err
		case end != nil:
			return end
		}
		if _, err := w.Write(piece[:len(piece)-1]); err != nil {
			return err
		}
		tee.Discard(len(piece) - 1)
	}
}

// archive is an archive that is read from the cache, unpacked. Its last byte is
// handed out after all checks but that of its hash.
type archive struct {
	c        *Cache
	in       *narinfo.Info
	cancel   context.CancelFunc
	packed   *checkedReader
	unpacked io.ReadCloser
	closers  []io.Closer

	mu   sync.Mutex // held while it is read
	left int64
	err  error
}

// openNar opens the archive that in describes. progress is called with the number
// of bytes downloaded so far; it may be nil.
func (c *Cache) openNar(ctx context.Context, in *narinfo.Info, progress func(int64)) (_ *archive, err error) {
	ctx, cancel := context.WithCancel(ctx)
	a := &archive{c: c, in: in, cancel: cancel, left: in.NarSize}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	d, err := c.open(ctx, in.URL)
	if errors.Is(err, errNotFound) {
		// What the disk cache remembers may be gone.
		c.known.Delete(in.Path.HashPart())
		return nil, &TransferError{URL: c.location(in.URL), Err: ErrGone}
	}
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, d)
	if in.FileSize > 0 && d.f.encoding == "" && d.f.size >= 0 && d.f.size != in.FileSize {
		return nil, a.corrupt("the file has %d bytes, its narinfo says %d", d.f.size, in.FileSize)
	}
	a.packed = &checkedReader{r: d, want: in.FileSize, progress: progress}
	if !in.FileHash.IsZero() && (in.Compression != "none" || d.f.encoding != "") {
		a.packed.sum = hash.New(hash.SHA256)
	}
	if d.f.encoding != "" {
		// Encoded by the server: the file's hash and size are of what is inside.
		dec, err := decompress(d, d.f.encoding)
		if err != nil {
			return nil, err
		}
		a.closers = append(a.closers, dec)
		a.packed.r = dec
	}
	if a.unpacked, err = decompress(a.packed, in.Compression); err != nil {
		return nil, corruptIf(err, a.corrupt)
	}
	a.closers = append(a.closers, a.unpacked)
	return a, nil
}

// Close ends a read that is under way, and the download.
func (a *archive) Close() error {
	a.cancel()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range slices.Backward(a.closers) {
		c.Close()
	}
	a.closers, a.err = nil, fs.ErrClosed
	return nil
}

func (a *archive) corrupt(format string, args ...any) error {
	return &CorruptError{a.c.dir.Format(a.in.Path), a.c.URI(), fmt.Sprintf(format, args...)}
}

func (a *archive) Read(p []byte) (n int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return 0, a.err
	}
	if a.left == 0 {
		return 0, io.EOF
	}
	n, err = a.unpacked.Read(p[:min(int64(len(p)), a.left)])
	if a.left -= int64(n); a.left == 0 {
		err = a.check()
	} else if err == io.EOF {
		err = a.corrupt("it has %d bytes, its narinfo says %d", a.in.NarSize-a.left, a.in.NarSize)
	}
	if err != nil {
		a.err = corruptIf(err, a.corrupt)
		return 0, a.err
	}
	return n, nil
}

// check says whether the file ends with the archive, and is what its narinfo says.
func (a *archive) check() error {
	in := a.in
	switch n, err := io.ReadFull(a.unpacked, make([]byte, 1)); {
	case n > 0 || errors.Is(err, errTooLong):
		return a.corrupt("it is larger than the %d bytes that its narinfo says", in.NarSize)
	case err != io.EOF:
		return err
	}
	// A decoder may stop before the end of the file.
	if _, err := io.Copy(io.Discard, io.LimitReader(a.packed, 1<<20)); err != nil {
		return err
	}
	if in.FileSize > 0 && a.packed.n != in.FileSize {
		return a.corrupt("the file has %d bytes, its narinfo says %d", a.packed.n, in.FileSize)
	}
	if a.packed.sum != nil {
		if got := a.packed.sum.Sum(); got != in.FileHash {
			return a.corrupt("the file's hash is %s, its narinfo says %s", got, in.FileHash)
		}
	} else if !in.FileHash.IsZero() && in.FileHash != in.NarHash {
		return a.corrupt("the file's hash is %s, its narinfo says %s", in.NarHash, in.FileHash)
	}
	return nil
}

// corruptIf makes errors of decoders errors of the archive.
func corruptIf(err error, corrupt func(string, ...any) error) error {
	if errors.Is(err, ErrCompression) || errors.Is(err, errTooLong) {
		return corrupt("%v", err)
	}
	return err
}

var errTooLong = errors.New("larger than announced")

// checkedReader counts and hashes what is read, and stops what is too long.
type checkedReader struct {
	r        io.Reader
	n        int64
	want     int64        // 0 if not known
	sum      *hash.Writer // nil: not wanted
	progress func(int64)
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.sum != nil {
		c.sum.Write(p[:n])
	}
	if c.want > 0 && c.n > c.want {
		return n, fmt.Errorf("the file is %w: more than %d bytes", errTooLong, c.want)
	}
	if c.progress != nil && n > 0 {
		c.progress(c.n)
	}
	return n, err
}
