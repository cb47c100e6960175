package builder

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// diffTrees lists how two trees differ, one line each, at most limit of them.
func diffTrees(was, is string, limit int) []string {
	var out []string
	var walk func(rel string)
	note := func(rel, format string, args ...any) {
		if rel == "" {
			rel = "."
		}
		out = append(out, rel+": "+fmt.Sprintf(format, args...))
	}
	walk = func(rel string) {
		if len(out) >= limit {
			return
		}
		a, b := filepath.Join(was, rel), filepath.Join(is, rel)
		sa, ea := os.Lstat(a)
		sb, eb := os.Lstat(b)
		switch {
		case ea != nil && eb != nil:
		case ea != nil:
			note(rel, "only in the new build")
		case eb != nil:
			note(rel, "missing from the new build")
		case sa.Mode().Type() != sb.Mode().Type():
			note(rel, "was a %s, is a %s", kindOf(sa.Mode()), kindOf(sb.Mode()))
		case sa.Mode()&os.ModeSymlink != 0:
			ta, _ := os.Readlink(a)
			tb, _ := os.Readlink(b)
			if ta != tb {
				note(rel, "pointed to %s, points to %s", ta, tb)
			}
		case sa.IsDir():
			for _, n := range bothNames(a, b) {
				walk(filepath.Join(rel, n))
			}
		default:
			if sa.Mode().Perm()&0o100 != sb.Mode().Perm()&0o100 {
				note(rel, "executable in one of them only")
			}
			if at := firstDifference(a, b); at >= 0 {
				note(rel, "contents differ from byte %d on (%d and %d bytes)", at, sa.Size(), sb.Size())
			}
		}
	}
	walk("")
	return out
}

func kindOf(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "directory"
	case m&os.ModeSymlink != 0:
		return "symbolic link"
	}
	return "file"
}

func bothNames(a, b string) []string {
	var names []string
	for _, d := range []string{a, b} {
		entries, _ := os.ReadDir(d)
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// firstDifference is the offset of the first byte that differs, or -1.
func firstDifference(a, b string) int64 {
	fa, err := os.Open(a)
	if err != nil {
		return 0
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return 0
	}
	defer fb.Close()
	var at int64
	ba, bb := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		na, ea := io.ReadFull(fa, ba)
		nb, eb := io.ReadFull(fb, bb)
		if !bytes.Equal(ba[:na], bb[:nb]) {
			n := min(na, nb)
			for i := range n {
				if ba[i] != bb[i] {
					return at + int64(i)
				}
			}
			return at + int64(n)
		}
		if ea != nil || eb != nil {
			return -1
		}
		at += int64(na)
	}
}
