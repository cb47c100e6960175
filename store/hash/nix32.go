package hash

// nix32Alphabet leaves out e, o, u and t.
const nix32Alphabet = "0123456789abcdfghijklmnpqrsvwxyz"

const notNix32 = 0xff

var nix32Digits = func() (t [256]byte) {
	for i := range t {
		t[i] = notNix32
	}
	for i := range len(nix32Alphabet) {
		t[nix32Alphabet[i]] = byte(i)
	}
	return t
}()

// IsNix32Digit says whether c is a digit of Nix's base 32.
func IsNix32Digit(c byte) bool { return nix32Digits[c] != notNix32 }

// Nix32Len is the length of n bytes in base 32.
func Nix32Len(n int) int {
	if n == 0 {
		return 0
	}
	return (n*8-1)/5 + 1
}

// EncodeNix32 spells b in Nix's base 32.
func EncodeNix32(b []byte) string {
	return string(AppendNix32(make([]byte, 0, Nix32Len(len(b))), b))
}

// AppendNix32 appends b in Nix's base 32 to dst. Bytes count as one little-endian
// number whose most significant digit comes first.
func AppendNix32(dst, b []byte) []byte {
	n := Nix32Len(len(b))
	start := len(dst)
	dst = append(dst, make([]byte, n)...)
	out := dst[start:]
	var acc, bits uint
	pos := n - 1
	for _, c := range b {
		acc |= uint(c) << bits
		bits += 8
		for bits >= 5 {
			out[pos] = nix32Alphabet[acc&31]
			pos--
			acc >>= 5
			bits -= 5
		}
	}
	if pos >= 0 {
		out[pos] = nix32Alphabet[acc&31]
	}
	return dst
}

// DecodeNix32 is the inverse of EncodeNix32. Bits that fill no whole byte must be
// zero; if they are not, the result is a byte longer, as in Nix.
func DecodeNix32(s string) ([]byte, error) {
	out := make([]byte, 0, len(s)*5/8+1)
	var acc, bits uint
	for i := len(s) - 1; i >= 0; i-- {
		d := nix32Digits[s[i]]
		if d == notNix32 {
			return nil, errorf("invalid character in Nix32 (Nix's Base32 variation) string: '%s'", s[i:i+1])
		}
		acc |= uint(d) << bits
		bits += 5
		if bits >= 8 {
			out = append(out, byte(acc))
			acc >>= 8
			bits -= 8
		}
	}
	if acc != 0 {
		out = append(out, byte(acc))
	}
	return out, nil
}
