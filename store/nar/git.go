package nar

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"gonix.dev/gonix/store/hash"
)

// GitHash reads the rest of an archive and returns the hash of the Git object (a
// blob, or a tree) that stands for the same files. algo is SHA1 or SHA256.
// Unlike Git's own index it keeps empty directories.
func GitHash(r *Reader, algo hash.Algo) (hash.Hash, error) {
	var open []gitTree
	var root gitEntry
	// closeTo ends the trees that path is not in.
	closeTo := func(path string, all bool) {
		for len(open) > 0 {
			t := open[len(open)-1]
			if !all && (t.path == "" || strings.HasPrefix(path, t.path+"/")) {
				return
			}
			open = open[:len(open)-1]
			e := gitEntry{mode: "40000", name: t.path[strings.LastIndexByte(t.path, '/')+1:], hash: t.hash(algo)}
			if len(open) == 0 {
				root = e
			} else {
				open[len(open)-1].entries = append(open[len(open)-1].entries, e)
			}
		}
	}
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return hash.Hash{}, err
		}
		closeTo(h.Path, false)
		e := gitEntry{name: h.Path[strings.LastIndexByte(h.Path, '/')+1:]}
		switch h.Type {
		case Directory:
			open = append(open, gitTree{path: h.Path})
			continue
		case Symlink:
			e.mode = "120000"
			e.hash = gitObject(algo, "blob", []byte(h.Target))
		case Regular:
			e.mode = "100644"
			if h.Executable {
				e.mode = "100755"
			}
			w := hash.New(algo)
			io.WriteString(w, "blob "+strconv.FormatInt(h.Size, 10)+"\x00")
			if _, err := r.WriteTo(w); err != nil {
				return hash.Hash{}, err
			}
			e.hash = w.Sum()
		}
		if len(open) == 0 {
			root = e
		} else {
			open[len(open)-1].entries = append(open[len(open)-1].entries, e)
		}
	}
	closeTo("", true)
	return root.hash, nil
}

type gitEntry struct {
	mode, name string
	hash       hash.Hash
}

// sortName puts directories where Git does: as if their names ended in a slash.
func (e gitEntry) sortName() string {
	if e.mode == "40000" {
		return e.name + "/"
	}
	return e.name
}

type gitTree struct {
	path    string
	entries []gitEntry
}

func (t gitTree) hash(algo hash.Algo) hash.Hash {
	slices.SortFunc(t.entries, func(a, b gitEntry) int { return strings.Compare(a.sortName(), b.sortName()) })
	var b []byte
	for _, e := range t.entries {
		b = append(b, e.mode...)
		b = append(b, ' ')
		b = append(b, e.name...)
		b = append(b, 0)
		b = append(b, e.hash.Bytes()...)
	}
	return gitObject(algo, "tree", b)
}

func gitObject(algo hash.Algo, kind string, body []byte) hash.Hash {
	w := hash.New(algo)
	io.WriteString(w, kind+" "+strconv.Itoa(len(body))+"\x00")
	w.Write(body)
	return w.Sum()
}
