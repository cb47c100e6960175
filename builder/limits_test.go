//go:build linux && (amd64 || arm64)

package builder

import (
	"os"
	"strings"
	"testing"
	"time"

	"gonix.dev/gonix/builder/sandbox"
)

// forkBomb starts processes until it cannot, or has 300.
const forkBomb = "i=0; while [ $i -lt 300 ]; do b sleep 1000 & i=$((i+1)); done; echo $i >$out"

// TestForkBomb: a build that forks without end is ended by its own limit.
func TestForkBomb(t *testing.T) {
	w := newWorld(t)
	w.w.Settings.MaxProcesses = 60
	if os.Geteuid() == 0 {
		// The host's root is bound by nothing but control groups.
		w.w.Settings.AutoAllocateUIDs, w.w.Settings.StartID, w.w.Settings.IDCount = true, 872415232, 1<<20
	}
	w.fails(PermanentFailure, w.derivation("bomb", forkBomb, nil), "can't fork")
	w.noLeftovers()
}

// TestCgroup: with a control group also the host's root is bound, in memory too.
func TestCgroup(t *testing.T) {
	c, err := sandbox.NewCgroup(sandbox.Limits{Processes: 10, Memory: 64 << 20})
	if err != nil {
		// Not every machine lets every user have them. Builds work without.
		w := newWorld(t)
		w.w.Settings.UseCgroups = true
		w.ok(w.derivation("free", "echo 1 >$out", nil))
		if !strings.Contains(w.logged(), "builds have no control groups, although 'use-cgroups' is set: ") {
			t.Errorf("logged\n%s", w.logged())
		}
		return
	}
	c.Close()
	w := newWorld(t)
	w.w.Settings.UseCgroups, w.w.Settings.MaxProcesses, w.w.Settings.MaxMemory = true, 60, 64<<20
	w.fails(PermanentFailure, w.derivation("bomb", forkBomb, nil), "can't fork")
	// 1 GiB, which tail keeps.
	w.fails(PermanentFailure, w.derivation("memory", "b head -c 1073741824 /dev/zero | b tail -n 1 >/dev/null || exit 9", nil), "failed with exit code 9")
	w.ok(w.derivation("harmless", "echo 1 >$out", nil))
	w.noLeftovers()
}

// TestSilence: a builder's silence is measured by the clock that nobody sets.
func TestSilence(t *testing.T) {
	s := newSilence()
	if !strings.Contains(s.begin.String(), " m=+") {
		t.Errorf("%s has no monotonic part", s.begin)
	}
	time.Sleep(time.Millisecond)
	before := s.lasts()
	s.heard()
	if now := s.lasts(); before < time.Millisecond || now >= before {
		t.Errorf("silent for %s, then for %s", before, now)
	}
}
