package builtins

import (
	"errors"
	"path"
	"strings"
	"syscall"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

func files() []eval.Builtin {
	return append(global(
		op1("baseNameOf", 0, baseNameOf),
		op1("dirOf", 0, dirOf),
	),
		op1("toPath", 0, toPath),
		op1("storePath", 0, storePath),
		op1("pathExists", 0, pathExists),
		op1("readFile", 0, readFile),
		op1("readFileType", 0, readFileType),
		op1("readDir", 0, readDir),
		op2("findFile", 0, findFile),
		op2("toFile", 0, toFile),
		op2("filterSource", 0, filterSource),
		op1("path", 0, pathBuiltin),
	)
}

// mayRead refuses paths that pure or restricted evaluation may not see, by their
// own name or behind symlinks.
func mayRead(st *eval.State, p string, pos eval.Pos) *eval.Error {
	if err := st.CheckAccess(p, pos); err != nil {
		return err
	}
	if o := st.Options(); !o.Pure && !o.Restricted {
		return nil
	}
	real, err := st.ResolveSymlinks(p)
	if err != nil || real == p {
		return err
	}
	return st.CheckAccess(real, pos)
}

// realisePath turns a value into a path that can be read: what its context needs
// is built first.
func realisePath(st *eval.State, v eval.Value, pos eval.Pos) (string, *eval.Error) {
	p, ctx, err := st.CoerceToPath(v, pos, "while realising the context of a path")
	if err != nil {
		return "", err
	}
	if ctx == nil {
		return p, nil
	}
	outs, err := st.Realise(ctx, pos)
	if err != nil {
		return "", err.AddTrace(pos, "while realising the context of path '%s'", p)
	}
	for _, e := range ctx.Elems() {
		if e.Kind == eval.ContextOutput && outs[e] != "" {
			p = strings.ReplaceAll(p, outputPlaceholder(st, e), outs[e])
		}
	}
	return p, nil
}

func baseNameOf(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	s, ctx, err := st.CoerceToString(a, pos, "while evaluating the first argument passed to builtins.baseNameOf", 0)
	if err != nil {
		return eval.Value{}, err
	}
	return st.NewString(legacyBaseName(s), ctx), nil
}

// legacyBaseName drops one trailing slash, and no more.
func legacyBaseName(s string) string {
	if len(s) > 1 || s == "/" {
		s = strings.TrimSuffix(s, "/")
	}
	return s[strings.LastIndexByte(s, '/')+1:]
}

func dirOf(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	a, err := st.Force(a)
	if err != nil {
		return eval.Value{}, err
	}
	if a.Kind() == eval.KindPath {
		return eval.PathValue(path.Dir(a.AsPath())), nil
	}
	s, ctx, err := st.CoerceToString(a, pos, "while evaluating the first argument passed to 'builtins.dirOf'", 0)
	if err != nil {
		return eval.Value{}, err
	}
	i := strings.LastIndexByte(s, '/')
	switch {
	case i < 0:
		s = "."
	case i == 0:
		s = "/"
	default:
		s = s[:i]
	}
	return st.NewString(s, ctx), nil
}

func toPath(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	p, ctx, err := st.CoerceToPath(a, pos, "while evaluating the first argument passed to builtins.toPath")
	if err != nil {
		return eval.Value{}, err
	}
	return st.NewString(p, ctx), nil
}

func storePath(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	if st.Options().Pure {
		return eval.Value{}, st.Errorf(eval.ErrRestricted, pos, "'builtins.storePath' is not allowed in pure evaluation mode")
	}
	p, ctx, err := st.CoerceToPath(a, pos, "while evaluating the first argument passed to 'builtins.storePath'")
	if err != nil {
		return eval.Value{}, err
	}
	if _, _, serr := st.StoreDir().Split(p); serr != nil {
		if p, err = st.ResolveSymlinks(p); err != nil {
			return eval.Value{}, err
		}
	}
	base, _, serr := st.StoreDir().Split(p)
	if serr != nil {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "path '%s' is not in the Nix store", p)
	}
	root := st.StoreDir().Format(base)
	if !st.Options().ReadOnly {
		if _, lerr := st.Options().World.Lstat(root); lerr != nil {
			return eval.Value{}, st.Errorf(eval.ErrEval, pos, "path '%s' is not valid", root)
		}
	}
	return st.NewString(p, ctx.Union(eval.NewContext(st.ContextElem(eval.ContextPath, root, "", nil)))), nil
}

func pathExists(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	a, err := st.Force(a)
	if err != nil {
		return eval.Value{}, err
	}
	// A string that ends in / or /. asks for a directory.
	mustBeDir := a.Kind() == eval.KindString && (strings.HasSuffix(a.AsString(), "/") || strings.HasSuffix(a.AsString(), "/."))
	p, err := realisePath(st, a, pos)
	if err != nil {
		return eval.Value{}, err
	}
	if err := st.CheckAccess(p, pos); err != nil {
		return eval.False, nil
	}
	// Symlinks on the way are followed, and the last one only for directories.
	if mustBeDir {
		if p, err = st.ResolveSymlinks(p); err != nil {
			return eval.False, nil
		}
	} else {
		dir, err := st.ResolveSymlinks(path.Dir(p))
		if err != nil {
			return eval.False, nil
		}
		p = path.Join(dir, path.Base(p))
	}
	info, lerr := st.Options().World.Lstat(p)
	return eval.Bool(lerr == nil && (!mustBeDir || info.Type == eval.Directory)), nil
}

func readFile(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	p, err := realisePath(st, a, pos)
	if err != nil {
		return eval.Value{}, err
	}
	if err := mayRead(st, p, pos); err != nil {
		return eval.Value{}, err
	}
	b, ferr := st.Options().World.ReadFile(p)
	if ferr != nil {
		return eval.Value{}, st.FileError(ferr, p, pos)
	}
	if i := strings.IndexByte(string(b), 0); i >= 0 {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "the contents of the file '%s' cannot be represented as a Nix string", p)
	}
	var ctx *eval.Context
	if base, _, serr := st.StoreDir().Split(p); serr == nil {
		// Only what the file refers to: for all we know that is its whole closure.
		ctx = st.FileContext(base, b)
	}
	return st.NewString(string(b), ctx), nil
}

func readFileType(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	p, err := realisePath(st, a, pos)
	if err != nil {
		return eval.Value{}, err
	}
	if err := st.CheckAccess(p, pos); err != nil {
		return eval.Value{}, err
	}
	info, lerr := st.Options().World.Lstat(p)
	if lerr != nil {
		return eval.Value{}, st.FileError(lerr, p, pos)
	}
	return eval.String(string(info.Type)), nil
}

func readDir(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	p, err := realisePath(st, a, pos)
	if err != nil {
		return eval.Value{}, err
	}
	if err := mayRead(st, p, pos); err != nil {
		return eval.Value{}, err
	}
	entries, derr := st.Options().World.ReadDir(p)
	if errors.Is(derr, syscall.ENOTDIR) {
		if real, err := st.ResolveSymlinks(p); err == nil {
			p = real
		}
		return eval.Value{}, st.Errorf(eval.ErrEval, 0, "'%s' is not a directory", p)
	}
	if derr != nil {
		return eval.Value{}, st.FileError(derr, p, pos)
	}
	out := st.NewAttrs(len(entries))
	for _, e := range entries {
		out.Set(e.Name, st.SymValue(st.Sym(string(e.Type))))
	}
	return out.Value(), nil
}

func findFile(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	l, err := st.ForceList(a, pos, "while evaluating the first argument passed to builtins.findFile")
	if err != nil {
		return eval.Value{}, err
	}
	var entries []eval.SearchPathEntry
	for i := range l {
		set, err := st.ForceAttrs(l[i], pos, "while evaluating an element of the list passed to builtins.findFile")
		if err != nil {
			return eval.Value{}, err
		}
		var e eval.SearchPathEntry
		if v := st.Get(set, "prefix"); v != nil {
			if e.Prefix, err = st.ForceStringNoContext(*v, pos, "while evaluating the `prefix` attribute of an element of the list passed to builtins.findFile"); err != nil {
				return eval.Value{}, err
			}
		}
		v := st.Get(set, "path")
		if v == nil {
			return eval.Value{}, st.MissingAttr(set, "path", pos).AddTrace(pos, "in an element of the __nixPath")
		}
		s, ctx, err := st.CoerceToString(*v, pos, "while evaluating the `path` attribute of an element of the list passed to builtins.findFile", 0)
		if err != nil {
			return eval.Value{}, err
		}
		if ctx != nil {
			if _, err := st.Realise(ctx, pos); err != nil {
				return eval.Value{}, err
			}
		}
		e.Path = s
		entries = append(entries, e)
	}
	name, err := st.ForceStringNoContext(b, pos, "while evaluating the second argument passed to builtins.findFile")
	if err != nil {
		return eval.Value{}, err
	}
	p, err := st.FindFile(entries, name, pos)
	if err != nil {
		return eval.Value{}, err
	}
	return eval.PathValue(p), nil
}

func toFile(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	name, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.toFile")
	if err != nil {
		return eval.Value{}, err
	}
	contents, ctx, err := st.ForceString(b, pos, "while evaluating the second argument passed to builtins.toFile")
	if err != nil {
		return eval.Value{}, err
	}
	var refs []store.Path
	for _, e := range ctx.Elems() {
		if e.Kind != eval.ContextPath {
			return eval.Value{}, st.Errorf(eval.ErrEval, pos,
				"files created by builtins.toFile may not reference derivations, but %s references %s", name, e.String())
		}
		p, perr := st.StoreDir().Parse(e.Path)
		if perr != nil {
			return eval.Value{}, st.StoreError(perr, pos)
		}
		refs = append(refs, p)
	}
	p, serr := st.Options().Store.AddText(st.Options().Context, name, contents, store.SortPaths(refs))
	if serr != nil {
		return eval.Value{}, st.StoreError(serr, pos)
	}
	full := st.StoreDir().Format(p)
	return st.NewString(full, eval.NewContext(st.ContextElem(eval.ContextPath, full, "", nil))), nil
}

// filterFunc makes a Go filter of a Nix function.
func filterFunc(st *eval.State, f eval.Value, root string, pos eval.Pos) func(string, eval.FileType) (bool, *eval.Error) {
	return func(p string, typ eval.FileType) (bool, *eval.Error) {
		r, err := st.Call2(f, eval.String(p), st.SymValue(st.Sym(string(typ))), pos)
		if err == nil {
			var keep bool
			if keep, err = st.ForceBool(r, pos, "while evaluating the return value of the path filter function"); err == nil {
				return keep, nil
			}
		}
		return false, err.AddTrace(pos, "while adding path '%s'", root)
	}
}

func filterSource(st *eval.State, pos eval.Pos, f, a eval.Value) (eval.Value, *eval.Error) {
	p, ctx, err := st.CoerceToPath(a, pos, "while evaluating the second argument (the path to filter) passed to 'builtins.filterSource'")
	if err != nil {
		return eval.Value{}, err
	}
	if _, err := st.Realise(ctx, pos); err != nil {
		return eval.Value{}, err
	}
	if f, err = st.ForceFunction(f, pos, "while evaluating the first argument passed to builtins.filterSource"); err != nil {
		return eval.Value{}, err
	}
	return addSource(st, p, eval.SourceOptions{Name: path.Base(p), Method: store.Recursive, Filter: filterFunc(st, f, p, pos), Pos: pos})
}

func addSource(st *eval.State, p string, opts eval.SourceOptions) (eval.Value, *eval.Error) {
	full, err := st.AddSource(p, opts)
	if err != nil {
		return eval.Value{}, err
	}
	return st.NewString(full, eval.NewContext(st.ContextElem(eval.ContextPath, full, "", nil))), nil
}

func pathBuiltin(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, pos, "while evaluating the argument passed to 'builtins.path'")
	if err != nil {
		return eval.Value{}, err
	}
	opts := eval.SourceOptions{Method: store.Recursive, Pos: pos}
	var p string
	found := false
	for _, at := range st.Sorted(set) {
		switch name := st.SymName(at.Sym); name {
		case "path":
			var ctx *eval.Context
			if p, ctx, err = st.CoerceToPath(*at.Value, at.Pos, "while evaluating the 'path' attribute passed to 'builtins.path'"); err != nil {
				return eval.Value{}, err
			}
			if _, err := st.Realise(ctx, pos); err != nil {
				return eval.Value{}, err
			}
			found = true
		case "name":
			if opts.Name, err = st.ForceStringNoContext(*at.Value, at.Pos, "while evaluating the `name` attribute passed to builtins.path"); err != nil {
				return eval.Value{}, err
			}
		case "filter":
			f, err := st.ForceFunction(*at.Value, at.Pos, "while evaluating the `filter` parameter passed to builtins.path")
			if err != nil {
				return eval.Value{}, err
			}
			opts.Filter = filterFunc(st, f, p, pos)
		case "recursive":
			r, err := st.ForceBool(*at.Value, at.Pos, "while evaluating the `recursive` attribute passed to builtins.path")
			if err != nil {
				return eval.Value{}, err
			}
			if !r {
				opts.Method = store.Flat
			}
		case "sha256":
			s, err := st.ForceStringNoContext(*at.Value, at.Pos, "while evaluating the `sha256` attribute passed to builtins.path")
			if err != nil {
				return eval.Value{}, err
			}
			h, herr := hash.Parse(s, hash.SHA256)
			if herr != nil {
				return eval.Value{}, st.StoreError(herr, at.Pos)
			}
			opts.Want = h
		default:
			return eval.Value{}, st.Errorf(eval.ErrEval, at.Pos, "unsupported argument '%s' to 'builtins.path'", st.ShowName(at.Sym))
		}
	}
	if !found {
		return eval.Value{}, st.Errorf(eval.ErrEval, pos, "missing required 'path' attribute in the first argument to 'builtins.path'")
	}
	if opts.Name == "" {
		opts.Name = path.Base(p)
	}
	return addSource(st, p, opts)
}
