package hash

import (
	"bytes"
	"strconv"
)

// Modulo hashes a stream in which an object's own hash part stands for itself, so
// that the object can be named by its contents: each occurrence is hashed as
// zeros, and the offsets of all occurrences are hashed after the stream.
type Modulo struct {
	w       *Writer
	modulus []byte
	zeros   []byte
	tail    []byte // not hashed yet: it may begin an occurrence
	pos     int64  // of tail in the stream
	matches []int64
}

// NewModulo returns a Modulo for the hash part modulus. If that is empty the
// stream is hashed as it is.
func NewModulo(algo Algo, modulus string) *Modulo {
	return &Modulo{w: New(algo), modulus: []byte(modulus), zeros: make([]byte, len(modulus))}
}

// Write adds p. It never fails.
func (m *Modulo) Write(p []byte) (int, error) {
	if len(m.modulus) == 0 {
		return m.w.Write(p)
	}
	n := len(p)
	if len(m.tail) > 0 {
		// Where the pieces meet: look at the tail with just enough of p.
		k := min(len(p), len(m.modulus)-1)
		joined := append(m.tail, p[:k]...)
		rest := m.scan(joined)
		if k < len(p) && len(rest) <= k {
			// What is left over lies wholly in p.
			p = p[k-len(rest):]
		} else {
			m.tail = append(m.tail[:0], rest...)
			if k == len(p) {
				return n, nil
			}
			p = p[k:]
		}
	}
	m.tail = append(m.tail[:0], m.scan(p)...)
	return n, nil
}

// scan hashes b up to what may begin an occurrence, and returns that.
func (m *Modulo) scan(b []byte) []byte {
	for {
		i := bytes.Index(b, m.modulus)
		if i < 0 {
			keep := min(len(b), len(m.modulus)-1)
			m.w.Write(b[:len(b)-keep])
			m.pos += int64(len(b) - keep)
			return b[len(b)-keep:]
		}
		m.w.Write(b[:i])
		m.w.Write(m.zeros)
		m.matches = append(m.matches, m.pos+int64(i))
		m.pos += int64(i + len(m.modulus))
		b = b[i+len(m.modulus):]
	}
}

// Matches are the offsets of the occurrences so far.
func (m *Modulo) Matches() []int64 { return m.matches }

// Sum ends the stream and returns its hash. Nothing may be written after.
func (m *Modulo) Sum() Hash {
	m.w.Write(m.tail)
	m.tail = nil
	for _, pos := range m.matches {
		m.w.Write(strconv.AppendInt([]byte{'|'}, pos, 10))
	}
	return m.w.Sum()
}
