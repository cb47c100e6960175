package cmd

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// makeWritable starts this command over in a mount namespace of its own, in which
// the store directory can be written. NixOS mounts it read-only for everybody, and
// that is what it is to stay for everybody else.
func makeWritable(env *Env, dir string) error {
	if env.Exec == nil {
		return errors.New("the process cannot be replaced")
	}
	// The namespace is this thread's, and becomes the process's by exec. If that
	// fails the thread must not serve anybody else: it stays locked.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("leave the mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_SLAVE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("separate mounts: %w", err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return err
	}
	keep := uintptr(fs.Flags) & (unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|keep, ""); err != nil {
		return fmt.Errorf("remount: %w", err)
	}
	if err := unix.Statfs(dir, &fs); err != nil {
		return err
	}
	if fs.Flags&unix.ST_RDONLY != 0 {
		return errors.New("the disk itself is read-only")
	}
	return env.Exec("/proc/self/exe", env.Args, env.Environ)
}
