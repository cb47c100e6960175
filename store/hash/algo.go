package hash

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	stdhash "hash"
	"unsafe"

	"lukechampine.com/blake3"
)

// Algo is a hash algorithm. The zero value is no algorithm.
type Algo uint8

// The algorithms of Nix.
const (
	MD5 Algo = iota + 1
	SHA1
	SHA256
	SHA512
	BLAKE3
)

var algoNames = [...]string{MD5: "md5", SHA1: "sha1", SHA256: "sha256", SHA512: "sha512", BLAKE3: "blake3"}

var algoSizes = [...]int{MD5: md5.Size, SHA1: sha1.Size, SHA256: sha256.Size, SHA512: sha512.Size, BLAKE3: 32}

// String is the algorithm's name in Nix, such as "sha256".
func (a Algo) String() string {
	if a == 0 || int(a) >= len(algoNames) {
		return fmt.Sprintf("Algo(%d)", uint8(a))
	}
	return algoNames[a]
}

// Size is the length of a digest in bytes; 0 for an unknown algorithm.
func (a Algo) Size() int {
	if int(a) >= len(algoSizes) {
		return 0
	}
	return algoSizes[a]
}

// ParseAlgo reads the name of an algorithm.
func ParseAlgo(s string) (Algo, error) {
	for a := MD5; a <= BLAKE3; a++ {
		if algoNames[a] == s {
			return a, nil
		}
	}
	return 0, errorf("unknown hash algorithm '%s', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'", s)
}

func (a Algo) new() stdhash.Hash {
	switch a {
	case MD5:
		return md5.New()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	case SHA512:
		return sha512.New()
	case BLAKE3:
		return blake3.New(BLAKE3.Size(), nil)
	}
	panic("hash: no algorithm " + a.String())
}

// Sum is the hash of data.
func Sum(algo Algo, data []byte) Hash {
	if algo == SHA256 {
		return fromSHA256(sha256.Sum256(data))
	}
	w := New(algo)
	w.Write(data)
	return w.Sum()
}

// SumString is the hash of the bytes of s.
func SumString(algo Algo, s string) Hash {
	return Sum(algo, unsafe.Slice(unsafe.StringData(s), len(s))) // only read
}

func fromSHA256(d [sha256.Size]byte) Hash {
	h := Hash{Algo: SHA256, size: sha256.Size}
	copy(h.digest[:], d[:])
	return h
}

// Writer computes the hash of what is written to it.
type Writer struct {
	algo Algo
	h    stdhash.Hash
	n    int64
}

// New returns a Writer. It panics if algo is none of the constants.
func New(algo Algo) *Writer {
	return &Writer{algo: algo, h: algo.new()}
}

// Write adds p. It never fails.
func (w *Writer) Write(p []byte) (int, error) {
	w.n += int64(len(p))
	return w.h.Write(p)
}

// Size is the number of bytes written so far.
func (w *Writer) Size() int64 { return w.n }

// Sum is the hash of what has been written so far. More may be written after.
func (w *Writer) Sum() Hash {
	h := Hash{Algo: w.algo}
	h.size = uint8(len(w.h.Sum(h.digest[:0])))
	return h
}
