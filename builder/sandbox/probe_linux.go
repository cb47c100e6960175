//go:build linux && (amd64 || arm64)

package sandbox

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Probe tells whether sandboxes work here, by making the smallest one. The
// answer is remembered.
func Probe() Support { return probe() }

var probe = sync.OnceValue(func() Support {
	var s Support
	try := func(flags uintptr) error {
		p := newProgram()
		if flags&unix.CLONE_NEWUSER != 0 {
			p.overwrite("/proc/self/setgroups", "deny", true)
			p.overwrite("/proc/self/uid_map", fmt.Sprintf("1000 %d 1", os.Geteuid()), false)
		}
		p.mount("make / private", "", "/", "", unix.MS_PRIVATE|unix.MS_REC, "")
		p.mount("mount a tmpfs", "none", "/tmp", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "")
		p.mount("mount a new /proc", "none", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		p.readOnly("/tmp", false)
		p.add("exit", unix.SYS_EXIT_GROUP, 0)
		pid, err := p.run(flags | unix.CLONE_VM | unix.CLONE_VFORK | unix.CLONE_NEWNS | unix.CLONE_NEWPID |
			unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWNET)
		if err == nil {
			_, err = (&Process{Pid: pid, tree: true}).Wait()
		}
		return err
	}
	userErr := try(unix.CLONE_NEWUSER)
	s.UserNamespaces = userErr == nil
	s.Namespaces, s.Err = s.UserNamespaces, userErr
	if os.Geteuid() == 0 {
		s.Err = try(0)
		s.Namespaces = s.Err == nil
	}
	return s
})
