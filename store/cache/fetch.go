package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

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

// NarFromPath implements store.Source. The last piece is written after all checks,
// so that nobody gets a whole archive that is not what its narinfo says.
func (c *Cache) NarFromPath(ctx context.Context, p store.Path, w io.Writer) error {
	in, err := c.QueryNarInfo(ctx, p)
	if err != nil {
		return err
	}
	if c.par.narCache != "" {
		return c.fetchThrough(ctx, in, w)
	}
	return c.fetch(ctx, in, w, nil, true)
}

// NarUnchecked is NarFromPath for receivers that compare the archive with the
// path's size and hash themselves, as AddToStore does: it is not hashed twice.
func (c *Cache) NarUnchecked(ctx context.Context, p store.Path, w io.Writer) error {
	in, err := c.QueryNarInfo(ctx, p)
	if err != nil {
		return err
	}
	return c.fetch(ctx, in, w, nil, false)
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
	if err := c.fetch(ctx, in, io.MultiWriter(t, w), nil, true); err != nil {
		return err
	}
	return t.CloseAtomicallyReplace()
}

// copyBuffer is the size of the pieces in which archives are passed on, in bytes.
const copyBuffer = 256 << 10

// fetch writes the archive that in describes to w and checks it on the way.
// progress is called with the number of bytes downloaded so far; it may be nil.
// Without narHash whoever reads w compares the NAR's hash.
func (c *Cache) fetch(ctx context.Context, in *narinfo.Info, w io.Writer, progress func(int64), narHash bool) error {
	corrupt := func(format string, args ...any) error {
		return &CorruptError{c.dir.Format(in.Path), c.URI(), fmt.Sprintf(format, args...)}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d, err := c.open(ctx, in.URL)
	if errors.Is(err, errNotFound) {
		// What the disk cache remembers may be gone.
		c.known.Delete(in.Path.HashPart())
		return &TransferError{URL: c.location(in.URL), Err: ErrGone}
	}
	if err != nil {
		return err
	}
	defer d.Close()

	packed := &checkedReader{r: d, want: in.FileSize, progress: progress}
	plain := in.Compression == "none" && d.f.encoding == ""
	if !in.FileHash.IsZero() && !plain {
		packed.sum = hash.New(hash.SHA256)
	}
	if in.FileSize > 0 && d.f.encoding == "" && d.f.size >= 0 && d.f.size != in.FileSize {
		return corrupt("the file has %d bytes, its narinfo says %d", d.f.size, in.FileSize)
	}
	var r io.Reader = packed
	if d.f.encoding != "" {
		// Encoded by the server: the file's hash and size are of what is inside.
		dec, err := decompress(d, d.f.encoding)
		if err != nil {
			return err
		}
		defer dec.Close()
		packed.r = dec
	}
	unpacked, err := decompress(r, in.Compression)
	if err != nil {
		return corruptIf(err, corrupt)
	}
	defer unpacked.Close()

	sum := &countingWriter{w: io.Discard}
	if narHash {
		sum.sum = hash.New(hash.SHA256)
	}
	last := &holdBack{w: w}
	if err := copyChecked(last, sum, unpacked, in.NarSize, cancel); err != nil {
		if errors.Is(err, errTooLong) {
			return corrupt("it is larger than the %d bytes that its narinfo says", in.NarSize)
		}
		return corruptIf(err, corrupt)
	}
	if sum.n != in.NarSize {
		return corrupt("it has %d bytes, its narinfo says %d", sum.n, in.NarSize)
	}
	if narHash {
		if got := sum.sum.Sum(); got != in.NarHash {
			return corrupt("its hash is %s, its narinfo says %s", got, in.NarHash)
		}
	}
	// A decoder may stop before the end of the file.
	if _, err := io.Copy(io.Discard, io.LimitReader(packed, 1<<20)); err != nil {
		return corruptIf(err, corrupt)
	}
	if in.FileSize > 0 && packed.n != in.FileSize {
		return corrupt("the file has %d bytes, its narinfo says %d", packed.n, in.FileSize)
	}
	if packed.sum != nil {
		if got := packed.sum.Sum(); got != in.FileHash {
			return corrupt("the file's hash is %s, its narinfo says %s", got, in.FileHash)
		}
	} else if !in.FileHash.IsZero() && in.FileHash != in.NarHash {
		return corrupt("the file's hash is %s, its narinfo says %s", in.NarHash, in.FileHash)
	}
	return last.flush()
}

// holdBack delays each piece until the next one comes.
type holdBack struct {
	w    io.Writer
	last []byte
}

func (h *holdBack) Write(p []byte) (int, error) {
	if err := h.flush(); err != nil {
		return 0, err
	}
	h.last = append(h.last[:0], p...)
	return len(p), nil
}

func (h *holdBack) flush() error {
	if len(h.last) == 0 {
		return nil
	}
	_, err := h.w.Write(h.last)
	h.last = h.last[:0]
	return err
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

// copyChecked passes at most limit bytes on, and hashes them in parallel with
// the reading of the next ones. abort, which may be nil, ends a read that waits
// when nothing more can be written.
func copyChecked(w, sum io.Writer, r io.Reader, limit int64, abort func()) error {
	full := make(chan []byte, 2)
	empty := make(chan []byte, 3)
	for range cap(empty) {
		empty <- make([]byte, copyBuffer)
	}
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		defer close(full)
		var n int64
		for {
			var buf []byte
			select {
			case buf = <-empty:
			case <-stop:
				done <- nil
				return
			}
			m, err := readSome(r, buf)
			if n += int64(m); n > limit {
				done <- errTooLong
				return
			}
			if m > 0 {
				full <- buf[:m]
			}
			if err == io.EOF {
				done <- nil
				return
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	var werr error
	for buf := range full {
		if werr != nil {
			continue // the reader may have one more under way
		}
		sum.Write(buf)
		if _, werr = w.Write(buf); werr != nil {
			close(stop)
			if abort != nil {
				abort()
			}
			continue
		}
		empty <- buf[:copyBuffer]
	}
	if err := <-done; werr == nil {
		werr = err
	}
	return werr
}

// readSome fills buf as far as the reader can without an end or error.
func readSome(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}
