//go:build unix

package builder

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"gonix.dev/gonix/builder/sandbox"
)

// userLock is a build user, or a range of ids, that no other build uses.
type userLock struct {
	sandbox.User
	file *os.File
}

func (l *userLock) release() {
	if l != nil {
		l.file.Close()
	}
}

// idsPerBuild is how many ids a slot of automatically allocated ones has.
const idsPerBuild = 65536

// acquireUser returns a free build user; nil if all are busy. Locks are those of
// Nix, so that both can use the same users.
func (w *Worker) acquireUser(count uint32) (*userLock, error) {
	s := &w.Settings
	if s.AutoAllocateUIDs {
		dir := filepath.Join(w.Store.StateDir(), "userpool2")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		for i := uint32(0); i < s.IDCount/idsPerBuild; i++ {
			f, err := lockFile(filepath.Join(dir, fmt.Sprintf("slot-%d", i)))
			if err != nil {
				return nil, err
			}
			if f != nil {
				id := s.StartID + i*idsPerBuild
				return &userLock{sandbox.User{UID: id, GID: id, Count: count}, f}, nil
			}
		}
		return nil, nil
	}
	if w.users == nil {
		users, err := groupMembers(s.BuildUsersGroup)
		if err != nil {
			return nil, err
		}
		w.users = users
	}
	dir := filepath.Join(w.Store.StateDir(), "userpool")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, u := range w.users {
		f, err := lockFile(filepath.Join(dir, strconv.Itoa(int(u.UID))))
		if err != nil {
			return nil, err
		}
		if f != nil {
			return &userLock{u, f}, nil
		}
	}
	return nil, nil
}

// groupMembers looks up the users of the build users' group.
func groupMembers(group string) ([]sandbox.User, error) {
	g, err := user.LookupGroup(group)
	if err != nil {
		return nil, fmt.Errorf("the group '%s' specified in 'build-users-group' does not exist", group)
	}
	gid, err := strconv.ParseUint(g.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile("/etc/group")
	if err != nil {
		return nil, err
	}
	var users []sandbox.User
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) != 4 || fields[0] != group {
			continue
		}
		for _, name := range strings.Split(fields[3], ",") {
			if name == "" {
				continue
			}
			u, err := user.Lookup(name)
			if err != nil {
				return nil, fmt.Errorf("the user '%s' in the group '%s' does not exist", name, group)
			}
			uid, err := strconv.ParseUint(u.Uid, 10, 32)
			if err != nil {
				return nil, err
			}
			if int(uid) == os.Getuid() {
				return nil, fmt.Errorf("the Nix user should not be a member of '%s'", group)
			}
			users = append(users, sandbox.User{UID: uint32(uid), GID: uint32(gid)})
		}
	}
	if len(users) == 0 {
		return nil, fmt.Errorf("the build users group '%s' has no members", group)
	}
	return users, nil
}
