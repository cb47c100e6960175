//go:build linux && (amd64 || arm64)

package sandbox

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// userNamespaces caches one namespace for each build user: making one costs a
// fork, and they hold no state. They live as long as this process.
var userNamespaces struct {
	sync.Mutex
	byMap map[idMap]*os.File
}

type idMap struct{ uid, gid, count, insideUID, insideGID uint32 }

// userNamespace returns a user namespace in which u's ids appear as uid and gid.
// Only root can make it.
func userNamespace(u User, uid, gid uint32) (*os.File, error) {
	key := idMap{u.UID, u.GID, max(u.Count, 1), uid, gid}
	userNamespaces.Lock()
	defer userNamespaces.Unlock()
	if f := userNamespaces.byMap[key]; f != nil {
		return f, nil
	}
	f, err := makeUserNamespace(key)
	if err != nil {
		return nil, fmt.Errorf("make a user namespace for uid %d: %w", u.UID, err)
	}
	if userNamespaces.byMap == nil {
		userNamespaces.byMap = map[idMap]*os.File{}
	}
	userNamespaces.byMap[key] = f
	return f, nil
}

func makeUserNamespace(m idMap) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	defer w.Close()
	// A plain fork that only holds the namespace until its maps are written.
	p := newProgram()
	p.try(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
	p.try(unix.SYS_READ, r.Fd(), p.bytes("12345678"), 1)
	p.try(unix.SYS_EXIT_GROUP, 0)
	pid, err := p.run(unix.CLONE_NEWUSER)
	if err != nil {
		return nil, err
	}
	defer func() {
		unix.Kill(pid, unix.SIGKILL)
		var ws syscall.WaitStatus
		for {
			if _, err := syscall.Wait4(pid, &ws, 0, nil); err != syscall.EINTR {
				return
			}
		}
	}()
	proc := fmt.Sprintf("/proc/%d/", pid)
	if m.count == 1 {
		if err := writeProc(proc+"setgroups", "deny"); err != nil {
			return nil, err
		}
	}
	if err := writeProc(proc+"uid_map", fmt.Sprintf("%d %d %d", m.insideUID, m.uid, m.count)); err != nil {
		return nil, err
	}
	if err := writeProc(proc+"gid_map", fmt.Sprintf("%d %d %d", m.insideGID, m.gid, m.count)); err != nil {
		return nil, err
	}
	return os.Open(proc + "ns/user")
}

func writeProc(path, data string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(data); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
