// Package narinfo reads and writes the small files that describe store paths in
// binary caches: what is known of the path, and where and how its archive is
// kept. `<hash part>.narinfo` has lines `Name: value`.
package narinfo

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// MaxSize bounds a narinfo, in bytes. Real ones have a few hundred; a package
// with ten thousand references stays below.
const MaxSize = 1 << 20

// Info is the contents of a narinfo file.
type Info struct {
	store.PathInfo
	URL         string    // of the archive, relative to the cache's root
	Compression string    // such as "xz"; never empty
	FileHash    hash.Hash // of the compressed archive; zero if not said
	FileSize    int64     // in bytes; 0 if not said
}

// ErrCorrupt is wrapped by errors of Parse.
var ErrCorrupt = errors.New("corrupt")

// Parse reads a narinfo file. whence names it in errors.
func Parse(dir store.Dir, text, whence string) (*Info, error) {
	p := parser{dir: dir, seen: map[string]bool{}}
	for n := 1; text != ""; n++ {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			return nil, fmt.Errorf("narinfo '%s' is %w: line %d does not end", whence, ErrCorrupt, n)
		}
		text = rest
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("narinfo '%s' is %w: expecting ':' at line %d", whence, ErrCorrupt, n)
		}
		if err := p.field(name, strings.TrimPrefix(value, " ")); err != nil {
			return nil, fmt.Errorf("narinfo '%s' is %w: %w at line %d", whence, ErrCorrupt, err, n)
		}
	}
	missing := ""
	switch i := &p.info; {
	case i.Path.IsZero():
		missing = "StorePath missing"
	case i.NarHash.IsZero():
		missing = "NarHash missing"
	case i.URL == "":
		missing = "URL missing"
	case i.NarSize == 0:
		missing = "NarSize missing or zero"
	}
	if missing != "" {
		return nil, fmt.Errorf("narinfo '%s' is %w: %s", whence, ErrCorrupt, missing)
	}
	if p.info.Compression == "" {
		p.info.Compression = "bzip2" // what caches used before they said it
	}
	return &p.info, nil
}

type parser struct {
	dir  store.Dir
	info Info
	seen map[string]bool
}

func (p *parser) field(name, value string) (err error) {
	i := &p.info
	switch name {
	case "Sig":
		i.Sigs = append(i.Sigs, value)
		return nil
	case "StorePath", "URL", "Compression", "FileHash", "FileSize", "NarHash", "NarSize", "References", "Deriver", "CA":
		if p.seen[name] {
			return fmt.Errorf("extra %s", name)
		}
		p.seen[name] = true
	default:
		return nil // newer caches may say more
	}
	switch name {
	case "StorePath":
		i.Path, err = p.dir.ParseCanonical(value)
	case "URL":
		i.URL = value
		err = checkURL(value)
	case "Compression":
		i.Compression = value
	case "FileHash":
		i.FileHash, err = parseHash(value)
	case "FileSize":
		i.FileSize, err = parseSize(value)
	case "NarHash":
		i.NarHash, err = parseHash(value)
	case "NarSize":
		i.NarSize, err = parseSize(value)
	case "References":
		for _, word := range strings.Fields(value) {
			ref, err := store.ParsePath(word)
			if err != nil {
				return err
			}
			i.References = append(i.References, ref)
		}
		i.References = store.SortPaths(i.References)
	case "Deriver":
		if value != "unknown-deriver" && value != "" {
			i.Deriver, err = store.ParsePath(value)
		}
	case "CA":
		i.CA, err = store.ParseContentAddress(value)
	}
	if err != nil {
		return fmt.Errorf("bad %s: %w", name, err)
	}
	return nil
}

// checkURL keeps archives inside their cache: below its root, or at a whole
// address of their own.
func checkURL(s string) error {
	if strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
		return nil
	}
	file, _, _ := strings.Cut(s, "?")
	if file == "" || strings.HasPrefix(file, "/") || strings.ContainsAny(s, "\x00\\#") || strings.Contains(file, "://") ||
		path.Clean("/"+file) != "/"+path.Clean(file) || path.Clean(file) != file {
		return fmt.Errorf("'%s' is not below the cache", s)
	}
	return nil
}

// parseHash reads a hash in the spellings of old and new caches.
func parseHash(s string) (hash.Hash, error) {
	h, err := hash.Parse(s, 0)
	if err == nil && h.Algo != hash.SHA256 {
		err = fmt.Errorf("'%s' is no sha256", s)
	}
	return h, err
}

func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("'%s' is not a size", s)
	}
	return n, nil
}

// Format prints a narinfo file.
func Format(dir store.Dir, i *Info) string {
	var b strings.Builder
	line := func(name, value string) {
		b.WriteString(name)
		b.WriteString(": ")
		b.WriteString(value)
		b.WriteByte('\n')
	}
	line("StorePath", dir.Format(i.Path))
	line("URL", i.URL)
	line("Compression", i.Compression)
	if !i.FileHash.IsZero() {
		line("FileHash", hash.WithPrefix(i.FileHash, hash.Nix32))
	}
	if i.FileSize != 0 {
		line("FileSize", strconv.FormatInt(i.FileSize, 10))
	}
	line("NarHash", hash.WithPrefix(i.NarHash, hash.Nix32))
	line("NarSize", strconv.FormatInt(i.NarSize, 10))
	refs := make([]string, len(i.References))
	for n, r := range i.References {
		refs[n] = r.String()
	}
	line("References", strings.Join(refs, " "))
	if !i.Deriver.IsZero() {
		line("Deriver", i.Deriver.String())
	}
	for _, sig := range i.Sigs {
		line("Sig", sig)
	}
	if !i.CA.IsZero() {
		line("CA", i.CA.String())
	}
	return b.String()
}
