package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonix.dev/gonix/eval"
)

// source is an expression with packages, and the attribute that it is.
type source struct{ attr, file string }

// sources are where packages come from: --file, or what is at ~/.nix-defexpr, an
// expression or a folder of such, which mostly are the user's channels.
func (u *userEnv) sources(file string) ([]source, error) {
	if file != "" {
		return []source{{"", file}}, nil
	}
	if u.env.Getenv("HOME") == "" {
		return nil, usageErrorf("HOME is not set: say where packages come from with --file")
	}
	top := u.env.defExpr(u.eval.settings)
	d := defExpr{u: u, seen: map[string]bool{}}
	st, err := os.Stat(top)
	switch {
	case os.IsNotExist(err):
		// What Nix would put there.
		for _, dir := range u.channelDirs() {
			if err := d.walk(dir); err != nil && !os.IsNotExist(err) {
				return nil, err
			}
		}
		if len(d.found) == 0 {
			return nil, fmt.Errorf("there is no '%s': say where packages come from with --file, or make it a link to an expression", top)
		}
	case err != nil:
		return nil, err
	case !st.IsDir() || isExpression(top):
		return []source{{"", top}}, nil
	default:
		if err := d.walk(top); err != nil {
			return nil, err
		}
	}
	return d.found, nil
}

// channelDirs are the user's channels and those of the machine.
func (u *userEnv) channelDirs() []string {
	state := u.eval.store.StateDir()
	dirs := []string{filepath.Join(u.profilesDir(state), "channels"), filepath.Join(state, rootProfiles, "channels")}
	return slices.Compact(dirs)
}

// defExpr looks for expressions in a folder.
type defExpr struct {
	u     *userEnv
	seen  map[string]bool
	found []source
}

func (d *defExpr) walk(name string) error {
	entries, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(name, e.Name())
		st, err := os.Stat(path)
		if err != nil || e.Name() == "manifest.nix" {
			continue // a channel that is gone; the list of a profile with channels
		}
		switch {
		case st.IsDir() && !isExpression(path):
			if err := d.walk(path); err != nil {
				return err
			}
			continue
		case !st.IsDir() && !strings.HasSuffix(withoutLinks(path), ".nix"):
			continue
		}
		attr := strings.TrimSuffix(e.Name(), ".nix")
		if d.seen[attr] {
			warnf(d.u.env, "name collision in input Nix expressions, skipping '%s'", path)
			continue
		}
		d.seen[attr] = true
		d.found = append(d.found, source{attr, path})
	}
	return nil
}

// withoutLinks is a file's name without symbolic links, as far as that can be found out.
func withoutLinks(name string) string {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	return name
}

func isExpression(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "default.nix"))
	return err == nil
}

// sourceValue is what packages come from as one value: that of the expression, or a
// set of those in the folder.
func (u *userEnv) sourceValue(file string) (eval.Value, error) {
	sources, err := u.sources(file)
	if err != nil {
		return eval.Value{}, err
	}
	if len(sources) == 1 && sources[0].attr == "" {
		return u.eval.file(sources[0].file)
	}
	st := u.eval.st
	set := st.NewAttrs(len(sources))
	for _, s := range sources {
		set.Set(s.attr, st.Lazy(func() (eval.Value, *eval.Error) { return st.EvalFile(s.file, 0) }))
	}
	return eval.AttrsValue(set.Build()), nil
}

// applied are the packages that a function makes of a value.
func (u *userEnv) applied(text string, v eval.Value) ([]envElement, error) {
	f, err := u.eval.text(text)
	if err != nil {
		return nil, err
	}
	r, eerr := u.eval.st.Call1(f, v, 0)
	if eerr != nil {
		return nil, u.eval.fail(eerr)
	}
	return u.elements(r, "", nil)
}
