package builder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// envPackage is one package of a user environment.
type envPackage struct {
	path     string
	priority int // lower wins
	active   bool
}

// buildEnv is builtin:buildenv: a tree of symbolic links to the files of several
// packages.
func (b *build) buildEnv() error {
	out, _, err := b.outPath()
	if err != nil {
		return err
	}
	list, err := b.env("derivations")
	if err != nil {
		return err
	}
	manifest, err := b.env("manifest")
	if err != nil {
		return err
	}
	var pkgs []envPackage
	words := tokens(list)
	for i := 0; i < len(words); {
		if i+2 >= len(words) {
			return fmt.Errorf("malformed 'derivations'")
		}
		priority, err1 := strconv.Atoi(words[i+1])
		count, err2 := strconv.Atoi(words[i+2])
		if err := errors.Join(err1, err2); err != nil || count < 0 || i+3+count > len(words) {
			return fmt.Errorf("malformed 'derivations'")
		}
		for _, p := range words[i+3 : i+3+count] {
			pkgs = append(pkgs, envPackage{p, priority, words[i] != "false"})
		}
		i += 3 + count
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	e := &envBuilder{b: b, priorities: map[string]int{}, done: map[string]bool{}, postponed: map[string]bool{}}
	if err := e.add(out, pkgs); err != nil {
		return err
	}
	return os.Symlink(manifest, filepath.Join(out, "manifest.nix"))
}

type envBuilder struct {
	b          *build
	priorities map[string]int // of the links made so far
	done       map[string]bool
	postponed  map[string]bool
}

func (e *envBuilder) add(out string, pkgs []envPackage) error {
	// In order of priority, so that few links are replaced.
	slices.SortFunc(pkgs, func(a, b envPackage) int {
		if a.priority != b.priority {
			return a.priority - b.priority
		}
		return strings.Compare(a.path, b.path)
	})
	for _, p := range pkgs {
		if p.active {
			if err := e.addPackage(p.path, out, p.priority); err != nil {
				return err
			}
		}
	}
	// What packages propagate comes after what the user chose.
	for priority := 1000; len(e.postponed) > 0; {
		list := sortedKeys(e.postponed)
		e.postponed = map[string]bool{}
		for _, p := range list {
			if err := e.addPackage(p, out, priority); err != nil {
				return err
			}
			priority++
		}
	}
	return nil
}

func (e *envBuilder) addPackage(pkg, out string, priority int) error {
	if e.done[pkg] {
		return nil
	}
	e.done[pkg] = true
	if err := e.link(pkg, out, priority); err != nil {
		return err
	}
	text, err := os.ReadFile(e.b.onDisk(pkg + "/nix-support/propagated-user-env-packages"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil
		}
		return err
	}
	for _, p := range tokens(string(text)) {
		if !e.done[p] {
			e.postponed[p] = true
		}
	}
	return nil
}

// hidden are files that would only collide.
var hidden = []string{
	"/propagated-build-inputs", "/nix-support", "/perllocal.pod", "/info/dir", "/log",
	"/manifest.nix", "/manifest.json",
}

// link makes links in dst to everything in src, a name in the store.
func (e *envBuilder) link(src, dst string, priority int) error {
	real, err := e.resolve(src)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(real)
	if errors.Is(err, syscall.ENOTDIR) {
		e.b.w.Observe.message(LevelWarn, fmt.Sprintf("not including '%s' in the user environment because it's not a directory", src))
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if name[0] == '.' {
			continue
		}
		from, to := src+"/"+name, filepath.Join(dst, name)
		target, err := e.resolve(from)
		var st os.FileInfo
		if err == nil {
			st, err = os.Stat(target)
		}
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
				e.b.w.Observe.message(LevelWarn, fmt.Sprintf("skipping dangling symlink '%s'", to))
				continue
			}
			return err
		}
		if slices.ContainsFunc(hidden, func(h string) bool { return strings.HasSuffix(from, h) }) {
			continue
		}
		if err := e.entry(from, to, st.IsDir(), priority); err != nil {
			return err
		}
	}
	return nil
}

// entry links one file or directory, or merges directories.
func (e *envBuilder) entry(from, to string, isDir bool, priority int) error {
	old, err := os.Lstat(to)
	switch {
	case err != nil:
	case isDir && old.IsDir():
		return e.link(from, to, priority)
	case isDir:
		// A link to a directory becomes a directory with links to both.
		target, err := os.Readlink(to)
		if err != nil {
			return err
		}
		real, err := e.resolve(target)
		if err != nil {
			return err
		}
		if st, err := os.Stat(real); err != nil || !st.IsDir() {
			return fmt.Errorf("collision between '%s' and non-directory '%s'", from, target)
		}
		if err := os.Remove(to); err != nil {
			return err
		}
		if err := os.Mkdir(to, 0o755); err != nil {
			return err
		}
		if err := e.link(target, to, e.priorities[to]); err != nil {
			return err
		}
		return e.link(from, to, priority)
	case old.IsDir():
		return fmt.Errorf("collision between non-directory '%s' and directory '%s'", from, to)
	default:
		prev := e.priorities[to]
		if prev == priority {
			target, _ := os.Readlink(to)
			return fmt.Errorf("Unable to build profile. There is a conflict for the following files:\n\n  %s\n  %s", target, from)
		}
		if prev < priority {
			return nil
		}
		if err := os.Remove(to); err != nil {
			return err
		}
	}
	e.priorities[to] = priority
	return os.Symlink(from, to)
}

// resolve follows symbolic links to where a file lies on disk. In a chroot store
// the links say where it will lie.
func (e *envBuilder) resolve(name string) (string, error) {
	if string(e.b.dir()) == e.b.w.Store.RealDir() {
		return name, nil
	}
	done, rest := "/", strings.Split(strings.Trim(name, "/"), "/")
	for hops := 0; len(rest) > 0; {
		next := filepath.Join(done, rest[0])
		rest = rest[1:]
		st, err := os.Lstat(e.b.onDisk(next))
		if string(e.b.dir()) == next || strings.HasPrefix(string(e.b.dir()), next+"/") {
			err, st = nil, nil // above the store: need not exist
		}
		if err != nil {
			return "", err
		}
		if st == nil || st.Mode()&os.ModeSymlink == 0 {
			done = next
			continue
		}
		if hops++; hops > 40 {
			return "", &os.PathError{Op: "resolve", Path: name, Err: syscall.ELOOP}
		}
		to, err := os.Readlink(e.b.onDisk(next))
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(to) {
			done = "/"
		}
		rest = append(strings.Split(strings.Trim(to, "/"), "/"), rest...)
	}
	return e.b.onDisk(done), nil
}
