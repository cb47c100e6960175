package nar

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Writer writes an archive node by node, in the order that Reader yields them.
// Directories end by themselves when a node outside them, or Close, comes.
type Writer struct {
	w       io.Writer
	buf     []byte
	pooled  *[]byte // what buf came from
	dirs    []openDir
	left    int64 // bytes of the current file still to be written
	pad     int
	started bool
	err     error
}

// NewWriter writes an archive to w, in pieces of at most 128 KiB.
func NewWriter(w io.Writer) *Writer {
	pooled := buffers.Get().(*[]byte)
	return &Writer{w: w, pooled: pooled, buf: (*pooled)[:0]}
}

// buffers are those of closed writers: most archives are much smaller.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, bufferSize)
	return &b
}}

// WriteHeader begins a node. The first has the path "". The others must come in
// order: parents before children, siblings sorted by name.
func (w *Writer) WriteHeader(h Header) error {
	if w.err == nil {
		w.err = w.writeHeader(h)
	}
	return w.err
}

func (w *Writer) writeHeader(h Header) error {
	if w.left > 0 {
		return fmt.Errorf("write archive: %d bytes of the file before '%s' are missing", w.left, h.Path)
	}
	switch {
	case !w.started:
		if h.Path != "" {
			return fmt.Errorf("write archive: the first node must be the root, not '%s'", h.Path)
		}
		w.started = true
		w.str(magic)
	case h.Path == "":
		return errors.New("write archive: a second root")
	default:
		if err := w.enter(h.Path); err != nil {
			return err
		}
	}
	if len(w.dirs) >= MaxDepth {
		return fmt.Errorf("path '%s' exceeds maximum NAR directory depth of %d", h.Path, MaxDepth)
	}
	w.str("(")
	w.str("type")
	w.str(h.Type.String())
	switch h.Type {
	case Regular:
		if h.Size < 0 {
			return fmt.Errorf("write archive: '%s' has a negative size", h.Path)
		}
		if h.Executable {
			w.str("executable")
			w.str("")
		}
		w.str("contents")
		w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(h.Size))
		w.left, w.pad = h.Size, padding(h.Size)
		if w.left == 0 {
			w.endFile()
		}
	case Directory:
		w.dirs = append(w.dirs, openDir{path: h.Path})
	case Symlink:
		if err := checkTarget(h.Target); err != nil {
			return err
		}
		w.str("target")
		w.str(h.Target)
		w.endNode()
	default:
		return fmt.Errorf("file '%s' has an unsupported type", h.Path)
	}
	return w.flushIfFull()
}

// enter leaves the directories that do not hold path, and begins its entry.
func (w *Writer) enter(path string) error {
	dir, name := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		dir, name = path[:i], path[i+1:]
	}
	for len(w.dirs) > 0 && w.dirs[len(w.dirs)-1].path != dir {
		w.endDir()
	}
	if len(w.dirs) == 0 {
		return fmt.Errorf("write archive: '%s' is in no open directory", path)
	}
	if err := checkName(name); err != nil {
		return err
	}
	d := &w.dirs[len(w.dirs)-1]
	if name <= d.last {
		return fmt.Errorf("write archive: '%s' does not come after '%s'", path, d.last)
	}
	d.last = name
	w.str("entry")
	w.str("(")
	w.str("name")
	w.str(name)
	w.str("node")
	return nil
}

func (w *Writer) endDir() {
	w.dirs = w.dirs[:len(w.dirs)-1]
	w.endNode()
}

// endNode closes a node, and the entry it is in.
func (w *Writer) endNode() {
	w.str(")")
	if len(w.dirs) > 0 {
		w.str(")")
	}
}

func (w *Writer) endFile() {
	w.zeros(w.pad)
	w.endNode()
}

// Write adds to the contents of the current regular file.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if int64(len(p)) > w.left {
		w.err = errors.New("write archive: more contents than the header said")
		return 0, w.err
	}
	if len(w.buf)+len(p) > cap(w.buf) {
		// Fill the buffer rather than write it early: sinks like even pieces.
		n := len(p)
		for len(p) > 0 {
			k := min(len(p), cap(w.buf)-len(w.buf))
			w.buf = append(w.buf, p[:k]...)
			p = p[k:]
			if len(w.buf) == cap(w.buf) {
				if w.err = w.flush(); w.err != nil {
					return 0, w.err
				}
			}
		}
		w.left -= int64(n)
		if w.left == 0 {
			w.endFile()
		}
		return n, nil
	}
	w.buf = append(w.buf, p...)
	w.left -= int64(len(p))
	if w.left == 0 {
		w.endFile()
	}
	return len(p), nil
}

// ReadFrom adds all of r to the contents of the current regular file. It reads
// no more than the size in the header, straight into the writer's buffer.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	var total int64
	for w.left > 0 && w.err == nil {
		if cap(w.buf)-len(w.buf) < 4096 {
			if w.err = w.flush(); w.err != nil {
				break
			}
		}
		free := w.buf[len(w.buf):cap(w.buf)]
		if int64(len(free)) > w.left {
			free = free[:w.left]
		}
		n, err := r.Read(free)
		w.buf = w.buf[:len(w.buf)+n]
		total += int64(n)
		w.left -= int64(n)
		if w.left == 0 {
			w.endFile()
			break
		}
		if err == io.EOF {
			w.err = fmt.Errorf("write archive: %w", io.ErrUnexpectedEOF)
		} else if err != nil {
			w.err = err
		}
	}
	return total, w.err
}

// Close ends the archive. It does not close what is below.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if !w.started || w.left > 0 {
		w.err = errors.New("write archive: it is not complete")
		return w.err
	}
	for len(w.dirs) > 0 {
		w.endDir()
	}
	if w.err = w.flush(); w.err == nil {
		*w.pooled = w.buf
		buffers.Put(w.pooled)
		w.pooled, w.buf, w.started = nil, nil, false
	}
	return w.err
}

func (w *Writer) str(s string) {
	w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(len(s)))
	w.buf = append(w.buf, s...)
	w.zeros(padding(int64(len(s))))
}

func (w *Writer) zeros(n int) {
	const zeros = "\x00\x00\x00\x00\x00\x00\x00"
	w.buf = append(w.buf, zeros[:n]...)
}

func (w *Writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.w.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *Writer) flushIfFull() error {
	if len(w.buf) > bufferSize/2 {
		return w.flush()
	}
	return nil
}
