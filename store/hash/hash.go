package hash

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// maxSize is the size of the longest digest, SHA-512's, in bytes.
const maxSize = 64

// Hash is a digest and the algorithm that made it. Hashes are comparable with ==
// and can be map keys. The zero Hash is no hash.
type Hash struct {
	Algo   Algo // 0 for the zero Hash
	size   uint8
	digest [maxSize]byte // zero from size on
}

// Error is a hash, or the name of an algorithm or format, that does not parse.
// Its text is Nix's.
type Error struct {
	Msg string
}

func (e *Error) Error() string { return e.Msg }

func errorf(format string, args ...any) error {
	return &Error{fmt.Sprintf(format, args...)}
}

// FromBytes makes a Hash of a digest. The digest may be shorter than the
// algorithm's (see Compress), but not longer than 64 bytes.
func FromBytes(algo Algo, digest []byte) Hash {
	if len(digest) > maxSize {
		panic("hash: digest is too long")
	}
	h := Hash{Algo: algo, size: uint8(len(digest))}
	copy(h.digest[:], digest)
	return h
}

// IsZero says whether h is no hash.
func (h Hash) IsZero() bool { return h.Algo == 0 }

// Bytes is a copy of the digest.
func (h Hash) Bytes() []byte { return bytes.Clone(h.digest[:h.size]) }

// Size is the length of the digest in bytes.
func (h Hash) Size() int { return int(h.size) }

// String is the hash as `algo:nix32`, the form in Nix's database.
func (h Hash) String() string {
	if h.IsZero() {
		return ""
	}
	return WithPrefix(h, Nix32)
}

// Compare orders hashes as Nix does: by length, digest, algorithm.
func Compare(a, b Hash) int {
	return cmp.Or(cmp.Compare(a.size, b.size), bytes.Compare(a.digest[:], b.digest[:]), cmp.Compare(a.Algo, b.Algo))
}

// Compress folds the digest to size bytes by exclusive or. Store paths use 20.
func (h Hash) Compress(size int) Hash {
	out := Hash{Algo: h.Algo, size: uint8(size)}
	for i, b := range h.digest[:h.size] {
		out.digest[i%size] ^= b
	}
	return out
}

// Encoding is a spelling of a digest.
type Encoding uint8

// The spellings. SRI always carries the algorithm, as `sha256-<base64>`.
const (
	Base16 Encoding = iota
	Nix32
	Base64
	SRI
)

// String is the name of the encoding in Nix.
func (e Encoding) String() string {
	switch e {
	case Base16:
		return "base16"
	case Nix32:
		return "nix32"
	case Base64:
		return "base64"
	case SRI:
		return "sri"
	}
	return fmt.Sprintf("Encoding(%d)", uint8(e))
}

// ParseEncoding reads the name of an encoding. "base32" is the old name of
// nix32; Nix warns of it, which is for the caller to do.
func ParseEncoding(s string) (Encoding, error) {
	switch s {
	case "base16":
		return Base16, nil
	case "nix32", "base32":
		return Nix32, nil
	case "base64":
		return Base64, nil
	case "sri":
		return SRI, nil
	}
	return 0, errorf("unknown hash format '%s', expect 'base16', 'base32', 'base64', or 'sri'", s)
}

// Format spells h without its algorithm, except that SRI has it.
func Format(h Hash, e Encoding) string {
	d := h.digest[:h.size]
	switch e {
	case Base16:
		return hex.EncodeToString(d)
	case Nix32:
		return EncodeNix32(d)
	case Base64:
		return base64.StdEncoding.EncodeToString(d)
	case SRI:
		return h.Algo.String() + "-" + base64.StdEncoding.EncodeToString(d)
	}
	panic("hash: no encoding " + e.String())
}

// WithPrefix spells h with its algorithm: `sha256:...`, or `sha256-...` for SRI.
func WithPrefix(h Hash, e Encoding) string {
	if e == SRI {
		return Format(h, e)
	}
	return h.Algo.String() + ":" + Format(h, e)
}
