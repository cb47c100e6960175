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

	"gonix.dev/gonix/store"
)

// EnvPackage is one package of a user environment.
type EnvPackage struct {
	Path     string // in the store
	Priority int    // lower wins
	Active   bool
}

// EnvConflictError says that two packages of equal priority have the same file.
type EnvConflictError struct {
	Old, New string // the file in each
	Priority int
}

func (e *EnvConflictError) Error() string {
	return fmt.Sprintf("Unable to build profile. There is a conflict for the following files:\n\n  %s\n  %s", e.Old, e.New)
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
	var pkgs []EnvPackage
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
			pkgs = append(pkgs, EnvPackage{p, priority, words[i] != "false"})
		}
		i += 3 + count
	}
	warn := func(msg string) { b.w.Observe.message(LevelWarn, msg) }
	if err := LinkPackages(out, pkgs, b.dir(), b.w.Store.RealDir(), warn); err != nil {
		return err
	}
	return os.Symlink(manifest, filepath.Join(out, "manifest.nix"))
}

// LinkPackages makes the directory out with links to the files of packages in a store
// whose objects lie in realDir. Two that have the same file with the same priority are
// an *EnvConflictError. warn is told what is left out.
func LinkPackages(out string, pkgs []EnvPackage, dir store.Dir, realDir string, warn func(msg string)) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	e := &envBuilder{dir: dir, realDir: realDir, warn: warn, priorities: map[string]int{}, done: map[string]bool{}, postponed: map[string]bool{}}
	return e.add(out, pkgs)
}

type envBuilder struct {
	dir        store.Dir
	realDir    string
	warn       func(msg string)
	priorities map[string]int // of the links made so far
	done       map[string]bool
	postponed  map[string]bool
}

func (e *envBuilder) add(out string, pkgs []EnvPackage) error {
	// In order of priority, so that few links are replaced.
	slices.SortFunc(pkgs, func(a, b EnvPackage) int {
		if a.Priority != b.Priority {
			return a.Priority - b.Priority
		}
		return strings.Compare(a.Path, b.Path)
	})
	for _, p := range pkgs {
		if p.Active {
			if err := e.addPackage(p.Path, out, p.Priority); err != nil {
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
	text, err := os.ReadFile(e.onDisk(pkg + "/nix-support/propagated-user-env-packages"))
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
		e.warn(fmt.Sprintf("not including '%s' in the user environment because it's not a directory", src))
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
				e.warn(fmt.Sprintf("skipping dangling symlink '%s'", to))
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
			return &EnvConflictError{target, from, priority}
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

func (e *envBuilder) onDisk(name string) string { return onDisk(e.dir, e.realDir, name) }

// resolve follows symbolic links to where a file lies on disk. In a chroot store
// the links say where it will lie.
func (e *envBuilder) resolve(name string) (string, error) {
	if string(e.dir) == e.realDir {
		return name, nil
	}
	done, rest := "/", strings.Split(strings.Trim(name, "/"), "/")
	for hops := 0; len(rest) > 0; {
		next := filepath.Join(done, rest[0])
		rest = rest[1:]
		st, err := os.Lstat(e.onDisk(next))
		if string(e.dir) == next || strings.HasPrefix(string(e.dir), next+"/") {
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
		to, err := os.Readlink(e.onDisk(next))
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(to) {
			done = "/"
		}
		rest = append(strings.Split(strings.Trim(to, "/"), "/"), rest...)
	}
	return e.onDisk(done), nil
}
