package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonix.dev/gonix/store/hash"
)

// PathInfo is what a store knows of a valid path.
type PathInfo struct {
	Path             Path
	NarHash          hash.Hash // SHA-256 of the NAR
	NarSize          int64     // bytes of the NAR; 0 if not known
	References       []Path    // sorted; may contain Path itself
	Deriver          Path      // the derivation that made it, zero if none is known
	RegistrationTime time.Time // whole seconds; zero if not known
	Ultimate         bool      // built here, rather than copied from elsewhere
	Sigs             []string  // sorted, each `<key name>:<base 64>`
	CA               ContentAddress
}

// Fingerprint is what signatures sign: path, NAR hash and size, and references.
func (i *PathInfo) Fingerprint(d Dir) (string, error) {
	if i.NarSize == 0 {
		return "", fmt.Errorf("cannot calculate fingerprint of path '%s' because its size is not known", d.Format(i.Path))
	}
	var b strings.Builder
	b.WriteString("1;")
	b.WriteString(d.Format(i.Path))
	b.WriteByte(';')
	b.WriteString(hash.WithPrefix(i.NarHash, hash.Nix32))
	b.WriteByte(';')
	b.WriteString(strconv.FormatInt(i.NarSize, 10))
	b.WriteByte(';')
	for n, r := range i.References {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(d.Format(r))
	}
	return b.String(), nil
}

// IsContentAddressed says whether the content address really gives the path, in
// which case no signature is needed.
func (i *PathInfo) IsContentAddressed(d Dir) bool {
	if i.CA.IsZero() {
		return false
	}
	refs := make([]Path, 0, len(i.References))
	self := false
	for _, r := range i.References {
		if r == i.Path {
			self = true
		} else {
			refs = append(refs, r)
		}
	}
	p, err := d.CAPath(i.Path.Name(), i.CA, refs, self)
	return err == nil && p == i.Path
}

// SortPaths returns ps in order and without duplicates. It returns ps itself if
// that is so already, else a copy.
func SortPaths(ps []Path) []Path {
	for i := 1; i < len(ps); i++ {
		if ps[i-1].base >= ps[i].base {
			out := slices.Clone(ps)
			slices.SortFunc(out, Path.Compare)
			return slices.Compact(out)
		}
	}
	return ps
}
