package cmd

import (
	"fmt"
	"os"
	"os/user"
	"strings"

	"gonix.dev/gonix/settings"
)

// buildUsers says as whom root's builds run: as the members of a group, or, with
// allocate, as user ids that nobody has, where there are such. A machine whose group
// of build users was never set up still builds in sandboxes: there only a group that
// somebody asked for must exist. Without one, the group's right to the store directory
// is needed.
func buildUsers(s *settings.Settings) (group string, allocate bool) {
	group = s.String("build-users-group")
	if s.Bool("auto-allocate-uids") {
		return group, true
	}
	if os.Geteuid() != 0 || s.String("sandbox") == "false" || !s.IsDefault("build-users-group") || groupExists(group) {
		return group, false
	}
	first, count := s.Size("start-id"), s.Size("id-count")
	return "", hasIDs("/proc/self/uid_map", first, count) && hasIDs("/proc/self/gid_map", first, count)
}

// hasIDs says whether ids exist here. Root of a user namespace may have few besides
// its own.
func hasIDs(mapFile string, first, count uint64) bool {
	text, err := os.ReadFile(mapFile)
	return err != nil || mapsIDs(string(text), first, count)
}

// mapsIDs says whether a line of a namespace's map has all the ids.
func mapsIDs(text string, first, count uint64) bool {
	for line := range strings.Lines(text) {
		var inside, outside, n uint64
		if _, err := fmt.Sscan(line, &inside, &outside, &n); err == nil && inside <= first && first+count <= inside+n {
			return true
		}
	}
	return false
}

func groupExists(name string) bool {
	_, err := user.LookupGroup(name)
	return err == nil
}

func lookAtBuildUsers(s *settings.Settings) checkup {
	if os.Geteuid() != 0 {
		return checkup{"ok", "builds run as you", ""}
	}
	group, allocate := buildUsers(s)
	switch {
	case allocate && s.Bool("auto-allocate-uids"):
		return checkup{"ok", "builds of root run as automatically allocated users", ""}
	case allocate:
		return checkup{"ok", fmt.Sprintf("builds of root run as automatically allocated users, as there is no group '%s'", s.String("build-users-group")), ""}
	case group == "":
		return checkup{"note", "builds of root run as root", "Set 'build-users-group' to a group with users for builds."}
	case !groupExists(group):
		return checkup{"bad", fmt.Sprintf("the group '%s' specified in 'build-users-group' does not exist", group),
			"groupadd -r " + group + " && for i in 1 2 3 4; do useradd -r -g " + group + " -G " + group + " -s /usr/sbin/nologin " + group + "$i; done"}
	}
	return checkup{"ok", "builds of root run as the users of group " + group, ""}
}
