package cache

import (
	"context"
	"encoding/json"
	"regexp"

	"gonix.dev/gonix/store/nar"
)

// buildIDs is where packages keep debug information by the build id of programs.
const buildIDs = "lib/debug/.build-id"

var (
	buildIDDir  = regexp.MustCompile(`^[0-9a-f]{2}$`)
	buildIDFile = regexp.MustCompile(`^[0-9a-f]{38}\.debug$`)
)

// indexDebugInfo writes `debuginfo/<build id>.debug` for each build id in a tree:
// which archive has its debug information, and where in it.
func (c *Cache) indexDebugInfo(ctx context.Context, tree *nar.Listing, url string) error {
	root := tree.Find(buildIDs)
	if root == nil || root.Type != nar.Directory {
		return nil
	}
	for _, dir := range root.Names() {
		below := root.Entries[dir]
		if below.Type != nar.Directory || !buildIDDir.MatchString(dir) {
			continue
		}
		for _, file := range below.Names() {
			if below.Entries[file].Type != nar.Regular || !buildIDFile.MatchString(file) {
				continue
			}
			name := "debuginfo/" + dir + file
			if have, err := c.back.exists(ctx, name); err != nil {
				return err
			} else if have {
				continue
			}
			data, err := json.Marshal(map[string]string{"archive": "../" + url, "member": buildIDs + "/" + dir + "/" + file})
			if err != nil {
				return err
			}
			if err := c.putSmall(ctx, name, data, "application/json", ""); err != nil {
				return err
			}
		}
	}
	return nil
}
