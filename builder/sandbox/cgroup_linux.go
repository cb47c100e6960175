//go:build linux && (amd64 || arm64)

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	return newCgroup(l, string(self), "/sys/fs/cgroup")
}

// newCgroup is NewCgroup for a process whose groups self names, in the hierarchies
// that are mounted at or below mounts.
func newCgroup(l Limits, self, mounts string) (*Cgroup, error) {
	c := &Cgroup{}
	name := fmt.Sprintf("%s%d-%d", cgroupPrefix, os.Getpid(), cgroupCounter.Add(1))
	set := func(dir string, files ...string) error {
		sweepCgroups(dir)
		dir = filepath.Join(dir, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		c.dirs = append(c.dirs, dir)
		for _, f := range files {
			file, value, _ := strings.Cut(f, "=")
			if value == "0" {
				continue // no limit
			}
			if err := writeProc(filepath.Join(dir, file), value); err != nil {
				return err
			}
		}
		return nil
	}
	processes, memory := strconv.FormatInt(max(l.Processes, 0), 10), strconv.FormatInt(max(l.Memory, 0), 10)
	_, err := os.Stat(filepath.Join(mounts, "cgroup.controllers"))
	v2 := err == nil
	for line := range strings.Lines(self) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		var err error
		switch {
		case v2 && controllers == "":
			// A group that has processes has no groups with controllers in it.
			parent := filepath.Join(mounts, filepath.Dir(path))
			if err = delegate(parent, "pids", "memory"); err == nil {
				err = set(parent, "pids.max="+processes, "memory.max="+memory)
			}
			if err == nil && l.Memory > 0 {
				// Memory that was swapped out is memory too. Not every kernel counts it.
				err = writeProc(filepath.Join(parent, name, "memory.swap.max"), "0")
				if errors.Is(err, os.ErrNotExist) {
					err = nil
				}
			}
		case v2:
		case controllers == "pids":
			err = set(filepath.Join(mounts, controllers, path), "pids.max="+processes)
		case controllers == "memory":
			err = set(filepath.Join(mounts, controllers, path), "memory.limit_in_bytes="+memory)
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

// delegate makes sure that groups below one of version 2 have controllers.
func delegate(group string, controllers ...string) error {
	file := filepath.Join(group, "cgroup.subtree_control")
	for _, c := range controllers {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if slices.Contains(strings.Fields(string(text)), c) {
			continue
		}
		if err := writeProc(file, "+"+c); err != nil {
			return fmt.Errorf("the control group '%s' does not pass on the controller '%s': %w", group, c, err)
		}
	}
	return nil
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
