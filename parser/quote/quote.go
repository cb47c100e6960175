// Package quote writes strings and attribute names as Nix source text, in the
// way in which Nix prints them.
package quote

import "strings"

// String returns s as a "string" literal.
func String(s string) string {
	return string(AppendString(make([]byte, 0, len(s)+2), s))
}

// AppendString appends s as a "string" literal.
func AppendString(b []byte, s string) []byte { return AppendFirst(b, s, len(s)) }

// AppendFirst appends the first n bytes of s as a "string" literal, as they are
// written in the literal of all of s.
func AppendFirst(b []byte, s string, n int) []byte {
	b = append(b, '"')
	for i := range n {
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '$':
			if i+1 < len(s) && s[i+1] == '{' {
				b = append(b, '\\')
			}
			b = append(b, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// Identifier returns an attribute name as it may stand in source text, quoted
// when it is no identifier.
func Identifier(name string) string {
	if IsIdentifier(name) {
		return name
	}
	return String(name)
}

// AppendIdentifier appends an attribute name as Identifier returns it.
func AppendIdentifier(b []byte, name string) []byte {
	if IsIdentifier(name) {
		return append(b, name...)
	}
	return AppendString(b, name)
}

// IsIdentifier reports whether a name can be written without quotes as an
// attribute. That includes `or`, which is not a variable everywhere.
func IsIdentifier(name string) bool {
	if name == "" || IsKeyword(name) {
		return false
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '\'' || c == '-'):
		default:
			return false
		}
	}
	return true
}

// IsKeyword reports whether a word is reserved everywhere.
func IsKeyword(word string) bool {
	switch word {
	case "if", "then", "else", "assert", "with", "let", "in", "rec", "inherit":
		return true
	}
	return false
}

// AttrPath joins names with dots, each quoted when it must be.
func AttrPath(names ...string) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(Identifier(n))
	}
	return b.String()
}
