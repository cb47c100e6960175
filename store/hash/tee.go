package hash

import (
	"bufio"
	"io"
	"sync"
	"sync/atomic"
)

// Streams are read and hashed in pieces that their goroutines share. Four let one
// read, one hash and one write at the same time, whoever is the slowest.
const (
	pieces    = 4
	pieceSize = 256 << 10
	// pieceHead is the room before the bytes of a piece for what a reader has not
	// taken of the piece before, so that both can be seen together.
	pieceHead = 8 << 10
)

type piece struct {
	b     [pieceHead + pieceSize]byte
	n     int
	users atomic.Int32
}

// data is what was read into the piece.
func (p *piece) data() []byte { return p.b[pieceHead : pieceHead+p.n] }

// pool holds pieces: most streams are short.
var pool = sync.Pool{New: func() any { return new(piece) }}

// Tee reads a stream ahead and hashes it on the side, each in a goroutine of its
// own, so that who reads the Tee waits for neither as long as they are quicker. The
// bytes that were read are looked at where they are: with Peek and Discard, as
// nar.Reader uses them, or WriteTo nothing is copied.
type Tee struct {
	w    *Writer
	made int         // pieces, by the goroutine that reads
	free chan *piece // looked at by all
	work chan *piece // to be hashed
	full chan *piece // to be read
	stop chan struct{}
	done chan struct{} // all is hashed
	end  error         // of the stream; set before full is closed

	held   *piece // the one that cur ends in
	cur    []byte // what the reader has not taken yet
	err    error
	closed bool
}

// NewTee returns a Tee over r. Close must be called; a read of r may still be under
// way then.
func NewTee(r io.Reader, algo Algo) *Tee {
	t := &Tee{
		w:    New(algo),
		free: make(chan *piece, pieces), work: make(chan *piece, pieces), full: make(chan *piece, pieces),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	go t.fill(r)
	go func() {
		defer close(t.done)
		for p := range t.work {
			t.w.Write(p.data())
			t.release(p)
		}
	}()
	return t
}

// fill reads the stream, whole pieces as far as it can.
func (t *Tee) fill(r io.Reader) {
	defer close(t.full)
	defer close(t.work)
	for {
		p := t.empty()
		if p == nil {
			return
		}
		p.n, t.end = readFull(r, p.b[pieceHead:])
		if p.n > 0 {
			p.users.Store(2)
			t.work <- p
			t.full <- p
		} else {
			t.free <- p
		}
		if t.end != nil {
			return
		}
	}
}

// empty waits for a piece that can be written to; nil once the Tee is closed.
func (t *Tee) empty() *piece {
	select {
	case <-t.stop:
		return nil
	case p := <-t.free:
		return p
	default:
	}
	if t.made < pieces {
		t.made++
		return pool.Get().(*piece)
	}
	select {
	case <-t.stop:
		return nil
	case p := <-t.free:
		return p
	}
}

func readFull(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}

func (t *Tee) release(p *piece) {
	if p != nil && p.users.Add(-1) == 0 {
		t.free <- p
	}
}

// next moves on to the next piece; what is left of the current one goes before it.
func (t *Tee) next() error {
	if t.err != nil {
		return t.err
	}
	p, ok := <-t.full
	if !ok {
		t.err = t.end
		return t.err
	}
	start := pieceHead - len(t.cur)
	copy(p.b[start:], t.cur)
	t.release(t.held)
	t.held, t.cur = p, p.b[start:pieceHead+p.n]
	return nil
}

// Peek returns the next n bytes without taking them; fewer with an error. They may
// be looked at until the next call. n is at most 8 KiB, or Buffered.
func (t *Tee) Peek(n int) ([]byte, error) {
	for len(t.cur) < n {
		if n > pieceHead {
			return t.cur, bufio.ErrBufferFull
		}
		if err := t.next(); err != nil {
			return t.cur, err
		}
	}
	return t.cur[:n], nil
}

// Buffered is the number of bytes that can be taken without waiting.
func (t *Tee) Buffered() int { return len(t.cur) }

// Discard takes n bytes; fewer with an error.
func (t *Tee) Discard(n int) (int, error) {
	left := n
	for left > len(t.cur) {
		left -= len(t.cur)
		t.cur = nil
		if err := t.next(); err != nil {
			return n - left, err
		}
	}
	t.cur = t.cur[left:]
	return n, nil
}

// Read reads the next bytes of the stream.
func (t *Tee) Read(b []byte) (int, error) {
	if _, err := t.Peek(1); err != nil {
		return 0, err
	}
	n := copy(b, t.cur)
	t.cur = t.cur[n:]
	return n, nil
}

// WriteTo writes what is left of the stream, in the pieces in which it was read.
func (t *Tee) WriteTo(w io.Writer) (total int64, err error) {
	for {
		if _, err := t.Peek(1); err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
		n, err := w.Write(t.cur)
		total += int64(n)
		t.cur = t.cur[n:]
		if err != nil {
			return total, err
		}
	}
}

// Sum is the hash of the stream, of which nothing may be left but what Peek has
// shown: that can still be looked at. It ends the Tee.
func (t *Tee) Sum() Hash {
	if t.closed {
		return t.w.Sum()
	}
	for p := range t.full {
		t.release(p)
	}
	<-t.done
	t.closed, t.err = true, io.ErrClosedPipe
	if len(t.cur) == 0 {
		t.release(t.held)
	}
	for len(t.free) > 0 {
		pool.Put(<-t.free)
	}
	return t.w.Sum()
}

// Close gives up what is left of the stream. It may be called again, and after Sum.
func (t *Tee) Close() {
	if !t.closed {
		t.closed, t.err = true, io.ErrClosedPipe
		close(t.stop)
	}
}

// Size is the number of bytes hashed. Call it after Sum.
func (t *Tee) Size() int64 { return t.w.Size() }

// Async is a Writer that hashes in a goroutine of its own, as soon as there is
// enough to hash.
type Async struct {
	w    *Writer
	cur  *piece
	made int
	free chan *piece
	work chan *piece // nil before the first piece is full
	done chan struct{}
}

// NewAsync returns an Async. Sum must be called.
func NewAsync(algo Algo) *Async { return &Async{w: New(algo)} }

// Write adds b. It never fails.
func (a *Async) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if a.cur == nil {
			a.cur = a.empty()
		}
		k := copy(a.cur.b[pieceHead+a.cur.n:], b)
		a.cur.n += k
		if b = b[k:]; a.cur.n == pieceSize {
			a.start()
			a.work <- a.cur
			a.cur = nil
		}
	}
	return n, nil
}

func (a *Async) empty() *piece {
	var p *piece
	if a.made < pieces {
		a.made++
		p = pool.Get().(*piece)
	} else {
		p = <-a.free
	}
	p.n = 0
	return p
}

// start starts the goroutine, once.
func (a *Async) start() {
	if a.work != nil {
		return
	}
	a.free, a.work, a.done = make(chan *piece, pieces), make(chan *piece, pieces), make(chan struct{})
	go func() {
		defer close(a.done)
		for p := range a.work {
			a.w.Write(p.data())
			a.free <- p
		}
	}()
}

// Sum is the hash of what was written. Nothing may be written after.
func (a *Async) Sum() Hash {
	if a.work != nil {
		close(a.work)
		<-a.done
		a.work = nil
		for len(a.free) > 0 {
			pool.Put(<-a.free)
		}
	}
	if a.cur != nil {
		a.w.Write(a.cur.data())
		pool.Put(a.cur)
		a.cur = nil
	}
	return a.w.Sum()
}

// Size is the number of bytes written. Call it after Sum.
func (a *Async) Size() int64 { return a.w.Size() }
