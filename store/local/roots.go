//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// Roots are the live paths and where each is held: links, "{temp:PID}", files
// below /proc.
type Roots map[store.Path]map[string]bool

func (r Roots) add(p store.Path, from string) {
	if r[p] == nil {
		r[p] = map[string]bool{}
	}
	r[p][from] = true
}

// censored stands for what users need not know of each other.
const censored = "{censored}"

// FindRoots finds all roots: permanent ones, those of running processes, and
// temporary ones. With censor, it does not say which process holds what.
func (s *Store) FindRoots(ctx context.Context, censor bool) (Roots, error) {
	roots, err := s.findRoots(ctx, censor)
	if err != nil {
		return nil, err
	}
	err = s.findTempRoots(func(p store.Path, from string) {
		if censor {
			from = censored
		}
		roots.add(p, from)
	})
	return roots, err
}

// findRoots finds the roots but for temporary ones.
func (s *Store) findRoots(ctx context.Context, censor bool) (Roots, error) {
	valid, err := s.AllValid(ctx)
	if err != nil {
		return nil, err
	}
	f := rootFinder{s: s, valid: make(map[store.Path]bool, len(valid)), roots: Roots{}}
	for _, p := range valid {
		f.valid[p] = true
	}
	for _, dir := range []string{"gcroots", "profiles"} {
		if err := f.walk(filepath.Join(s.set.StateDir, dir)); err != nil {
			return nil, err
		}
	}
	for p, from := range runtimeRoots(string(s.set.Dir)) {
		sp, _, err := s.set.Dir.Split(p)
		if err != nil || !f.valid[sp] {
			continue
		}
		for name := range from {
			if censor {
				name = censored
			}
			f.roots.add(sp, name)
		}
	}
	return f.roots, ctx.Err()
}

type rootFinder struct {
	s     *Store
	valid map[store.Path]bool
	roots Roots
}

// walk looks for roots at and below name. It does not follow links but those that
// are roots themselves.
func (f *rootFinder) walk(name string) error {
	st, err := os.Lstat(name)
	if err != nil {
		return f.unreadable(name, err)
	}
	switch {
	case st.IsDir():
		entries, err := os.ReadDir(name)
		if err != nil {
			return f.unreadable(name, err)
		}
		for _, e := range entries {
			if err := f.walk(filepath.Join(name, e.Name())); err != nil {
				return err
			}
		}
	case st.Mode()&os.ModeSymlink != 0:
		return f.link(name)
	case st.Mode().IsRegular():
		// A file named like a store path holds it.
		if p, err := store.ParsePath(st.Name()); err == nil && f.valid[p] {
			f.roots.add(p, name)
		}
	}
	return nil
}

func (f *rootFinder) link(name string) error {
	target, err := os.Readlink(name)
	if err != nil {
		return f.unreadable(name, err)
	}
	if f.s.set.Dir.Contains(target) {
		f.found(name, target)
		return nil
	}
	auto := strings.HasPrefix(name, filepath.Join(f.s.set.StateDir, "gcroots/auto")+"/")
	if auto && isTempLink(filepath.Base(name)) {
		// Left by a crash, or being made just now, perhaps in a container.
		if st, err := os.Lstat(name); err == nil && time.Since(st.ModTime()) > time.Minute && abandoned(name) {
			os.Remove(name)
		}
		return nil
	}
	// An indirect root: a link to a link somewhere else, which its owner removes
	// when he needs it no more.
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(name), target)
	}
	st, err := os.Lstat(target)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		if auto {
			f.s.log(Info, "removing stale link from '%s' to '%s'", name, target)
			os.Remove(name)
		}
		return nil
	}
	if err != nil {
		return f.unreadable(target, err)
	}
	if st.Mode()&os.ModeSymlink == 0 {
		return nil
	}
	target2, err := os.Readlink(target)
	if err != nil {
		return f.unreadable(target, err)
	}
	if f.s.set.Dir.Contains(target2) {
		f.found(target, target2)
	}
	return nil
}

func (f *rootFinder) found(name, target string) {
	p, _, err := f.s.set.Dir.Split(target)
	if err != nil {
		return
	}
	if !f.valid[p] {
		f.s.log(Info, "skipping invalid root from '%s' to '%s'", name, target)
		return
	}
	f.roots.add(p, name)
}

// unreadable passes on all errors but those that will not go away.
func (f *rootFinder) unreadable(name string, err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) || errors.Is(err, unix.ENOTDIR) {
		f.s.log(Info, "cannot read potential root '%s'", name)
		return nil
	}
	return err
}

var linkCounter atomic.Int64

// tempLink calls link with a name that begins with prefix and is not taken, be it
// by what a process of our number was killed over.
func tempLink(prefix string, link func(temp string) error) (string, error) {
	for {
		temp := fmt.Sprintf("%s-%d-%d", prefix, os.Getpid(), linkCounter.Add(1))
		if err := link(temp); !errors.Is(err, os.ErrExist) {
			return temp, err
		}
	}
}

// ReplaceLink makes name a symlink to target, atomically.
func ReplaceLink(name, target string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	for {
		temp, err := tempLink(name+tempLinkMark, func(temp string) error { return os.Symlink(target, temp) })
		if err != nil {
			return err
		}
		if err = os.Rename(temp, name); err == nil {
			return nil
		}
		// If it is not there any more somebody has taken it for a leftover.
		if _, gone := os.Lstat(temp); !errors.Is(gone, os.ErrNotExist) {
			os.Remove(temp)
			return err
		}
	}
}

// tempLinkMark is in the names of links that are being made.
const tempLinkMark = ".tmp"

// isTempLink says whether a name is one of tempLink's, or of Nix's, for a link in that
// directory.
func isTempLink(name string) bool {
	_, ok := tempLinkMaker(name)
	return ok
}

// tempLinkMaker is the process that made such a link.
func tempLinkMaker(name string) (pid int, ok bool) {
	_, rest, ok := strings.Cut(name, tempLinkMark+"-")
	first, n, ok2 := strings.Cut(rest, "-")
	pid, err := strconv.Atoi(first)
	_, err2 := strconv.Atoi(n)
	return pid, ok && ok2 && err == nil && err2 == nil
}

// abandoned says whether the process that made a temporary link is gone. If not, it
// still needs the link: gonix would make another one, but Nix would fail.
func abandoned(name string) bool {
	pid, ok := tempLinkMaker(filepath.Base(name))
	return ok && unix.Kill(pid, 0) == unix.ESRCH
}

// AddIndirectRoot makes the symlink called name, outside the state directory, a
// root for as long as it exists and points into the store.
func (s *Store) AddIndirectRoot(name string) error {
	if s.set.ReadOnly {
		return ErrReadOnly
	}
	h := hash.Format(hash.SumString(hash.SHA1, name), hash.Nix32)
	return ReplaceLink(filepath.Join(s.set.StateDir, "gcroots/auto", h), name)
}

// AddPermRoot makes a symlink called name, an absolute file name, to p, and
// registers it as an indirect root.
func (s *Store) AddPermRoot(ctx context.Context, p store.Path, name string) error {
	name = filepath.Clean(name)
	if s.set.Dir.Contains(name) {
		return fmt.Errorf("creating a garbage collector root (%s) in the Nix store is forbidden (are you running nix-build inside the store?)", name)
	}
	// The caller should have done so; without it p could go before the link is.
	if err := s.AddTempRoot(ctx, p); err != nil {
		return err
	}
	if st, err := os.Lstat(name); err == nil {
		target := ""
		if st.Mode()&os.ModeSymlink != 0 {
			if target, err = os.Readlink(name); err != nil {
				return err
			}
		}
		if !s.set.Dir.Contains(target) {
			return fmt.Errorf("cannot create symlink '%s'; already exists", name)
		}
	}
	if err := ReplaceLink(name, s.set.Dir.Format(p)); err != nil {
		return err
	}
	if err := s.AddIndirectRoot(name); err != nil {
		return err
	}
	return s.temp.remind(ctx, p)
}

// runtimeRoots are file names in the store directory that running processes use,
// and where that was found out. What may not be read is passed over.
func runtimeRoots(dir string) map[string]map[string]bool {
	found := map[string]map[string]bool{}
	add := func(p, from string) {
		if strings.HasPrefix(p, dir+"/") {
			if found[p] == nil {
				found[p] = map[string]bool{}
			}
			found[p][from] = true
		}
	}
	link := func(name string) {
		if target, err := os.Readlink(name); err == nil {
			add(target, name)
		}
	}
	procs, err := os.ReadDir("/proc")
	if err != nil {
		return found // no such system
	}
	for _, e := range procs {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		proc := "/proc/" + e.Name()
		link(proc + "/exe")
		link(proc + "/cwd")
		fds, err := os.ReadDir(proc + "/fd")
		if err != nil {
			continue // gone, or another user's
		}
		for _, fd := range fds {
			link(proc + "/fd/" + fd.Name())
		}
		if maps, err := os.ReadFile(proc + "/maps"); err == nil {
			for line := range strings.SplitSeq(string(maps), "\n") {
				if i := strings.IndexByte(line, '/'); i >= 0 {
					add(strings.TrimSuffix(line[i:], " (deleted)"), proc+"/maps")
				}
			}
		}
		if env, err := os.ReadFile(proc + "/environ"); err == nil {
			for _, p := range storePathsIn(string(env), dir) {
				add(p, proc+"/environ")
			}
		}
	}
	for _, name := range []string{"modprobe", "fbsplash", "poweroff_cmd"} {
		name = "/proc/sys/kernel/" + name
		if b, err := os.ReadFile(name); err == nil {
			add(strings.TrimSpace(string(b)), name)
		}
	}
	return found
}

// storePathsIn finds everything in text that looks like a path in dir.
func storePathsIn(text, dir string) []string {
	var found []string
	prefix := dir + "/"
	for {
		i := strings.Index(text, prefix)
		if i < 0 {
			return found
		}
		text = text[i:]
		end := len(prefix)
		for end < len(text) && isNameByte(text[end]) {
			end++
		}
		found = append(found, text[:end])
		text = text[end:]
	}
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("+-._?=", c) >= 0
}
