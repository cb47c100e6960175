package nar

import (
	"io"
	"slices"
)

// Tree is a file system tree that can be dumped. Paths are slash-separated and
// relative to its root, which is "".
type Tree interface {
	// Lookup describes the node at path, without following a symlink there.
	// For a regular file Size must be right.
	Lookup(path string) (Header, error)
	// Names lists the directory at path, in any order.
	Names(path string) ([]string, error)
	// Open opens the regular file at path.
	Open(path string) (io.ReadCloser, error)
}

// Filter says whether a node below the root is to be part of the archive. If a
// directory is not, nothing in it is asked for. Nodes come in archive order. typ
// is 0 for what an archive cannot hold, such as a socket.
type Filter func(path string, typ Type) (bool, error)

// Dump writes the archive of tree to w. A nil filter takes everything.
func Dump(w io.Writer, tree Tree, filter Filter) error {
	nw := NewWriter(w)
	h, err := tree.Lookup("")
	if err != nil {
		return err
	}
	if err := dumpNode(nw, tree, h, filter); err != nil {
		return err
	}
	return nw.Close()
}

func dumpNode(w *Writer, tree Tree, h Header, filter Filter) error {
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	switch h.Type {
	case Regular:
		f, err := tree.Open(h.Path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = w.ReadFrom(f)
		return err
	case Directory:
		names, err := tree.Names(h.Path)
		if err != nil {
			return err
		}
		slices.Sort(names)
		for _, name := range names {
			child, err := tree.Lookup(join(h.Path, name))
			if err != nil {
				return err
			}
			child.Path = join(h.Path, name)
			if filter != nil {
				take, err := filter(child.Path, child.Type)
				if err != nil {
					return err
				}
				if !take {
					continue
				}
			}
			if err := dumpNode(w, tree, child, filter); err != nil {
				return err
			}
		}
	}
	return nil
}

// DumpString writes the archive of a regular file with the given contents.
func DumpString(w io.Writer, contents string) error {
	nw := NewWriter(w)
	if err := nw.WriteHeader(Header{Type: Regular, Size: int64(len(contents))}); err != nil {
		return err
	}
	if _, err := io.WriteString(nw, contents); err != nil {
		return err
	}
	return nw.Close()
}
