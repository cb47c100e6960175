//go:build unix

package local

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/store/nar"
)

// maxPath is how long a file name the system takes at once, and one more.
const maxPath = 4096

// mtimeStore is the modification time of everything in the store: one second
// after the epoch, for old tools that take 0 for "unset".
const mtimeStore = 1

// Inode identifies a file across its hard links.
type Inode struct {
	Dev, Ino uint64
}

// CanonicalOptions steer CanonicaliseMetadata.
type CanonicalOptions struct {
	// UIDMin and UIDMax are the users that may own the files: those of the
	// build. Both 0 does not check.
	UIDMin, UIDMax int
	// Seen remembers files across calls, for hard links within one build.
	Seen map[Inode]bool
	// IgnoredACLs are extended attributes to leave.
	IgnoredACLs []string
}

// CanonicaliseMetadata gives the tree at name the metadata of store objects: mode
// 0444 or 0555, modification time 1, our ownership, no extended attributes. What
// is neither a file, a directory nor a symlink is an error, and so is a file
// of a foreign owner: it would be a hard link to something outside.
func CanonicaliseMetadata(name string, opts CanonicalOptions) error {
	parent, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer parent.Close()
	if opts.Seen == nil {
		opts.Seen = map[Inode]bool{}
	}
	c := canonicaliser{opts: opts, uid: os.Geteuid(), gid: os.Getegid()}
	return c.node(int(parent.Fd()), filepath.Base(name), name)
}

type canonicaliser struct {
	opts     CanonicalOptions
	uid, gid int
	depth    int
}

func (c *canonicaliser) node(dirfd int, base, name string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dirfd, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "lstat", Path: name, Err: err}
	}
	typ := st.Mode & unix.S_IFMT
	if typ != unix.S_IFREG && typ != unix.S_IFDIR && typ != unix.S_IFLNK {
		return fmt.Errorf("file '%s' has an unsupported type", name)
	}
	inode := Inode{uint64(st.Dev), st.Ino}
	if c.opts.UIDMax != 0 && (int(st.Uid) < c.opts.UIDMin || int(st.Uid) > c.opts.UIDMax) {
		if typ == unix.S_IFDIR || !c.opts.Seen[inode] {
			return fmt.Errorf("invalid ownership on file '%s'", name)
		}
		return nil
	}
	if st.Nlink > 1 {
		c.opts.Seen[inode] = true
	}
	if err := c.xattrs(dirfd, base, name); err != nil {
		return err
	}
	if int(st.Uid) != c.uid {
		// Before chmod: it would drop set-user-ID bits, and they must not
		// become ours even for a moment.
		if err := unix.Fchownat(dirfd, base, c.uid, c.gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return &os.PathError{Op: "chown", Path: name, Err: err}
		}
	}
	if typ == unix.S_IFDIR {
		if err := c.dir(dirfd, base, name, uint32(st.Mode)); err != nil {
			return err
		}
	} else if typ == unix.S_IFREG {
		if err := chmodCanonical(dirfd, base, name, uint32(st.Mode)); err != nil {
			return err
		}
	}
	return setMtime(dirfd, base, name)
}

func (c *canonicaliser) dir(dirfd int, base, name string, mode uint32) error {
	// A builder may have left a directory that not even its owner can read.
	const need = unix.S_IRUSR | unix.S_IXUSR
	if mode&need != need {
		if err := unix.Fchmodat(dirfd, base, mode&0o7777|need, 0); err != nil {
			return &os.PathError{Op: "chmod", Path: name, Err: err}
		}
	}
	fd, err := unix.Openat(dirfd, base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: name, Err: err}
	}
	d := os.NewFile(uintptr(fd), name)
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return err
	}
	// No archive can hold it, and every level is an open file.
	if c.depth++; c.depth > nar.MaxDepth {
		return fmt.Errorf("directory '%s' is nested deeper than %d levels", name, nar.MaxDepth)
	}
	defer func() { c.depth-- }()
	for _, n := range names {
		if err := c.node(fd, n, name+"/"+n); err != nil {
			return err
		}
	}
	return chmodCanonical(dirfd, base, name, mode|0o100)
}

// chmodCanonical makes a file or directory read-only, executable for all if it was
// for its owner.
func chmodCanonical(dirfd int, base, name string, mode uint32) error {
	want := uint32(0o444)
	if mode&unix.S_IXUSR != 0 {
		want = 0o555
	}
	if mode&0o7777 == want {
		return nil
	}
	if err := unix.Fchmodat(dirfd, base, want, 0); err != nil {
		return &os.PathError{Op: "chmod", Path: name, Err: err}
	}
	return nil
}

func setMtime(dirfd int, base, name string) error {
	t := unix.Timespec{Sec: mtimeStore}
	if err := unix.UtimesNanoAt(dirfd, base, []unix.Timespec{t, t}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "utimes", Path: name, Err: err}
	}
	return nil
}

// xattrs removes extended attributes, ACLs among them.
func (c *canonicaliser) xattrs(dirfd int, base, name string) error {
	if len(name) >= maxPath {
		name = fmt.Sprintf("/proc/self/fd/%d/%s", dirfd, base) // there is no llistxattrat
	}
	var small [256]byte
	buf := small[:]
	n, err := unix.Llistxattr(name, buf)
	for err == unix.ERANGE {
		if n, err = unix.Llistxattr(name, nil); err == nil {
			buf = make([]byte, n+256)
			n, err = unix.Llistxattr(name, buf)
		}
	}
	if err == unix.ENOTSUP {
		return nil
	}
	if err != nil {
		return &os.PathError{Op: "list extended attributes", Path: name, Err: err}
	}
	for attr := range strings.SplitSeq(string(buf[:n]), "\x00") {
		if attr == "" || slices.Contains(c.opts.IgnoredACLs, attr) {
			continue
		}
		if err := unix.Lremovexattr(name, attr); err != nil {
			return fmt.Errorf("remove extended attribute '%s' of '%s': %w", attr, name, err)
		}
	}
	return nil
}

// CanonicaliseNode gives one file or directory, not what is in it, mode and
// modification time of store objects.
func CanonicaliseNode(name string) error {
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: name, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFLNK {
		if err := chmodCanonical(unix.AT_FDCWD, name, name, uint32(st.Mode)); err != nil {
			return err
		}
	}
	return setMtime(unix.AT_FDCWD, name, name)
}
