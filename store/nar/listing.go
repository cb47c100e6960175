package nar

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Listing describes a tree without the contents of its files: the root and, for
// directories, their entries. Binary caches keep listings beside archives, as
// JSON of the form {"version":1,"root":LISTING}.
type Listing struct {
	Type       Type
	Size       int64
	Executable bool
	Offset     int64 // of a file's contents from the start of the archive; 0 if not known
	Target     string
	Entries    map[string]*Listing // of a directory, not nil
}

// List reads an archive to its end.
func List(r *Reader) (*Listing, error) {
	var root *Listing
	var open []*Listing // directories from the root down to the current one
	at := tokenSize(magic)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		depth := 0
		if h.Path != "" {
			depth = strings.Count(h.Path, "/") + 1
		}
		for len(open) > depth {
			at += tokenSize(")") // the directory's node
			if len(open) > 1 {
				at += tokenSize(")") // the entry it is in
			}
			open = open[:len(open)-1]
		}
		name := h.Path[strings.LastIndexByte(h.Path, '/')+1:]
		if h.Path != "" {
			at += tokenSize("entry") + tokenSize("(") + tokenSize("name") + tokenSize(name) + tokenSize("node")
		}
		at += tokenSize("(") + tokenSize("type") + tokenSize(h.Type.String())
		l := &Listing{Type: h.Type, Size: h.Size, Executable: h.Executable, Target: h.Target}
		end := tokenSize(")")
		if h.Path != "" {
			end *= 2
		}
		switch h.Type {
		case Regular:
			if h.Executable {
				at += tokenSize("executable") + tokenSize("")
			}
			at += tokenSize("contents")
			l.Offset = at + 8
			at += 8 + h.Size + int64(padding(h.Size)) + end
		case Symlink:
			at += tokenSize("target") + tokenSize(h.Target) + end
		case Directory:
			l.Entries = map[string]*Listing{}
		}
		if root == nil {
			root = l
		} else {
			open[len(open)-1].Entries[name] = l
		}
		if h.Type == Directory {
			open = append(open, l)
		}
	}
}

// tokenSize is the length of a string in an archive.
func tokenSize(s string) int64 { return int64(8 + len(s) + padding(int64(len(s)))) }

// Find descends to a slash-separated path without following symlinks; nil if
// there is nothing.
func (l *Listing) Find(path string) *Listing {
	for name := range strings.SplitSeq(path, "/") {
		if name != "" && l != nil {
			l = l.Entries[name]
		}
	}
	return l
}

// Names are the names in a directory, sorted.
func (l *Listing) Names() []string {
	names := make([]string, 0, len(l.Entries))
	for n := range l.Entries {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// MarshalJSON writes the form that Nix uses, with sorted names.
func (l *Listing) MarshalJSON() ([]byte, error) {
	j := map[string]any{"type": l.Type.String()}
	switch l.Type {
	case Regular:
		j["size"] = l.Size
		if l.Executable {
			j["executable"] = true
		}
		if l.Offset > 0 {
			j["narOffset"] = l.Offset
		}
	case Symlink:
		j["target"] = l.Target
	case Directory:
		j["entries"] = l.Entries
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses names that no archive
// can have.
func (l *Listing) UnmarshalJSON(data []byte) error {
	var j struct {
		Type       string
		Size       int64
		Executable bool
		NarOffset  int64
		Target     string
		Entries    map[string]*Listing
	}
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*l = Listing{Size: j.Size, Executable: j.Executable, Offset: j.NarOffset, Target: j.Target}
	switch j.Type {
	case "regular":
		l.Type = Regular
	case "symlink":
		l.Type = Symlink
	case "directory":
		l.Type, l.Entries = Directory, j.Entries
		if l.Entries == nil {
			l.Entries = map[string]*Listing{}
		}
		for name, e := range l.Entries {
			if err := checkName(name); err != nil {
				return err
			}
			if e == nil {
				return badf("listing has no entry for '%s'", name)
			}
		}
	default:
		return fmt.Errorf("listing has unknown file type '%s'", j.Type)
	}
	return nil
}
