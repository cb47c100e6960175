package hash

import (
	"io"
	"sync/atomic"
)

const (
	teeBuffers = 4
	teeSize    = 256 << 10
)

// Tee reads a stream and hashes it on the side: in its own goroutine, so that
// who reads does not wait for the hash.
type Tee struct {
	r    io.Reader
	w    *Writer
	free chan *teeBuffer
	work chan *teeBuffer
	done chan struct{}
	held *teeBuffer // the one that cur is in
	cur  []byte     // what the reader has not taken yet
	err  error
}

// teeBuffer is shared by the reader and the hash, which only look at it.
type teeBuffer struct {
	b     []byte
	n     int
	users atomic.Int32
}

// NewTee returns a Tee over r. Sum or Close must be called.
func NewTee(r io.Reader, algo Algo) *Tee {
	t := &Tee{
		r: r, w: New(algo),
		free: make(chan *teeBuffer, teeBuffers),
		work: make(chan *teeBuffer, teeBuffers),
		done: make(chan struct{}),
	}
	for range teeBuffers {
		t.free <- &teeBuffer{}
	}
	go func() {
		defer close(t.done)
		for b := range t.work {
			t.w.Write(b.b[:b.n])
			t.release(b)
		}
	}()
	return t
}

func (t *Tee) release(b *teeBuffer) {
	if b != nil && b.users.Add(-1) == 0 {
		t.free <- b
	}
}

// Read reads the next bytes of the stream.
func (t *Tee) Read(p []byte) (int, error) {
	for len(t.cur) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		t.fill()
	}
	n := copy(p, t.cur)
	t.cur = t.cur[n:]
	return n, nil
}

func (t *Tee) fill() {
	t.release(t.held)
	t.held = nil
	b := <-t.free
	if b.b == nil {
		b.b = make([]byte, teeSize)
	}
	b.n, t.err = io.ReadAtLeast(t.r, b.b, 1)
	if b.n == 0 {
		t.free <- b
		return
	}
	b.users.Store(2)
	t.cur, t.held = b.b[:b.n], b
	t.work <- b
}

// Close ends the hashing. It may be called again, and before or after Sum.
func (t *Tee) Close() {
	if t.work != nil {
		close(t.work)
		<-t.done
		t.work = nil
		t.err = io.ErrClosedPipe
	}
}

// Sum is the hash of everything that was read from the underlying reader. It ends
// the Tee.
func (t *Tee) Sum() Hash {
	t.Close()
	return t.w.Sum()
}

// Size is the number of bytes hashed. Call it after Sum.
func (t *Tee) Size() int64 { return t.w.Size() }
