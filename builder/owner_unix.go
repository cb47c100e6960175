//go:build unix

package builder

import (
	"os"
	"syscall"

	"gonix.dev/gonix/builder/sandbox"
)

func ownedBy(st os.FileInfo, u *sandbox.User) bool {
	s, ok := st.Sys().(*syscall.Stat_t)
	return ok && s.Uid >= u.UID && s.Uid < u.UID+max(u.Count, 1)
}
