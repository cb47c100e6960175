package builder

import (
	"bytes"
	"io"
	"sort"
	"strconv"
	"strings"

	"gonix.dev/gonix/store/hash"
)

// rewriteString applies rewrites to s, longest patterns first.
func rewriteString(s string, rewrites map[string]string) string {
	if len(rewrites) == 0 || s == "" {
		return s
	}
	for from, to := range rewrites {
		if strings.Contains(s, from) {
			s = strings.ReplaceAll(s, from, to)
		}
	}
	return s
}

// rewriter replaces strings by others of the same length in what is written
// through it.
type rewriter struct {
	w        io.Writer
	from, to [][]byte
	longest  int
	buf      []byte // bytes that may be the beginning of a match
	offset   int64  // position of buf in the stream

	// onMatch is called with the position of each match.
	onMatch func(offset int64)
}

func newRewriter(w io.Writer, rewrites map[string]string) *rewriter {
	r := &rewriter{w: w}
	keys := make([]string, 0, len(rewrites))
	for from := range rewrites {
		keys = append(keys, from)
	}
	sort.Strings(keys)
	for _, from := range keys {
		if len(from) != len(rewrites[from]) {
			panic("builder: rewrite changes length")
		}
		r.from = append(r.from, []byte(from))
		r.to = append(r.to, []byte(rewrites[from]))
		r.longest = max(r.longest, len(from))
	}
	return r
}

func (r *rewriter) Write(b []byte) (int, error) {
	r.buf = append(r.buf, b...)
	r.replace()
	if keep := r.longest - 1; len(r.buf) > keep && len(r.buf) >= 64<<10 {
		if err := r.emit(len(r.buf) - keep); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// replace rewrites all matches in buf. What it puts there is no match again.
func (r *rewriter) replace() {
	for k, from := range r.from {
		for at := 0; ; {
			i := bytes.Index(r.buf[at:], from)
			if i < 0 {
				break
			}
			copy(r.buf[at+i:], r.to[k])
			if r.onMatch != nil {
				r.onMatch(r.offset + int64(at+i))
			}
			at += i + len(from)
		}
	}
}

func (r *rewriter) emit(n int) error {
	if _, err := r.w.Write(r.buf[:n]); err != nil {
		return err
	}
	r.offset += int64(n)
	r.buf = append(r.buf[:0], r.buf[n:]...)
	return nil
}

// Flush writes what is left.
func (r *rewriter) Flush() error { return r.emit(len(r.buf)) }

// hashModulo hashes what dump writes with every occurrence of self (a hash part)
// replaced by zeros; where they were takes part in the hash.
func hashModulo(algo hash.Algo, self string, dump func(io.Writer) error) (hash.Hash, error) {
	w := hash.New(algo)
	r := newRewriter(w, map[string]string{self: strings.Repeat("\x00", len(self))})
	var offsets []int64
	r.onMatch = func(offset int64) { offsets = append(offsets, offset) }
	if err := dump(r); err != nil {
		return hash.Hash{}, err
	}
	if err := r.Flush(); err != nil {
		return hash.Hash{}, err
	}
	for _, o := range offsets {
		io.WriteString(w, "|"+strconv.FormatInt(o, 10))
	}
	return w.Sum(), nil
}
