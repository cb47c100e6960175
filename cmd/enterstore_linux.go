package cmd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// enterStoreVerb is how gonix calls itself to enter a store.
const enterStoreVerb = "__enter-store"

// enterStore runs a program in a mount namespace in which the store that lies in
// real is at dir.
func enterStore(env *Env, dir, real string, x entry) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find gonix itself: %w", err)
	}
	root, err := os.MkdirTemp("", "gonix-root-")
	if err != nil {
		return err
	}
	defer os.Remove(root) // nothing is left in it when its namespace is gone
	c := exec.Command(self, append([]string{enterStoreVerb, root, dir, real, env.Dir, x.program}, x.argv...)...)
	c.Env = x.environ
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 {
		c.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
		c.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT}
	}
	return env.runChild(c)
}

// runEnterStore is the other half: it is in the namespace already.
func runEnterStore(env *Env, args []string) error {
	if len(args) < 6 {
		return usageErrorf("%s is for gonix itself", enterStoreVerb)
	}
	root, dir, real, cwd, program, argv := args[0], args[1], args[2], args[3], args[4], args[5:]
	runtime.LockOSThread()
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if _, err := os.Stat(dir); err != nil {
		if err := mirrorRoot(root, dir); err != nil {
			return err
		}
		dir = filepath.Join(root, dir)
	} else {
		root = ""
	}
	if err := unix.Mount(real, dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount store '%s' on '%s': %w", real, dir, err)
	}
	if root != "" {
		if err := unix.Chroot(root); err != nil {
			return fmt.Errorf("enter '%s': %w", root, err)
		}
	}
	if err := unix.Chdir(cwd); err != nil {
		return fmt.Errorf("enter '%s': %w", cwd, err)
	}
	if os.Geteuid() != 0 {
		if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
			return err
		}
	}
	return env.become(entry{program, argv, env.Environ})
}

// mirrorRoot makes a root that has everything the present one has, and the
// directory dir.
func mirrorRoot(root, dir string) error {
	if err := unix.Mount("none", root, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount a new root: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
		return err
	}
	for parent := dir; parent != "/"; {
		parent = filepath.Dir(parent)
		entries, err := os.ReadDir(parent)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			source := filepath.Join(parent, e.Name())
			if strings.HasPrefix(dir+"/", source+"/") {
				continue // made above
			}
			if err := mirror(source, filepath.Join(root, source), e); err != nil {
				return fmt.Errorf("mirror '%s': %w", source, err)
			}
		}
	}
	return nil
}

func mirror(source, target string, e os.DirEntry) error {
	if e.Type()&os.ModeSymlink != 0 {
		to, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return os.Symlink(to, target)
	}
	if e.IsDir() {
		if err := os.Mkdir(target, 0o755); err != nil {
			return err
		}
	} else if err := os.WriteFile(target, nil, 0o644); err != nil {
		return err
	}
	return unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, "")
}
