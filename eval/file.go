package eval

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

func (st *State) parseMode() parser.Mode {
	if st.opts.Features["pipe-operators"] {
		return parser.PipeOperators
	}
	return 0
}

// EvalText evaluates a text. name is for messages, dir what its relative paths
// start from. The result is forced.
func (st *State) EvalText(name, text, dir string) (Value, *Error) {
	return st.evalParsed(st.arena.Parse(name, text, st.parseMode()), dir, nil, nil)
}

// EvalIn is EvalText with more names in scope, those of a set.
func (st *State) EvalIn(name, text, dir string, vars *Attrs) (Value, *Error) {
	s, env := st.attrsScope(vars)
	return st.evalParsed(st.arena.Parse(name, text, st.parseMode()), dir, s, env)
}

func (st *State) evalParsed(f *ast.File, dir string, s *scope, env *Env) (Value, *Error) {
	st.Stats.SourceBytes += int64(len(f.Src))
	st.merging.Reset()
	if st.opts.Parsed != nil {
		st.opts.Parsed(f)
	}
	n, err := st.compile(f, dir, s)
	f.Root = nil // its memory is used again, and positions only need the text
	if err != nil {
		return Value{}, err
	}
	return n.eval(st, env)
}

// attrsScope makes a scope of the names of a set.
func (st *State) attrsScope(vars *Attrs) (*scope, *Env) {
	st.flatten(vars)
	env := st.newEnv(int32(len(vars.vals())), nil)
	for i, v := range vars.vals() {
		*env.slot(int32(i)) = v
	}
	return &scope{syms: vars.shape.keys()}, env
}

// EvalFile evaluates a file, or the default.nix of a directory, once.
func (st *State) EvalFile(name string, pos Pos) (Value, *Error) {
	file, err := st.resolveImport(name, pos)
	if err != nil {
		return Value{}, err
	}
	if v, ok := st.fileCache[file]; ok {
		return st.Force(v)
	}
	v := st.Lazy(func() (Value, *Error) {
		v, err := st.evalFileIn(file, nil, nil)
		if err != nil {
			return Value{}, err.AddTrace(0, "while evaluating the file '%s':", file)
		}
		return v, nil
	})
	st.fileCache[file] = v
	return st.Force(v)
}

// EvalFileIn evaluates a file with more names in scope; nothing is remembered.
func (st *State) EvalFileIn(name string, pos Pos, vars *Attrs) (Value, *Error) {
	file, err := st.resolveImport(name, pos)
	if err != nil {
		return Value{}, err
	}
	s, env := st.attrsScope(vars)
	return st.evalFileIn(file, s, env)
}

func (st *State) evalFileIn(file string, s *scope, env *Env) (Value, *Error) {
	if text, ok := coreFile(file); ok {
		return st.evalParsed(st.arena.Parse("<nix/fetchurl.nix>", text, 0), "/", s, env)
	}
	if err := st.checkAccess(file, 0); err != nil {
		return Value{}, err
	}
	text, err := st.opts.World.ReadFile(file)
	if err != nil {
		return Value{}, st.fileError(err, file, 0)
	}
	st.Stats.Files++
	return st.evalParsed(st.arena.Parse(file, unsafeString(text), st.parseMode()), path.Dir(file), s, env)
}

// resolveImport finds the file that importing a path reads: symlinks are
// followed, and of a directory it is default.nix.
func (st *State) resolveImport(name string, pos Pos) (string, *Error) {
	if file, ok := st.resolved[name]; ok {
		return file, nil
	}
	if _, ok := coreFile(name); ok {
		return name, nil
	}
	if err := st.checkAccess(name, pos); err != nil {
		return "", err
	}
	// Only the last component: relative paths of an imported file start from
	// where the import found it, as in Nix.
	file := name
	for hops := 0; ; hops++ {
		info, err := st.opts.World.Lstat(file)
		if err != nil {
			return "", st.fileError(err, file, pos)
		}
		if info.Type == Directory {
			file = path.Join(file, "default.nix")
			// default.nix may be a symlink itself.
			if info, err := st.opts.World.Lstat(file); err != nil {
				return "", st.fileError(err, file, pos)
			} else if info.Type != Symlink {
				break
			}
			continue
		}
		if info.Type != Symlink {
			break
		}
		if hops >= 1000 {
			return "", st.Errorf(ErrEval, pos, "too many symbolic links encountered while traversing the path '%s'", name)
		}
		target, err := st.opts.World.Readlink(file)
		if err != nil {
			return "", st.fileError(err, file, pos)
		}
		if path.IsAbs(target) {
			file = path.Clean(target)
		} else {
			file = path.Join(path.Dir(file), target)
		}
	}
	st.resolved[name] = file
	return file, nil
}

// fileError words an error of the World.
func (st *State) fileError(err error, name string, pos Pos) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e = st.Errorf(ErrEval, pos, "path '%s' does not exist", name)
	case errors.Is(err, fs.ErrPermission):
		e = st.Errorf(ErrEval, pos, "opening file '%s': Permission denied", name)
	default:
		var pe *fs.PathError
		if errors.As(err, &pe) {
			e = st.Errorf(ErrEval, pos, "reading '%s': %s", name, pe.Err)
		} else {
			e = st.Errorf(ErrEval, pos, "reading '%s': %s", name, err)
		}
	}
	e.Cause = err
	return e
}

// checkAccess refuses paths that pure or restricted evaluation may not see.
func (st *State) checkAccess(name string, pos Pos) *Error {
	if !st.opts.Pure && !st.opts.Restricted {
		return nil
	}
	if _, ok := cutDir(name, string(st.StoreDir())); ok && name != string(st.StoreDir()) {
		return nil
	}
	for _, dir := range st.opts.Allowed {
		if _, ok := cutDir(name, dir); ok {
			return nil
		}
	}
	mode := "restricted"
	if st.opts.Pure {
		mode = "pure evaluation"
	} else {
		for _, e := range st.opts.SearchPath {
			if _, ok := cutDir(name, e.Path); ok {
				return nil
			}
		}
	}
	hint := ""
	if st.opts.Pure {
		hint = " (use '--impure' to override)"
	}
	return st.Errorf(ErrRestricted, pos, "access to absolute path '%s' is forbidden in %s mode%s", name, mode, hint)
}

// FindFile resolves <name> against a search path.
func (st *State) FindFile(searchPath []SearchPathEntry, name string, pos Pos) (string, *Error) {
	for _, e := range searchPath {
		rest := name
		if e.Prefix != "" {
			var ok bool
			if rest, ok = cutDir(name, e.Prefix); !ok {
				continue
			}
			rest = strings.TrimPrefix(rest, "/")
		}
		dir, ok := st.searchEntry(e.Path)
		if !ok {
			continue
		}
		full := filepath.Clean(dir + "/" + rest)
		if st.checkAccess(full, pos) != nil {
			continue
		}
		if st.pathExists(full) {
			return full, nil
		}
	}
	if name == "nix/fetchurl.nix" {
		return fetchurlPath, nil
	}
	if st.opts.Pure {
		return "", st.Errorf(ErrThrow, pos, "cannot look up '<%s>' in pure evaluation mode (use '--impure' to override)", name)
	}
	return "", st.Errorf(ErrThrow, pos, "file '%s' was not found in the Nix search path (add it using $NIX_PATH or -I)", name)
}

// searchEntry gives the directory of a search path entry; those that do not
// exist or cannot be fetched are passed over, with a warning.
func (st *State) searchEntry(entry string) (string, bool) {
	if dir, ok := st.searchCache[entry]; ok {
		return dir, dir != ""
	}
	dir := entry
	if strings.Contains(entry, "://") || strings.HasPrefix(entry, "channel:") || strings.HasPrefix(entry, "flake:") {
		st.Warn("Nix search path entry '%s' cannot be downloaded, ignoring", entry)
		dir = ""
	} else if !st.pathExists(entry) {
		dir = ""
		st.Warn("Nix search path entry '%s' does not exist, ignoring", entry)
	}
	st.searchCache[entry] = dir
	return dir, dir != ""
}

// pathExists reports whether a path leads to something, dangling symlinks
// excepted.
func (st *State) pathExists(name string) bool {
	real, err := st.ResolveSymlinks(name)
	if err != nil {
		return false
	}
	_, lerr := st.opts.World.Lstat(real)
	return lerr == nil
}

// ResolveSymlinks follows all symlinks of a path. What does not exist stays as
// it is.
func (st *State) ResolveSymlinks(name string) (string, *Error) {
	done, todo := "", strings.Split(strings.Trim(path.Clean(name), "/"), "/")
	for hops := 0; len(todo) > 0; {
		c := todo[0]
		todo = todo[1:]
		switch c {
		case "", ".":
			continue
		case "..":
			done = strings.TrimSuffix(path.Dir(done), "/")
			continue
		}
		next := done + "/" + c
		info, err := st.opts.World.Lstat(next)
		if err != nil || info.Type != Symlink {
			done = next
			continue
		}
		if hops++; hops > 1000 {
			return "", st.Errorf(ErrEval, 0, "too many symbolic links encountered while traversing the path '%s'", name)
		}
		target, err := st.opts.World.Readlink(next)
		if err != nil {
			return "", st.fileError(err, next, 0)
		}
		if path.IsAbs(target) {
			done = ""
		}
		todo = append(strings.Split(strings.Trim(target, "/"), "/"), todo...)
	}
	if done == "" {
		return "/", nil
	}
	return done, nil
}
