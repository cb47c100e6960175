package hash

import (
	"strings"
)

// Parse reads a hash in any of its spellings: base 16, base 32 or base 64 with or
// without `algo:` before it, or SRI. Which base it is follows from the length.
// algo is the algorithm that the hash must have; 0 accepts any that s names.
func Parse(s string, algo Algo) (Hash, error) {
	h, _, err := ParseWithEncoding(s, algo)
	return h, err
}

// ParseWithEncoding is Parse that also says which spelling s was in.
func ParseWithEncoding(s string, algo Algo) (Hash, Encoding, error) {
	rest := s
	var named Algo
	sri := false
	prefix, after, ok := strings.Cut(s, ":")
	if !ok {
		prefix, after, ok = strings.Cut(s, "-")
		sri = ok
	}
	if ok {
		var err error
		if named, err = ParseAlgo(prefix); err != nil {
			return Hash{}, 0, err
		}
		rest = after
	}
	switch {
	case named == 0 && algo == 0:
		return Hash{}, 0, errorf("hash '%s' does not include a type, nor is the type otherwise known from context", s)
	case named != 0 && algo != 0 && named != algo:
		return Hash{}, 0, errorf("hash '%s' should have type '%s'", s, algo)
	case named == 0:
		named = algo
	}
	if sri {
		h, err := parse(rest, named, SRI)
		return h, SRI, err
	}
	e, err := encodingOf(rest, named)
	if err != nil {
		return Hash{}, 0, err
	}
	h, err := parse(rest, named, e)
	return h, e, err
}

// ParsePrefixed reads a hash that must name its algorithm.
func ParsePrefixed(s string) (Hash, error) {
	if !strings.ContainsAny(s, ":-") {
		return Hash{}, errorf("hash '%s' does not include a type", s)
	}
	return Parse(s, 0)
}

// ParseSRI reads a hash of the form `sha256-<base64>`.
func ParseSRI(s string) (Hash, error) {
	name, rest, ok := strings.Cut(s, "-")
	if !ok {
		return Hash{}, errorf("hash '%s' is not SRI", s)
	}
	algo, err := ParseAlgo(name)
	if err != nil {
		return Hash{}, err
	}
	return parse(rest, algo, SRI)
}

// ParseUnprefixed reads a hash in base 16, 32 or 64 that does not name its
// algorithm and is not SRI.
func ParseUnprefixed(s string, algo Algo) (Hash, error) {
	e, err := encodingOf(s, algo)
	if err != nil {
		return Hash{}, err
	}
	return parse(s, algo, e)
}

// ParseExact reads a hash in the given spelling, without its algorithm.
func ParseExact(s string, algo Algo, e Encoding) (Hash, error) {
	return parse(s, algo, e)
}

func encodingOf(s string, algo Algo) (Encoding, error) {
	n := algo.Size()
	switch len(s) {
	case n * 2:
		return Base16, nil
	case Nix32Len(n):
		return Nix32, nil
	case (n + 2) / 3 * 4:
		return Base64, nil
	}
	return 0, errorf("hash '%s' has wrong length for hash algorithm '%s'", s, algo)
}

func parse(s string, algo Algo, e Encoding) (Hash, error) {
	var d []byte
	var err error
	name := e.String()
	switch e {
	case Base16:
		d, err = decodeBase16(s)
	case Nix32:
		d, err = DecodeNix32(s)
	case Base64:
		name = "Base64"
		d, err = DecodeBase64(s)
	case SRI:
		name = "SRI"
		d, err = DecodeBase64(s)
	}
	if err != nil {
		return Hash{}, err
	}
	if len(d) != algo.Size() {
		return Hash{}, errorf("invalid %s hash '%s', length %d != expected length %d", name, s, len(d), algo.Size())
	}
	return FromBytes(algo, d), nil
}

func decodeBase16(s string) ([]byte, error) {
	out := make([]byte, len(s)/2)
	for i := range len(out) * 2 {
		var d byte
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			d = c - '0'
		case 'a' <= c && c <= 'f':
			d = c - 'a' + 10
		case 'A' <= c && c <= 'F':
			d = c - 'A' + 10
		default:
			return nil, errorf("invalid character in Base16 string: '%s'", s[i:i+1])
		}
		out[i/2] = out[i/2]<<4 | d
	}
	return out, nil
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// DecodeBase64 reads base 64 as leniently as Nix: it stops at the first '=',
// skips newlines, and does not mind missing padding or left-over bits.
func DecodeBase64(s string) ([]byte, error) {
	out := make([]byte, 0, len(s)*3/4)
	var acc, bits uint
	for i := range len(s) {
		c := s[i]
		if c == '=' {
			break
		}
		if c == '\n' {
			continue
		}
		d := strings.IndexByte(base64Alphabet, c)
		if d < 0 {
			return nil, errorf("invalid character in Base64 string: '%s'", s[i:i+1])
		}
		acc = acc<<6 | uint(d)
		bits += 6
		if bits >= 8 {
			bits -= 8
			out = append(out, byte(acc>>bits))
		}
	}
	return out, nil
}
