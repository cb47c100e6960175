// Package version compares version strings and takes package names apart, as
// builtins.compareVersions, splitVersion and parseDrvName do.
//
// A version is a sequence of components: runs of digits, and runs of anything
// else but the separators `.` and `-`. Components compare one by one, a missing
// one being empty. Two numbers compare as numbers. Otherwise, from small to
// large: `pre`, the empty component before a number, other words in the order
// of their bytes (the empty one first), numbers.
package version

import "strings"

// Next cuts the first component off a version. It is empty at the end.
func Next(v string) (component, rest string) {
	v = strings.TrimLeft(v, ".-")
	if v == "" {
		return "", ""
	}
	digits := isDigit(v[0])
	i := 1
	for i < len(v) && isDigit(v[i]) == digits && (digits || v[i] != '.' && v[i] != '-') {
		i++
	}
	return v[:i], v[i:]
}

// Split returns the components of a version.
func Split(v string) []string {
	var parts []string
	for {
		var c string
		if c, v = Next(v); c == "" {
			return parts
		}
		parts = append(parts, c)
	}
}

// Compare returns -1, 0 or +1 as a is an older, equal or newer version than b.
func Compare(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = Next(a)
		y, b = Next(b)
		if less(x, y) {
			return -1
		}
		if less(y, x) {
			return +1
		}
	}
	return 0
}

func less(x, y string) bool {
	n, xNumber := number(x)
	m, yNumber := number(y)
	switch {
	case xNumber && yNumber:
		return n < m
	case x == "" && yNumber:
		return true
	case x == "pre" && y != "pre":
		return true
	case y == "pre":
		return false
	case yNumber: // 2.3a is older than 2.3.1
		return true
	case xNumber:
		return false
	}
	return x < y
}

// number parses a component of digits. Like Nix, it takes what exceeds a C int
// for a word.
func number(s string) (n int32, ok bool) {
	if s == "" || !isDigit(s[0]) {
		return 0, false
	}
	var v int64
	for _, c := range []byte(s) {
		if v = v*10 + int64(c-'0'); v > 1<<31-1 {
			return 0, false
		}
	}
	return int32(v), true
}

// SplitName splits a package name such as `nix-0.12pre12876` at the first dash
// that no letter follows. Without one, the version is empty.
func SplitName(name string) (pkg, version string) {
	for i := 0; i+1 < len(name); i++ {
		if name[i] == '-' && !isLetter(name[i+1]) {
			return name[:i], name[i+1:]
		}
	}
	return name, ""
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
