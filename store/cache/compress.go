package cache

import (
	"bufio"
	stdbzip2 "compress/bzip2"
	"compress/flate"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/dsnet/compress/bzip2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	fastxz "github.com/therootcompany/xz"
	"github.com/ulikunitz/xz"
)

// maxWindow bounds the memory that a compressed stream may ask of its reader, in
// bytes: the window of `zstd -22 --ultra`, and twice that of `xz -9`.
const maxWindow = 128 << 20

// smallWindow is how far back zstd looks for repetitions, in bytes, where many streams
// are written at a time: an eighth of its default.
const smallWindow = 1 << 20

// extensions are the file names of compressed archives.
var extensions = map[string]string{
	"none": "", "xz": ".xz", "zstd": ".zst", "bzip2": ".bz2", "gzip": ".gz", "br": ".br",
}

// ErrCompression is wrapped by errors about compressed data that does not decode.
var ErrCompression = errors.New("bad compressed data")

// unpackError marks errors of a decoder, but not those of what it reads from.
type unpackError struct {
	r    io.Reader
	src  *errReader
	kind string
}

// errReader remembers the error of the reader below.
type errReader struct {
	r   io.Reader
	err error
}

func (e *errReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil {
		e.err = err
	}
	return n, err
}

func (u *unpackError) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	return n, u.wrap(err)
}

func (u *unpackError) wrap(err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case u.src.err != nil && u.src.err != io.EOF:
		return u.src.err
	}
	return fmt.Errorf("%w (%s): %w", ErrCompression, u.kind, err)
}

// decompress reads what was compressed. The result must be closed; that does not
// close r.
func decompress(r io.Reader, kind string) (io.ReadCloser, error) {
	if kind == "none" {
		return io.NopCloser(r), nil
	}
	src := &errReader{r: r}
	var out io.Reader
	var err error
	closer := io.Closer(io.NopCloser(nil))
	switch kind {
	case "xz":
		out, err = fastxz.NewReader(bufio.NewReaderSize(src, 64<<10), maxWindow)
	case "zstd":
		// One block ahead is enough to decode and hash at the same time.
		var d *zstd.Decoder
		d, err = zstd.NewReader(src, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true))
		if err == nil {
			rc := d.IOReadCloser()
			out, closer = rc, rc
		}
	case "bzip2":
		out = stdbzip2.NewReader(bufio.NewReaderSize(src, 64<<10))
	case "gzip":
		out, err = gzip.NewReader(bufio.NewReaderSize(src, 64<<10))
	case "deflate":
		out = flate.NewReader(src)
	case "br":
		out = brotli.NewReader(src)
	default:
		return nil, fmt.Errorf("unsupported compression method '%s'", kind)
	}
	u := &unpackError{out, src, kind}
	if err != nil {
		return nil, u.wrap(err)
	}
	return struct {
		io.Reader
		io.Closer
	}{u, closer}, nil
}

// Decompress reads what was compressed by one of the methods of caches: none, xz,
// zstd, bzip2, gzip, br. It takes a bounded amount of memory, whatever the stream
// asks for. Close the result; that does not close r.
func Decompress(r io.Reader, kind string) (io.ReadCloser, error) { return decompress(r, kind) }

// share is how much of the machine a compressor may use, where its method can choose.
type share uint8

const (
	oneCPU    share = iota
	allCPUs         // several at a time
	oneOfMany       // one, and little memory: there may be a hundred of them
)

// compress returns a writer whose Close ends the compressed stream in w. level is
// the method's own; -1 is its default.
func compress(w io.Writer, kind string, level int, share share) (io.WriteCloser, error) {
	switch kind {
	case "none":
		return nopWriteCloser{w}, nil
	case "xz":
		conf := xz.WriterConfig{CheckSum: xz.CRC64}
		if level >= 0 {
			// As large as those of xz's presets, to 8 MiB. The library's binary
			// tree, which xz uses from level 4 on, is too slow for any use.
			conf.DictCap = 64 << 10 << min(level, 7)
		}
		return conf.NewWriter(w)
	case "zstd":
		var opts []zstd.EOption
		switch share {
		case oneCPU:
			opts = []zstd.EOption{zstd.WithEncoderConcurrency(1)}
		case oneOfMany:
			opts = []zstd.EOption{zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(smallWindow)}
		}
		if level >= 0 {
			opts = append(opts, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)))
		}
		return zstd.NewWriter(w, opts...)
	case "bzip2":
		if level < 0 {
			level = bzip2.DefaultCompression
		}
		return bzip2.NewWriter(w, &bzip2.WriterConfig{Level: level})
	case "gzip":
		return gzip.NewWriterLevel(w, level)
	case "br":
		if level < 0 {
			level = brotli.DefaultCompression
		}
		return brotli.NewWriterLevel(w, level), nil
	}
	return nil, fmt.Errorf("unsupported compression method '%s'; use none, xz, zstd, bzip2, gzip or br", kind)
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }
