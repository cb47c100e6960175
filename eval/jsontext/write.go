package jsontext

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// EncodeError is a string that is not UTF-8. Its text is nlohmann's.
type EncodeError struct{ Msg string }

func (e *EncodeError) Error() string { return e.Msg }

// AppendString appends s as a JSON string. An error is an *EncodeError, and what
// was appended is then unspecified.
func AppendString(dst []byte, s string) ([]byte, error) {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			n, ok := sequence(s[i:])
			if !ok {
				if i+n == len(s) {
					return dst, &EncodeError{fmt.Sprintf("[json.exception.type_error.316] incomplete UTF-8 string; last byte: 0x%02X", s[len(s)-1])}
				}
				return dst, &EncodeError{fmt.Sprintf("[json.exception.type_error.316] invalid UTF-8 byte at index %d: 0x%02X", i+n, s[i+n])}
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = fmt.Appendf(dst, "\\u%04x", c)
		}
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"'), nil
}

// AppendFloat appends f; infinities and NaN become null.
func AppendFloat(dst []byte, f float64) []byte {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return append(dst, "null"...)
	}
	if math.Signbit(f) {
		dst = append(dst, '-')
		f = -f
	}
	if f == 0 {
		return append(dst, "0.0"...)
	}
	var buf [20]byte
	digits, exp := grisu2(buf[:0], f)
	// The value is 0.DIGITS times 10 to the power of point.
	point := len(digits) + exp
	const minPoint, maxPoint = -4, 15
	switch {
	case exp >= 0 && point <= maxPoint:
		dst = append(dst, digits...)
		for range exp {
			dst = append(dst, '0')
		}
		return append(dst, ".0"...)
	case point > 0 && point <= maxPoint:
		dst = append(dst, digits[:point]...)
		dst = append(dst, '.')
		return append(dst, digits[point:]...)
	case point > minPoint && point <= 0:
		dst = append(dst, "0."...)
		for range -point {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(dst, '.')
		dst = append(dst, digits[1:]...)
	}
	return fmt.Appendf(dst, "e%+03d", point-1)
}
