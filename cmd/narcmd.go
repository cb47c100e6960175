package cmd

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store/nar"
)

func newNarCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "nar",
		Short: "Make and look into NAR files",
	}
	c.AddCommand(newNarCatCmd(env), newNarLsCmd(env), newNarPackCmd(env), newNarUnpackCmd(env))
	return c
}

// dumpFunc writes the archive of a tree.
type dumpFunc func(w io.Writer, name string, filter nar.Filter) error

// dumper is the one that the settings ask for.
func dumper(s *settings.Settings) dumpFunc {
	if s.Bool("use-case-hack") {
		return nar.DumpCaseHacked
	}
	return nar.DumpPath
}

// restoreOptions are those of trees outside of the store.
func restoreOptions(s *settings.Settings) nar.RestoreOptions {
	return nar.RestoreOptions{CaseHack: s.Bool("use-case-hack")}
}

func newNarPackCmd(env *Env) *cobra.Command {
	var flags *settingsFlags
	c := &cobra.Command{
		Use:     "pack PATH",
		Aliases: []string{"dump-path"},
		Short:   "Write the NAR of a file to standard output",
		Example: `  gonix nar pack ./src > src.nar`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := flags.load(env)
			if err != nil {
				return err
			}
			return dumper(s)(env.Stdout, env.abs(args[0]), nil)
		},
	}
	flags = addSettingsFlags(c)
	return c
}

func newNarUnpackCmd(env *Env) *cobra.Command {
	var flags *settingsFlags
	c := &cobra.Command{
		Use:     "unpack PATH",
		Short:   "Write the tree of the NAR on standard input to a file",
		Example: `  gonix nar unpack ./src < src.nar`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := flags.load(env)
			if err != nil {
				return err
			}
			return nar.Restore(env.abs(args[0]), nar.NewReader(env.Stdin), restoreOptions(s))
		},
	}
	flags = addSettingsFlags(c)
	return c
}

func newNarCatCmd(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "cat NAR PATH",
		Short:   "Print a file in a NAR file",
		Example: `  gonix nar cat hello.nar /bin/hello`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := openNar(env.abs(args[0]))
			if err != nil {
				return err
			}
			defer t.file.Close()
			return catFile(env, t, args[1], args[1])
		},
	}
}

func newNarLsCmd(env *Env) *cobra.Command {
	f := &lsFlags{}
	c := &cobra.Command{
		Use:     "ls NAR PATH",
		Short:   "List a directory in a NAR file",
		Example: `  gonix nar ls -R hello.nar /`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := openNar(env.abs(args[0]))
			if err != nil {
				return err
			}
			defer t.file.Close()
			return f.list(env, t, args[1])
		},
	}
	f.add(c)
	return c
}

// fileTree is a tree to list: on disk, or in a NAR file.
type fileTree interface {
	lookup(path string) (nar.Header, error)
	names(h nar.Header) ([]string, error)
	open(h nar.Header) (io.ReadCloser, error)
	// offset is where the contents of a file begin in the NAR; 0 if unknown.
	offset(h nar.Header) int64
}

// treePath is the path of a node as headers have it.
func treePath(p string) string { return strings.TrimPrefix(path.Clean("/"+p), "/") }

// diskTree is a store path on disk.
type diskTree struct{ root, shown string }

func (t diskTree) lookup(p string) (nar.Header, error) {
	h := nar.Header{Path: treePath(p)}
	st, err := os.Lstat(filepath.Join(t.root, h.Path))
	if os.IsNotExist(err) {
		return h, fmt.Errorf("path '%s' does not exist", path.Join(t.shown, h.Path))
	}
	if err != nil {
		return h, err
	}
	switch {
	case st.IsDir():
		h.Type = nar.Directory
	case st.Mode()&os.ModeSymlink != 0:
		h.Type = nar.Symlink
		h.Target, err = os.Readlink(filepath.Join(t.root, h.Path))
	default:
		h.Type, h.Size, h.Executable = nar.Regular, st.Size(), st.Mode()&0o100 != 0
	}
	return h, err
}

func (t diskTree) names(h nar.Header) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(t.root, h.Path))
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

func (t diskTree) open(h nar.Header) (io.ReadCloser, error) {
	if h.Type != nar.Regular {
		return nil, errNotRegular
	}
	return os.OpenFile(filepath.Join(t.root, h.Path), os.O_RDONLY|unix.O_NOFOLLOW, 0)
}

func (t diskTree) offset(nar.Header) int64 { return 0 }

// narTree is a NAR file that can be read at any place.
type narTree struct {
	file  *os.File
	nodes map[string]nar.Header
	at    map[string]int64
	below map[string][]string
}

func openNar(name string) (*narTree, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	t := &narTree{file: f, nodes: map[string]nar.Header{}, at: map[string]int64{}, below: map[string][]string{}}
	r := nar.NewReader(f)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("read '%s': %w", name, err)
		}
		t.nodes[h.Path] = h
		if h.Type == nar.Regular {
			t.at[h.Path] = r.Offset()
		}
		if h.Path != "" {
			dir, base := path.Split(h.Path)
			dir = strings.TrimSuffix(dir, "/")
			t.below[dir] = append(t.below[dir], base)
		}
	}
}

func (t *narTree) lookup(p string) (nar.Header, error) {
	h, ok := t.nodes[treePath(p)]
	if !ok {
		return h, fmt.Errorf("path '/%s' does not exist", treePath(p))
	}
	return h, nil
}

func (t *narTree) names(h nar.Header) ([]string, error) { return t.below[h.Path], nil }

func (t *narTree) open(h nar.Header) (io.ReadCloser, error) {
	if h.Type != nar.Regular {
		return nil, errNotRegular
	}
	return io.NopCloser(io.NewSectionReader(t.file, t.at[h.Path], h.Size)), nil
}

func (t *narTree) offset(h nar.Header) int64 { return t.at[h.Path] }

// lsFlags are the flags of store ls and nar ls.
type lsFlags struct {
	recursive, long, directory, json bool
}

func (f *lsFlags) add(c *cobra.Command) {
	c.Flags().BoolVarP(&f.recursive, "recursive", "R", false, "list directories below")
	c.Flags().BoolVarP(&f.long, "long", "l", false, "show type and size")
	c.Flags().BoolVarP(&f.directory, "directory", "d", false, "show a directory itself, not what is in it")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

func (f *lsFlags) list(env *Env, t fileTree, p string) error {
	h, err := t.lookup(p)
	if err != nil {
		return err
	}
	if f.json {
		if f.directory {
			return usageErrorf("'--directory' is useless with '--json'")
		}
		j, err := f.toJSON(t, h, true)
		if err != nil {
			return err
		}
		return printCompactJSON(env, j)
	}
	shown := path.Base("/" + h.Path)
	if h.Type == nar.Directory {
		shown = "."
		if !f.directory {
			return f.below(env, t, h, shown)
		}
	}
	return f.node(env, t, h, shown)
}

func (f *lsFlags) below(env *Env, t fileTree, dir nar.Header, shown string) error {
	names, err := t.names(dir)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, n := range names {
		h, err := t.lookup(dir.Path + "/" + n)
		if err != nil {
			return err
		}
		if err := f.node(env, t, h, shown+"/"+n); err != nil {
			return err
		}
	}
	return nil
}

func (f *lsFlags) node(env *Env, t fileTree, h nar.Header, shown string) error {
	if f.long {
		mode := "dr-xr-xr-x"
		switch {
		case h.Type == nar.Symlink:
			mode = "lrwxrwxrwx"
		case h.Type == nar.Regular && h.Executable:
			mode = "-r-xr-xr-x"
		case h.Type == nar.Regular:
			mode = "-r--r--r--"
		}
		fmt.Fprintf(env.Stdout, "%s %20d %s", mode, h.Size, shown)
		if h.Type == nar.Symlink {
			fmt.Fprintf(env.Stdout, " -> %s", h.Target)
		}
		fmt.Fprintln(env.Stdout)
	} else {
		fmt.Fprintln(env.Stdout, shown)
	}
	if f.recursive && h.Type == nar.Directory {
		return f.below(env, t, h, shown)
	}
	return nil
}

// toJSON is the listing of a node. Directories in a directory are unfolded only
// with --recursive.
func (f *lsFlags) toJSON(t fileTree, h nar.Header, unfold bool) (map[string]any, error) {
	if !unfold {
		return map[string]any{}, nil
	}
	j := map[string]any{"type": h.Type.String()}
	switch h.Type {
	case nar.Regular:
		j["size"] = h.Size
		if h.Executable {
			j["executable"] = true
		}
		if at := t.offset(h); at > 0 {
			j["narOffset"] = at
		}
	case nar.Symlink:
		j["target"] = h.Target
	case nar.Directory:
		entries := map[string]any{}
		names, err := t.names(h)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			child, err := t.lookup(h.Path + "/" + n)
			if err != nil {
				return nil, err
			}
			if entries[n], err = f.toJSON(t, child, f.recursive); err != nil {
				return nil, err
			}
		}
		j["entries"] = entries
	}
	return j, nil
}
