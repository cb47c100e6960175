//go:build linux && (amd64 || arm64)

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Limits bound what a process tree may have. 0 is no limit.
type Limits struct {
	Processes int64 // threads included
	Memory    int64 // bytes
}

// Cgroup is a control group for one process tree: one directory with version 2,
// one for each controller with version 1.
type Cgroup struct {
	dirs []string
}

// cgroupPrefix begins the names of our groups; the process that made it follows.
const cgroupPrefix = "gonix-build-"

var cgroupCounter atomic.Int64

// NewCgroup makes a group beside that of this process, or below it where version
// 1 lets us, which takes that this directory belongs to us.
func NewCgroup(l Limits) (*Cgroup, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	c := &Cgroup{}
	name := fmt.Sprintf("%s%d-%d", cgroupPrefix, os.Getpid(), cgroupCounter.Add(1))
	set := func(dir string, files map[string]int64) error {
		sweepCgroups(dir)
		dir = filepath.Join(dir, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		c.dirs = append(c.dirs, dir)
		for file, n := range files {
			if n <= 0 {
				continue
			}
			if err := writeProc(filepath.Join(dir, file), strconv.FormatInt(n, 10)); err != nil {
				return err
			}
		}
		return nil
	}
	const mounts = "/sys/fs/cgroup"
	for line := range strings.Lines(string(text)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		var err error
		switch _, v2 := os.Stat(mounts + "/cgroup.controllers"); {
		case controllers == "" && v2 == nil:
			// A group that has processes has no groups with controllers in it.
			err = set(filepath.Join(mounts, filepath.Dir(path)), map[string]int64{"pids.max": l.Processes, "memory.max": l.Memory, "memory.swap.max": 0})
		case controllers == "pids":
			err = set(filepath.Join(mounts, controllers, path), map[string]int64{"pids.max": l.Processes})
		case controllers == "memory":
			err = set(filepath.Join(mounts, controllers, path), map[string]int64{"memory.limit_in_bytes": l.Memory})
		}
		if err != nil {
			c.Close()
			return nil, err
		}
	}
	if len(c.dirs) == 0 {
		return nil, errors.New("there are no control groups for processes and memory")
	}
	return c, nil
}

// Close removes the group, whose processes have ended. It may take the kernel a
// moment to see that.
func (c *Cgroup) Close() {
	if c == nil {
		return
	}
	for _, d := range c.dirs {
		for range 100 {
			if unix.Rmdir(d) != unix.EBUSY {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// sweepCgroups removes empty groups of processes that have died.
func sweepCgroups(dir string) {
	old, _ := filepath.Glob(filepath.Join(dir, cgroupPrefix+"*"))
	for _, d := range old {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(d), cgroupPrefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && n > 0 && unix.Kill(n, 0) == unix.ESRCH {
			unix.Rmdir(d)
		}
	}
}
