//go:build linux && (amd64 || arm64)

package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCgroupVersions: where groups would be made, in hierarchies that are plain
// directories here.
func TestCgroupVersions(t *testing.T) {
	const mixed = "8:pids:/sub\n4:memory:/job\n0::/user.slice/session-1.scope\n"
	for _, c := range []struct {
		name  string
		files []string // NAME=CONTENTS
		self  string
		want  string // in the error
	}{
		{"version 2 without controllers", []string{"cgroup.controllers=", "user.slice/cgroup.subtree_control="}, mixed, ""},
		{"version 2, closed", []string{"cgroup.controllers=", "user.slice/cgroup.procs="}, mixed, "user.slice/cgroup.subtree_control: no such file or directory"},
		{"version 2, passed on", []string{"cgroup.controllers=", "user.slice/cgroup.subtree_control=cpu memory pids"}, mixed, "user.slice/gonix-build-"},
		{"version 1", []string{"pids/sub/tasks=", "memory/job/tasks="}, mixed, "pids/sub/gonix-build-"},
		{"version 1, not mounted", nil, mixed, "pids/sub/gonix-build-"},
		{"none", nil, "0::/\n", "there are no control groups"},
	} {
		dir := t.TempDir()
		for _, f := range c.files {
			name, text, _ := strings.Cut(f, "=")
			name = filepath.Join(dir, name)
			os.MkdirAll(filepath.Dir(name), 0o755)
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		// A plain directory has no pids.max to write to: there it ends.
		_, err := newCgroup(Limits{Processes: 10, Memory: 1 << 20}, c.self, dir)
		want := c.want
		if want == "" {
			if text, rerr := os.ReadFile(dir + "/user.slice/cgroup.subtree_control"); rerr != nil || !strings.HasPrefix(string(text), "+") {
				t.Errorf("%s: controllers are not asked for: %q %v", c.name, text, rerr)
			}
			want = "user.slice/gonix-build-"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if left, _ := filepath.Glob(dir + "/*/*/gonix-build-*"); len(left) > 0 {
			t.Errorf("%s: %q is left", c.name, left)
		}
	}
}
