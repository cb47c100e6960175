package eval

import (
	"io"
	"path"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// copiedSource is the result of adding a path of the file system to the store.
type copiedSource struct {
	path string
	ctx  *Context
}

// copyPathToStore adds a path as it is, and returns its store path.
func (st *State) copyPathToStore(name string, pos Pos) (string, *Context, *Error) {
	if c, ok := st.copied[name]; ok {
		return c.path, c.ctx, nil
	}
	if strings.HasSuffix(name, store.DrvExtension) {
		return "", nil, st.Errorf(ErrEval, pos, "file names are not allowed to end in '%s'", store.DrvExtension)
	}
	p, err := st.AddSource(name, SourceOptions{Name: path.Base(name), Method: store.Recursive, Pos: pos})
	if err != nil {
		return "", nil, err
	}
	c := copiedSource{path: p, ctx: NewContext(st.ContextElem(ContextPath, p, "", nil))}
	st.copied[name] = c
	return c.path, c.ctx, nil
}

// SourceOptions says how to add a source.
type SourceOptions struct {
	Name   string
	Method store.Method
	Filter func(path string, typ FileType) (bool, *Error) // of absolute paths; nil takes all
	Want   hash.Hash                                      // the expected hash, if not zero
	Pos    Pos

	// Unguarded is for paths that the user has named, rather than Nix code: pure
	// and restricted evaluation may use them.
	Unguarded bool
}

// AddSource adds a path of the file system to the store and returns its store
// path.
func (st *State) AddSource(name string, opts SourceOptions) (string, *Error) {
	if !opts.Unguarded {
		if err := st.checkAccess(name, opts.Pos); err != nil {
			return "", err
		}
	}
	real, rerr := st.ResolveSymlinks(path.Dir(name))
	if rerr != nil {
		return "", rerr
	}
	root := path.Join(real, path.Base(name))
	if _, err := st.opts.World.Lstat(root); err != nil {
		return "", st.fileError(err, name, opts.Pos)
	}
	method := opts.Method
	if method == store.Flat {
		if real, rerr := st.ResolveSymlinks(root); rerr == nil {
			root = real
		}
	}
	tree := &worldTree{st: st, root: root}
	var filterErr *Error
	var filter nar.Filter
	if opts.Filter != nil {
		filter = func(rel string, typ nar.Type) (bool, error) {
			take, err := opts.Filter(path.Join(name, rel), narFileType(typ))
			if err != nil {
				filterErr = err
				return false, err
			}
			return take, nil
		}
	}
	dump := func(w io.Writer) error { return nar.Dump(w, tree, filter) }
	if !opts.Want.IsZero() {
		h, err := store.HashTree(method, opts.Want.Algo, dump)
		if filterErr != nil {
			return "", filterErr
		}
		if err != nil {
			return "", st.storeError(err, opts.Pos)
		}
		if h != opts.Want {
			return "", st.Errorf(ErrEval, opts.Pos, "hash mismatch in path '%s'\n  specified: %s\n  got:       %s",
				name, hash.Format(opts.Want, hash.SRI), hash.Format(h, hash.SRI))
		}
	}
	algo := hash.SHA256
	if !opts.Want.IsZero() {
		algo = opts.Want.Algo
	}
	p, err := st.opts.Store.AddTree(st.opts.Context, opts.Name, method, algo, dump, nil)
	if filterErr != nil {
		return "", filterErr
	}
	if err != nil {
		return "", st.storeError(err, opts.Pos)
	}
	return st.StoreDir().Format(p), nil
}

// storeError wraps an error of the store.
// HashSource is the SHA-256 hash of a path's NAR.
func (st *State) HashSource(name string) (hash.Hash, *Error) {
	tree := &worldTree{st: st, root: name}
	h, err := store.HashTree(store.Recursive, hash.SHA256, func(w io.Writer) error { return nar.Dump(w, tree, nil) })
	if err != nil {
		return hash.Hash{}, st.storeError(err, 0)
	}
	return h, nil
}

func (st *State) storeError(err error, pos Pos) *Error {
	return &Error{Kind: ErrEval, Pos: pos, Msg: err.Error(), Cause: err}
}

func narFileType(t nar.Type) FileType {
	switch t {
	case nar.Regular:
		return RegularFile
	case nar.Directory:
		return Directory
	case nar.Symlink:
		return Symlink
	}
	return OtherFile
}

// worldTree shows a part of the World as a tree that can be archived.
type worldTree struct {
	st   *State
	root string
}

func (t *worldTree) abs(rel string) string {
	if rel == "" {
		return t.root
	}
	return t.root + "/" + rel
}

// Lookup describes a node.
func (t *worldTree) Lookup(rel string) (nar.Header, error) {
	info, err := t.st.opts.World.Lstat(t.abs(rel))
	if err != nil {
		return nar.Header{}, err
	}
	h := nar.Header{Path: rel}
	switch info.Type {
	case RegularFile:
		h.Type, h.Executable, h.Size = nar.Regular, info.Executable, info.Size
	case Directory:
		h.Type = nar.Directory
	case Symlink:
		h.Type = nar.Symlink
		if h.Target, err = t.st.opts.World.Readlink(t.abs(rel)); err != nil {
			return nar.Header{}, err
		}
	}
	return h, nil
}

// Names lists a directory.
func (t *worldTree) Names(rel string) ([]string, error) {
	entries, err := t.st.opts.World.ReadDir(t.abs(rel))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	return names, nil
}

// Open opens a regular file.
func (t *worldTree) Open(rel string) (io.ReadCloser, error) {
	if o, ok := t.st.opts.World.(interface {
		Open(string) (io.ReadCloser, error)
	}); ok {
		return o.Open(t.abs(rel))
	}
	b, err := t.st.opts.World.ReadFile(t.abs(rel))
	if err != nil {
		return nil, err
	}
	return io.NopCloser(strings.NewReader(unsafeString(b))), nil
}
