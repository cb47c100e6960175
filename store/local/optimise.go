//go:build unix

package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// OptimiseStats say what hard-linking saved.
type OptimiseStats struct {
	FilesLinked int
	BytesFreed  int64
}

// Optimise replaces equal files of all valid paths by hard links.
func (s *Store) Optimise(ctx context.Context) (OptimiseStats, error) {
	var stats OptimiseStats
	if s.set.ReadOnly {
		return stats, ErrReadOnly
	}
	paths, err := s.AllValid(ctx)
	if err != nil {
		return stats, err
	}
	o, err := s.newOptimiser(true)
	if err != nil {
		return stats, err
	}
	for _, p := range paths {
		if err := ctx.Err(); err != nil {
			return o.stats, err
		}
		if err := s.AddTempRoot(ctx, p); err != nil {
			return o.stats, err
		}
		if valid, err := s.IsValid(ctx, p); err != nil {
			return o.stats, err
		} else if !valid {
			continue // collected since
		}
		s.log(Talkative, "optimising path '%s'", s.set.Dir.Format(p))
		if err := o.node(s.RealPath(p)); err != nil {
			return o.stats, err
		}
	}
	return o.stats, nil
}

// optimisePath does so for one path that is being added.
func (s *Store) optimisePath(ctx context.Context, p store.Path, repair bool) error {
	o, err := s.newOptimiser(false)
	if err != nil {
		return err
	}
	o.repair = repair
	return o.node(s.RealPath(p))
}

// OptimisePath hard-links the files of a complete, canonical object with equal
// ones, if Settings.AutoOptimise asks for that. Builders call it before Register.
func (s *Store) OptimisePath(ctx context.Context, p store.Path) error {
	if !s.set.AutoOptimise {
		return nil
	}
	return s.optimisePath(ctx, p, false)
}

type optimiser struct {
	s      *Store
	linked map[uint64]bool // inodes in .links
	repair bool            // do not trust the contents of .links
	stats  OptimiseStats
}

func (s *Store) newOptimiser(load bool) (*optimiser, error) {
	o := &optimiser{s: s, linked: map[uint64]bool{}}
	if !load {
		return o, nil
	}
	inodes, err := readInodes(s.linksDir())
	if err != nil {
		return nil, err
	}
	for _, ino := range inodes {
		o.linked[ino] = true
	}
	return o, nil
}

func (o *optimiser) node(name string) error {
	if len(name) >= maxPath {
		o.s.log(Info, "skipping '%s': its name is too long", name)
		return nil
	}
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: name, Err: err}
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		names, err := readNames(name)
		if err != nil {
			return err
		}
		for _, n := range names {
			if err := o.node(name + "/" + n); err != nil {
				return err
			}
		}
		return nil
	case unix.S_IFREG:
		if st.Mode&unix.S_IWUSR != 0 {
			// Something has modified it. Others must not share that.
			o.s.log(Warn, "skipping suspicious writable file '%s'", name)
			return nil
		}
	case unix.S_IFLNK:
	default:
		return nil
	}
	if st.Nlink > 1 && o.linked[st.Ino] {
		return nil
	}
	return o.file(name, &st)
}

func (o *optimiser) file(name string, st *unix.Stat_t) error {
	// The hash of the NAR: files that differ in being executable differ.
	h, err := HashObject(name, store.Recursive, hash.SHA256, "")
	if err != nil {
		return err
	}
	link := filepath.Join(o.s.linksDir(), hash.Format(h, hash.Nix32))
	var old unix.Stat_t
	switch err := unix.Lstat(link, &old); {
	case err == nil:
		ok := old.Size == st.Size
		if ok && o.repair {
			got, err := HashObject(link, store.Recursive, hash.SHA256, "")
			ok = err == nil && got == h
		}
		if !ok {
			o.s.log(Warn, "removing corrupted link '%s'\nThere may be more corrupted paths.\n"+
				"You should run `nix-store --verify --check-contents --repair` to fix them all", link)
			if err := os.Remove(link); err != nil {
				return err
			}
			old = unix.Stat_t{}
		}
	case err != unix.ENOENT:
		return &os.PathError{Op: "lstat", Path: link, Err: err}
	}
	if old.Ino == 0 {
		err := os.Link(name, link)
		if err == nil {
			o.linked[st.Ino] = true
			return nil
		}
		if errors.Is(err, syscall.ENOSPC) {
			// Ext4's directory index is full: so this file is not shared.
			o.s.log(Info, "cannot link '%s' to '%s': %v", link, name, err)
			return nil
		}
		if !errors.Is(err, os.ErrExist) {
			return err
		}
		if err := unix.Lstat(link, &old); err != nil {
			return &os.PathError{Op: "lstat", Path: link, Err: err}
		}
	}
	if old.Ino == st.Ino {
		o.linked[st.Ino] = true
		return nil
	}
	if err := o.replace(name, link); err != nil {
		return err
	}
	return nil
}

// replace puts a hard link to link in the place of name, atomically.
func (o *optimiser) replace(name, link string) error {
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: name, Err: err}
	}
	temp, err := tempLink(filepath.Join(o.s.set.RealDir, ".tmp-link"), func(temp string) error { return os.Link(link, temp) })
	if err != nil {
		if errors.Is(err, syscall.EMLINK) {
			if st.Size > 0 {
				o.s.log(Info, "'%s' has maximum number of links", link)
			}
			return nil
		}
		return err
	}
	dir := filepath.Dir(name)
	inside := dir != o.s.set.RealDir
	if inside {
		if err := os.Chmod(dir, 0o755); err != nil {
			os.Remove(temp)
			return err
		}
	}
	err = os.Rename(temp, name)
	if inside {
		if cerr := CanonicaliseNode(dir); err == nil {
			err = cerr
		}
	}
	if err != nil {
		os.Remove(temp)
		// A collector takes links under other names for strays.
		if errors.Is(err, syscall.EMLINK) || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	o.linked[st.Ino] = true
	o.stats.FilesLinked++
	o.stats.BytesFreed += st.Size
	return nil
}

func readNames(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

func readInodes(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	inodes := make([]uint64, 0, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		inodes = append(inodes, uint64(info.Sys().(*syscall.Stat_t).Ino))
	}
	return inodes, nil
}
