package builder

import (
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// refScanner finds hash parts of store paths in what is written to it. A hash
// part is 32 digits, so the scanner looks at every 32nd byte or so: a byte that is
// no digit lets it skip everything that would contain it.
type refScanner struct {
	want map[string]store.Path // by hash part, not found yet
	seen map[store.Path]bool
	tail []byte // the last bytes of the previous write, fewer than 32
}

// nix32 tells digits of Nix's base 32, in a table for speed.
var nix32 = func() (t [256]bool) {
	for i := range t {
		t[i] = hash.IsNix32Digit(byte(i))
	}
	return t
}()

func newRefScanner(candidates []store.Path) *refScanner {
	s := &refScanner{
		want: make(map[string]store.Path, len(candidates)),
		seen: map[store.Path]bool{},
		tail: make([]byte, 0, 2*store.HashLen),
	}
	for _, p := range candidates {
		s.want[p.HashPart()] = p
	}
	return s
}

func (s *refScanner) Write(b []byte) (int, error) {
	n := len(b)
	if len(s.want) == 0 {
		return n, nil
	}
	if len(s.tail) > 0 {
		// What spans the border: the tail and the beginning of b.
		head := min(len(b), store.HashLen-1)
		s.scan(append(s.tail, b[:head]...))
	}
	s.scan(b)
	if len(b) >= store.HashLen-1 {
		s.tail = append(s.tail[:0], b[len(b)-(store.HashLen-1):]...)
	} else {
		s.tail = append(s.tail, b...)
		if extra := len(s.tail) - (store.HashLen - 1); extra > 0 {
			s.tail = append(s.tail[:0], s.tail[extra:]...)
		}
	}
	return n, nil
}

func (s *refScanner) scan(b []byte) {
	for i := 0; i+store.HashLen <= len(b); {
		j := i + store.HashLen - 1
		for j >= i && nix32[b[j]] {
			j--
		}
		if j >= i {
			i = j + 1
			continue
		}
		if p, ok := s.want[string(b[i:i+store.HashLen])]; ok {
			s.seen[p] = true
			delete(s.want, p.HashPart())
		}
		i++
	}
}

// found returns the candidates that occurred, sorted.
func (s *refScanner) found() []store.Path {
	out := make([]store.Path, 0, len(s.seen))
	for p := range s.seen {
		out = append(out, p)
	}
	return store.SortPaths(out)
}
