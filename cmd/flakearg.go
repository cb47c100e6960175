package cmd

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/flakeref"
	"gonix.dev/gonix/flake"
)

var urlScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)

// isFlake reports whether an argument names a flake, such as path:/src#hello or .#hello,
// rather than an attribute.
func (f *evalFlags) isFlake(arg string) bool {
	if f.file != "" || f.expr != "" {
		return false
	}
	return arg == "." || strings.HasPrefix(arg, "./") || strings.HasPrefix(arg, "../") || strings.HasPrefix(arg, "/") ||
		strings.Contains(arg, "#") || urlScheme.MatchString(arg)
}

// lookAt makes the evaluation pure, as in Nix, if arguments name flakes.
func (f *evalFlags) lookAt(args []string) {
	f.pure = f.pure || slices.ContainsFunc(args, f.isFlake)
}

// flakeRef reads a reference, relative to the working directory.
func flakeRef(env *Env, arg string) (ref *flakeref.Ref, fragment string, err error) {
	name, _, _ := strings.Cut(arg, "#")
	rest := arg[len(name):]
	switch {
	case urlScheme.MatchString(name):
		if dir, ok := strings.CutPrefix(name, "path:"); ok && !strings.HasPrefix(dir, "/") {
			name = "path:" + env.abs(dir)
		}
	case name == "" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/"):
		dir, query, hasQuery := strings.Cut(name, "?")
		dir = env.abs(dir)
		for d := dir; ; d = filepath.Dir(d) {
			if exists(filepath.Join(d, ".git")) {
				return nil, "", fmt.Errorf("'%s' is in a Git repository, which gonix cannot read as a flake yet: use 'path:%s%s'", firstOf(name, "."), dir, rest)
			}
			if d == "/" || exists(filepath.Join(d, "flake.nix")) {
				break
			}
		}
		name = "path:" + dir
		if hasQuery {
			name += "?" + query
		}
	}
	return flakeref.ParseWithFragment(name + rest)
}

// openFlake opens the flake of a reference, once.
func (e *evaluation) openFlake(ref *flakeref.Ref) (*flake.Flake, error) {
	url, err := ref.URL()
	if err != nil {
		return nil, err
	}
	if f := e.flakes[url]; f != nil {
		return f, nil
	}
	dir, err := flake.Dir(ref)
	if err != nil {
		return nil, err
	}
	f, ferr := flake.Open(e.st, ref, flake.Source{Dir: dir, Modified: func() (time.Time, error) { return newest(dir) }})
	if ferr != nil {
		return nil, e.fail(ferr)
	}
	if e.flakes == nil {
		e.flakes = map[string]*flake.Flake{}
	}
	e.flakes[url] = f
	return f, nil
}

// newest is the newest modification in a folder.
func newest(dir string) (t time.Time, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(t) {
			t = info.ModTime()
		}
		return err
	})
	return t, err
}

// flakeValue is what an argument selects in its flake: the attribute itself, or one
// of those that Nix looks for.
func (e *evaluation) flakeValue(arg string, roles flakeRoles) (eval.Value, error) {
	if roles.sets == nil {
		roles = packageRoles
	}
	ref, fragment, err := flakeRef(e.env, arg)
	if err != nil {
		return eval.Value{}, err
	}
	f, err := e.openFlake(ref)
	if err != nil {
		return eval.Value{}, err
	}
	v, ferr := f.Find(e.st, roles.paths(fragment, e.st.Options().System))
	if ferr != nil {
		return eval.Value{}, e.fail(ferr)
	}
	return v, nil
}

// flakeRoles are the outputs of a flake in which a command looks, first, for what
// the user names.
type flakeRoles struct {
	sets   []string // by system: packages
	single []string // of one package by system, for no name at all
}

var packageRoles = flakeRoles{sets: []string{"packages", "legacyPackages"}, single: []string{"defaultPackage"}}

func (r flakeRoles) paths(fragment, system string) []string {
	var out []string
	if fragment == "" {
		for _, s := range r.sets {
			if s != "legacyPackages" {
				out = append(out, s+"."+system+".default")
			}
		}
		for _, s := range r.single {
			out = append(out, s+"."+system)
		}
		return out
	}
	if absolute, ok := strings.CutPrefix(fragment, "."); ok {
		return []string{absolute}
	}
	for _, s := range r.sets {
		out = append(out, s+"."+system+"."+fragment)
	}
	return append(out, fragment)
}
