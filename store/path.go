package store

import (
	"fmt"
	"path"
	"strings"

	"gonix.dev/gonix/store/hash"
)

// HashLen is the length of a store path's hash part in base 32: 160 bits.
const HashLen = 32

// MaxNameLen is the length of the longest name of a store object, in bytes.
const MaxNameLen = 211

// DrvExtension ends the names of derivations.
const DrvExtension = ".drv"

// Path is the base name of a store object, `<hash>-<name>`, without the store
// directory. Paths are comparable with == and can be map keys; they are valid by
// construction. The zero Path is none.
type Path struct {
	base string
}

// PathError is a string that is no store path, or no name for one. Its text is
// Nix's.
type PathError struct {
	Msg string
}

func (e *PathError) Error() string { return e.Msg }

func pathErrorf(format string, args ...any) error {
	return &PathError{fmt.Sprintf(format, args...)}
}

// ParsePath reads the base name of a store path, `<hash>-<name>`.
func ParsePath(base string) (Path, error) {
	if len(base) < HashLen+1 {
		return Path{}, pathErrorf("'%s' is too short to be a valid store path", base)
	}
	if base[HashLen] != '-' {
		return Path{}, pathErrorf("'%s' can't name a store path because the hash part is not followed by a '-'", base)
	}
	for i := range HashLen {
		if !hash.IsNix32Digit(base[i]) {
			return Path{}, pathErrorf("store path '%s' contains illegal base-32 character '%s'", base, base[i:i+1])
		}
	}
	if err := CheckName(base[HashLen+1:]); err != nil {
		return Path{}, pathErrorf("path '%s' is not a valid store path: %v", base, err)
	}
	return Path{base}, nil
}

// MustParsePath is ParsePath for constants. It panics on a bad path.
func MustParsePath(base string) Path {
	p, err := ParsePath(base)
	if err != nil {
		panic(err)
	}
	return p
}

// makePath makes the path of a 160-bit digest and a name.
func makePath(digest hash.Hash, name string) (Path, error) {
	b := make([]byte, 0, HashLen+1+len(name))
	b = hash.AppendNix32(b, digest.Bytes())
	b = append(b, '-')
	b = append(b, name...)
	base := string(b)
	if err := CheckName(name); err != nil {
		return Path{}, pathErrorf("path '%s' is not a valid store path: %v", base, err)
	}
	return Path{base}, nil
}

// CheckName says whether name can be the name of a store object.
func CheckName(name string) error {
	if name == "" {
		return pathErrorf("name must not be empty")
	}
	if len(name) > MaxNameLen {
		return pathErrorf("name '%s' must be no longer than %d characters", name, MaxNameLen)
	}
	if name[0] == '.' {
		// The first component, up to a dash, must be neither "." nor "..".
		first, _, dashed := strings.Cut(name, "-")
		if first == "." || first == ".." {
			if !dashed {
				return pathErrorf("name '%s' is not valid", name)
			}
			return pathErrorf("name '%s' is not valid: first dash-separated component must not be '%s'", name, first)
		}
	}
	for i := range len(name) {
		if !nameBytes[name[i]] {
			return pathErrorf("name '%s' contains illegal character '%s'", name, name[i:i+1])
		}
	}
	return nil
}

var nameBytes = func() (t [256]bool) {
	for _, c := range []byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-._?=") {
		t[c] = true
	}
	return t
}()

// String is the base name, `<hash>-<name>`.
func (p Path) String() string { return p.base }

// IsZero says whether p is no path.
func (p Path) IsZero() bool { return p.base == "" }

// HashPart is the 32 base-32 digits before the dash.
func (p Path) HashPart() string {
	if p.base == "" {
		return ""
	}
	return p.base[:HashLen]
}

// Name is what follows the hash and its dash.
func (p Path) Name() string {
	if p.base == "" {
		return ""
	}
	return p.base[HashLen+1:]
}

// IsDerivation says whether the name ends in ".drv".
func (p Path) IsDerivation() bool { return strings.HasSuffix(p.Name(), DrvExtension) }

// Compare orders paths by their bytes, the order of references everywhere.
func (p Path) Compare(q Path) int { return strings.Compare(p.base, q.base) }

// MarshalText is the base name, as in Nix's JSON.
func (p Path) MarshalText() ([]byte, error) { return []byte(p.base), nil }

// UnmarshalText parses a base name.
func (p *Path) UnmarshalText(b []byte) error {
	q, err := ParsePath(string(b))
	*p = q
	return err
}

// Dir is the store directory that paths are computed for and printed with, as
// builders see it. It is clean and absolute. The place on disk may be another
// (chroot stores).
type Dir string

// DefaultDir is the store directory of nearly everyone.
const DefaultDir Dir = "/nix/store"

// Format is the absolute file name of p.
func (d Dir) Format(p Path) string { return string(d) + "/" + p.base }

// Parse reads the absolute file name of a store path. It cleans s first, and
// refuses files below a store path.
func (d Dir) Parse(s string) (Path, error) {
	if s == "" {
		return Path{}, pathErrorf("empty path is not a valid store path")
	}
	if rest, ok := strings.CutPrefix(s, string(d)+"/"); ok && len(rest) > HashLen && !strings.Contains(rest, "/") {
		return ParsePath(rest)
	}
	if !path.IsAbs(s) {
		return Path{}, pathErrorf("not an absolute path: '%s'", s)
	}
	c := path.Clean(s)
	if path.Dir(c) != string(d) {
		return Path{}, pathErrorf("path '%s' is not in the Nix store", c)
	}
	return ParsePath(path.Base(c))
}

// ParseCanonical is Parse for files that programs wrote: nothing is cleaned.
func (d Dir) ParseCanonical(s string) (Path, error) {
	rest, ok := strings.CutPrefix(s, string(d)+"/")
	if !ok {
		return Path{}, pathErrorf("path '%s' is not in the Nix store", s)
	}
	return ParsePath(rest)
}

// Split reads the name of a file in or below a store path: the store path, and
// the rest, which is empty or begins with a slash. It does not follow symlinks.
func (d Dir) Split(s string) (Path, string, error) {
	c := path.Clean(s)
	rest, ok := strings.CutPrefix(c, string(d)+"/")
	if !ok {
		return Path{}, "", pathErrorf("path '%s' is not in the Nix store", s)
	}
	base, below := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		base, below = rest[:i], rest[i:]
	}
	p, err := ParsePath(base)
	return p, below, err
}

// Contains says whether the clean absolute file name s is below the directory.
func (d Dir) Contains(s string) bool {
	return strings.HasPrefix(s, string(d)+"/")
}
