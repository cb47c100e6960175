package nar

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

const bufferSize = 128 << 10

// Reader reads an archive node by node. It needs memory for one directory name
// per level, whatever the archive says.
type Reader struct {
	r     Window
	pos   int64     // bytes of the archive that were taken
	dirs  []openDir // from the root down
	left  int64     // bytes of the current file not read yet
	pad   int       // zeros after them
	state readState
	err   error
}

type openDir struct {
	path string
	last string // name of the entry before, "" for none
}

type readState uint8

const (
	atStart   readState = iota
	inFile              // contents, then the node ends
	inDir               // an entry or the end of dirs' last
	atNodeEnd           // the node at dirs' level is complete but for its end
	atEnd
)

// Window is a reader that shows the next bytes, at least 4 KiB and 8 bytes, before
// they are taken: a bufio.Reader large enough, or a hash.Tee.
type Window interface {
	io.Reader
	Peek(n int) ([]byte, error)
	Discard(n int) (int, error)
	Buffered() int
}

// NewReader reads an archive from r. It reads ahead.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, bufferSize)}
}

// NewReaderExact is NewReader that takes no byte of r beyond the archive, for
// archives inside other streams, and looks at what r has buffered where it is.
func NewReaderExact(r Window) *Reader { return &Reader{r: r} }

// Next skips what is left of the current file and returns the next node, parents
// before their children. It returns io.EOF after the last; what follows the
// archive is not looked at.
func (r *Reader) Next() (Header, error) {
	if r.err != nil {
		return Header{}, r.err
	}
	h, err := r.next()
	if err != nil {
		if err == io.ErrUnexpectedEOF {
			err = badf("unexpected end of archive")
		}
		r.err = err
	}
	return h, err
}

func (r *Reader) next() (Header, error) {
	if r.state == inFile {
		if err := r.skipFile(); err != nil {
			return Header{}, err
		}
		r.state = atNodeEnd
	}
	if r.state == atStart {
		if err := r.expectMagic(); err != nil {
			return Header{}, err
		}
		return r.node("")
	}
	for {
		switch r.state {
		case atNodeEnd:
			if err := r.expect(")"); err != nil {
				return Header{}, err
			}
			if err := r.endEntry(); err != nil {
				return Header{}, err
			}
		case inDir:
			tag, err := r.tag()
			if err != nil {
				return Header{}, err
			}
			switch tag {
			case ")":
				r.dirs = r.dirs[:len(r.dirs)-1]
				if err := r.endEntry(); err != nil {
					return Header{}, err
				}
			case "entry":
				return r.entry()
			default:
				return Header{}, badf("expected tag 'entry' or ')', got '%s'", tag)
			}
		case atEnd:
			return Header{}, io.EOF
		}
	}
}

// endEntry goes on after a node: to the end of the entry it is in, if any.
func (r *Reader) endEntry() error {
	if len(r.dirs) == 0 {
		r.state = atEnd
		return nil
	}
	r.state = inDir
	return r.expect(")")
}

func (r *Reader) entry() (Header, error) {
	if err := r.expect("("); err != nil {
		return Header{}, err
	}
	if err := r.expect("name"); err != nil {
		return Header{}, err
	}
	name, err := r.str(MaxName)
	if err != nil {
		return Header{}, err
	}
	if err := checkName(name); err != nil {
		return Header{}, err
	}
	d := &r.dirs[len(r.dirs)-1]
	// Strictly increasing: a name cannot come twice either.
	if name <= d.last {
		return Header{}, badf("NAR directory is not sorted")
	}
	d.last = name
	if err := r.expect("node"); err != nil {
		return Header{}, err
	}
	return r.node(join(d.path, name))
}

func (r *Reader) node(path string) (Header, error) {
	h := Header{Path: path}
	if len(r.dirs) >= MaxDepth {
		return h, badf("NAR directory nesting exceeds maximum depth of %d", MaxDepth)
	}
	if err := r.expect("("); err != nil {
		return h, err
	}
	if err := r.expect("type"); err != nil {
		return h, err
	}
	typ, err := r.tag()
	if err != nil {
		return h, err
	}
	switch typ {
	case "regular":
		h.Type = Regular
		return r.regular(h)
	case "directory":
		h.Type = Directory
		r.dirs = append(r.dirs, openDir{path: path})
		r.state = inDir
		return h, nil
	case "symlink":
		h.Type = Symlink
		if err := r.expect("target"); err != nil {
			return h, err
		}
		if h.Target, err = r.str(MaxTarget); err != nil {
			return h, err
		}
		r.state = atNodeEnd
		return h, checkTarget(h.Target)
	}
	return h, badf("unknown file type '%s'", typ)
}

func (r *Reader) regular(h Header) (Header, error) {
	tag, err := r.tag()
	if err != nil {
		return h, err
	}
	if tag == "executable" {
		h.Executable = true
		if s, err := r.str(maxTag); err != nil {
			return h, err
		} else if s != "" {
			return h, badf("executable marker has non-empty value")
		}
		if tag, err = r.tag(); err != nil {
			return h, err
		}
	}
	if tag != "contents" {
		return h, badf("expected tag 'contents', got '%s'", tag)
	}
	size, err := r.length()
	if err != nil {
		return h, err
	}
	if int64(size) < 0 {
		return h, badf("file of %d bytes is too large", size)
	}
	h.Size = int64(size)
	r.left, r.pad = h.Size, padding(h.Size)
	r.state = inFile
	return h, nil
}

// Offset is where in the archive the rest of the current file's contents begins.
func (r *Reader) Offset() int64 { return r.pos }

// Read reads the contents of the current regular file; io.EOF at its end.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.state != inFile || r.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err := r.r.Read(p)
	r.left -= int64(n)
	r.pos += int64(n)
	if n > 0 {
		return n, nil
	}
	if err == io.EOF {
		err = badf("unexpected end of archive")
	}
	if err != nil {
		r.err = err
	}
	return 0, err
}

// WriteTo writes what is left of the current regular file to w.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	if r.err != nil {
		return 0, r.err
	}
	var total int64
	for r.state == inFile && r.left > 0 {
		// Hand out the buffer itself: contents are not copied twice.
		b, err := r.r.Peek(int(min(r.left, int64(max(1, r.r.Buffered())))))
		if len(b) == 0 {
			if err == io.EOF {
				err = badf("unexpected end of archive")
			}
			r.err = err
			return total, err
		}
		n, err := w.Write(b)
		total += int64(n)
		r.left -= int64(n)
		r.discard(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (r *Reader) skipFile() error {
	for r.left > 0 {
		n, err := r.r.Discard(int(min(r.left, 1<<30)))
		r.left -= int64(n)
		r.pos += int64(n)
		if err != nil {
			return unexpected(err)
		}
	}
	return r.zeros(r.pad)
}

// discard takes n bytes that are in the buffer.
func (r *Reader) discard(n int) {
	r.r.Discard(n)
	r.pos += int64(n)
}

func (r *Reader) zeros(n int) error {
	b, err := r.r.Peek(n)
	if err != nil {
		return unexpected(err)
	}
	for _, c := range b {
		if c != 0 {
			return badf("non-zero padding")
		}
	}
	r.discard(n)
	return nil
}

// maxTag bounds the words of the format, with slack so that errors can show them.
const maxTag = 32

func (r *Reader) expectMagic() error {
	s, err := r.str(len(magic))
	if err != nil && !errors.Is(err, ErrFormat) && err != io.ErrUnexpectedEOF {
		return err
	}
	if err != nil || s != magic {
		return badf("input doesn't look like a Nix archive")
	}
	return nil
}

func (r *Reader) expect(want string) error {
	got, err := r.tag()
	if err == nil && got != want {
		err = badf("expected tag '%s', got '%s'", want, got)
	}
	return err
}

func (r *Reader) length() (uint64, error) {
	b, err := r.r.Peek(8)
	if err != nil {
		return 0, unexpected(err)
	}
	n := binary.LittleEndian.Uint64(b)
	r.discard(8)
	return n, nil
}

// tags are the words of the format, to return them without allocating.
var tags = [...]string{"(", ")", "type", "entry", "name", "node", "contents", "regular", "directory", "executable", "symlink", "target"}

func (r *Reader) tag() (string, error) { return r.str(maxTag) }

func (r *Reader) str(limit int) (string, error) {
	n, err := r.length()
	if err != nil {
		return "", err
	}
	if n > uint64(limit) {
		return "", badf("string of %d bytes is too long", n)
	}
	size := int(n)
	b, err := r.r.Peek(size + padding(int64(size)))
	if err != nil {
		return "", unexpected(err)
	}
	for _, c := range b[size:] {
		if c != 0 {
			return "", badf("non-zero padding")
		}
	}
	s, known := "", false
	if size <= len("executable") {
		for _, t := range tags {
			if t == string(b[:size]) {
				s, known = t, true
				break
			}
		}
	}
	if !known {
		s = string(b[:size])
	}
	r.discard(len(b))
	return s, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
