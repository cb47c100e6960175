//go:build unix

package builder

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/builder/sandbox"
)

// inode identifies a file on this machine.
type inode struct{ dev, ino uint64 }

// canonicaliser gives a tree the metadata of the store: modes 0444 and 0555,
// mtime 1, owned by this process, no extended attributes. It refuses files that
// the builder cannot have made.
type canonicaliser struct {
	owner *sandbox.User // who must own the files; nil for whoever
	seen  map[inode]bool
}

// tree canonicalises name and everything below it. Contents come before their
// directory, whose mtime they change.
func (c *canonicaliser) tree(name string) error {
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: name, Err: err}
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFLNK:
	default:
		return fmt.Errorf("file '%s' has an unsupported type", name)
	}
	id := inode{uint64(st.Dev), st.Ino}
	if c.owner != nil {
		count := max(c.owner.Count, 1)
		if st.Uid < c.owner.UID || st.Uid >= c.owner.UID+count {
			// A hard link to a file that was canonicalised a moment ago is ours.
			if !c.seen[id] || st.Mode&unix.S_IFMT == unix.S_IFDIR {
				return fmt.Errorf("invalid ownership on file '%s'", name)
			}
			return nil
		}
	}
	if st.Nlink > 1 || c.owner != nil {
		c.seen[id] = true
	}
	dropXattrs(name)
	isLink := st.Mode&unix.S_IFMT == unix.S_IFLNK
	if int(st.Uid) != os.Geteuid() || (os.Geteuid() == 0 && st.Gid != 0) {
		// Before the mode, since the owner could change that again.
		if err := unix.Lchown(name, os.Geteuid(), os.Getegid()); err != nil {
			return &os.PathError{Op: "chown", Path: name, Err: err}
		}
	}
	if !isLink {
		mode := uint32(0o444)
		if st.Mode&0o100 != 0 || st.Mode&unix.S_IFMT == unix.S_IFDIR {
			mode = 0o555
		}
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			if st.Mode&0o700 != 0o700 {
				if err := unix.Chmod(name, 0o700); err != nil {
					return &os.PathError{Op: "chmod", Path: name, Err: err}
				}
				st.Mode = 0
			}
			entries, err := os.ReadDir(name)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if err := c.tree(filepath.Join(name, e.Name())); err != nil {
					return err
				}
			}
		}
		if st.Mode&0o7777 != mode {
			if err := unix.Chmod(name, mode); err != nil {
				return &os.PathError{Op: "chmod", Path: name, Err: err}
			}
		}
	}
	times := []unix.Timespec{{Sec: 1}, {Sec: 1}}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, name, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "set times", Path: name, Err: err}
	}
	return nil
}

// dropXattrs removes what a filter or a file system did not refuse.
func dropXattrs(name string) {
	n, err := unix.Llistxattr(name, nil)
	if err != nil || n == 0 {
		return
	}
	buf := make([]byte, n)
	if n, err = unix.Llistxattr(name, buf); err != nil {
		return
	}
	for start, i := 0, 0; i < n; i++ {
		if buf[i] == 0 {
			if key := string(buf[start:i]); key != "security.selinux" {
				unix.Lremovexattr(name, key)
			}
			start = i + 1
		}
	}
}
