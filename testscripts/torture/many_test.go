//go:build linux

package torture

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// shared is a graph of which everybody builds another part: top n needs every mid
// whose number n's bits have, and all of these the base. Each build adds its name
// to a log outside of the store, and refers to what it needs. It does so by printf, as
// echo may write the end of a line by itself, after what others have written.
const shared = `{ n, counter }:
let
  drv = name: deps: derivation {
    inherit name deps; system = builtins.currentSystem; builder = "/bin/sh";
    args = [ "-c" "printf '%s\\n' ${name} >> ${counter} || exit 1; echo $deps > $out" ];
  };
  bit = i: k: if k == 0 then i - i / 2 * 2 == 1 else bit (i / 2) (k - 1);
  mids = builtins.filter (i: bit (builtins.fromJSON n) i) [ 0 1 2 3 4 5 ];
  base = drv "base" [ ];
  mid = i: drv "mid${toString i}" [ base ];
  high = i: drv "high${toString i}" [ (mid i) (mid (if i == 0 then 5 else i - 1)) ];
in drv "top${n}" (map high mids ++ [ base ])
`

// herd runs commands at the same time and waits for all but those that it kills.
func herd(t *testing.T, commands []*exec.Cmd, kill map[int]time.Duration) []result {
	t.Helper()
	results := make([]result, len(commands))
	var wg sync.WaitGroup
	for i, c := range commands {
		wg.Go(func() {
			if after, ok := kill[i]; ok {
				results[i], _ = killAfter(c, after)
				return
			}
			results[i] = finish(c)
			if results[i].failed != nil {
				t.Errorf("%q: %v\n%s", c.Args, results[i].failed, results[i].err)
			}
		})
	}
	wg.Wait()
	return results
}

// beside runs f while others run c again and again.
func beside(t *testing.T, c func() *exec.Cmd, f func()) {
	t.Helper()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			cmd := c()
			if r := finish(cmd); r.failed != nil {
				t.Errorf("%q: %v\n%s", cmd.Args, r.failed, r.err)
			}
		}
	})
	f()
	close(stop)
	wg.Wait()
}

// counts says how often each name is in a log.
func counts(t *testing.T, log string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, name := range strings.Fields(string(text)) {
		n[name]++
	}
	return n
}

func (p *place) sharedBuild(n int, counter string) *exec.Cmd {
	return p.command("gonix-build", "shared.nix", "--argstr", "n", fmt.Sprint(n), "--argstr", "counter", counter, "-o", fmt.Sprint("top-", n))
}

// TestTortureMany: twenty processes build overlapping graphs while garbage is
// collected; each derivation is built once, and nothing is lost.
func TestTortureMany(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "max-jobs = 2")
	count := filepath.Join(p.dir, "count")
	os.Mkdir(count, 0o777)
	q := p.with("sandbox-paths = /count=" + count)
	q.write("shared.nix", shared)
	rnd := random(t)
	var commands []*exec.Cmd
	var tops []string
	for _, n := range rnd.Perm(63)[:20] {
		commands = append(commands, q.sharedBuild(n+1, "/count/log"))
		tops = append(tops, fmt.Sprint("top", n+1))
	}
	var results []result
	beside(t, func() *exec.Cmd { return q.command("gonix-store", "--gc") }, func() { results = herd(t, commands, nil) })
	n := counts(t, filepath.Join(count, "log"))
	for name, times := range n {
		if times != 1 {
			t.Errorf("%s was built %d times", name, times)
		}
	}
	var printed []string
	for i, r := range results {
		if n[tops[i]] != 1 {
			t.Errorf("%s was built %d times", tops[i], n[tops[i]])
		}
		printed = append(printed, strings.Fields(r.out)...)
	}
	p.intact(printed...)
	p.swept()
	p.intact(printed...)
}

// TestTortureTakeOver: of several processes that build the same graph some are
// killed; the others finish it.
func TestTortureTakeOver(t *testing.T) {
	t.Parallel()
	rnd := random(t)
	rounds(t, 3, func(int) {
		p := newPlace(t, "max-jobs = 2")
		count := filepath.Join(p.dir, "count")
		os.Mkdir(count, 0o777)
		q := p.with("sandbox-paths = /count=" + count)
		q.write("shared.nix", shared)
		var commands []*exec.Cmd
		for i := range 6 {
			c := q.sharedBuild(63, "/count/log")
			c.Args[len(c.Args)-1] = fmt.Sprint("top-", i)
			commands = append(commands, c)
		}
		kill := map[int]time.Duration{}
		for i := range 3 {
			kill[i] = time.Duration(100+rnd.IntN(500)) * time.Millisecond
		}
		results := herd(t, commands, kill)
		// Whoever is killed may have been building two.
		again := 0
		for _, times := range counts(t, filepath.Join(count, "log")) {
			again += times - 1
		}
		if again > 2*len(kill) {
			t.Errorf("%d builds too many", again)
		}
		p.intact(strings.Fields(results[5].out)...)
		p.swept()
	})
}

// TestTortureNix: gonix and the real Nix build one graph in one store at the same
// time, and both collect garbage.
func TestTortureNix(t *testing.T) {
	t.Parallel()
	nix, err := exec.LookPath("nix-build")
	if err != nil {
		if os.Getenv("GONIX_CI") == "1" {
			t.Fatal("CI lacks nix")
		}
		t.Skip("no real Nix here")
	}
	p := newPlace(t, "sandbox = false", "substituters =", "max-jobs = 2")
	p.vars = map[string]string{"NIX_STORE_DIR": p.dir + "/store", "NIX_STATE_DIR": p.dir + "/state", "NIX_LOG_DIR": p.dir + "/log", "NIX_REMOTE": "local"}
	p.write("shared.nix", shared)
	counter := filepath.Join(p.dir, "log.txt")
	byNix := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(nix), args[0]), args[1:]...)
		c.Dir, c.Env = p.dir, p.environ()
		return c
	}
	// Made before, so that they do not both find that there is no database.
	p.ok("gonix-store", "--gc")
	both := func(numbers ...int) (commands []*exec.Cmd) {
		for _, n := range numbers {
			ours, c := p.sharedBuild(n, counter), p.sharedBuild(n, counter)
			commands = append(commands, ours, byNix(append([]string{"nix-build", "-o", fmt.Sprint("nix-", n)}, c.Args[1:len(c.Args)-2]...)...))
		}
		return commands
	}
	var done []string
	build := func(commands []*exec.Cmd) {
		for i, r := range herd(t, commands, nil) {
			if i%2 == 0 {
				done = append(done, strings.Fields(r.out)...)
			}
		}
	}
	collect := func() *exec.Cmd { return p.command("gonix-store", "--gc") }
	nixCollect := func() *exec.Cmd { return byNix("nix-store", "--gc") }
	beside(t, collect, func() { build(both(60, 61, 62, 63)) })
	for name, times := range counts(t, counter) {
		if times != 1 {
			t.Errorf("%s was built %d times", name, times)
		}
	}
	// Nix's collector looks for temporary roots last, and does not see what a nix-build
	// has made that ends just before. Somebody else may have to build that again.
	beside(t, collect, func() { beside(t, nixCollect, func() { build(both(56, 57, 58, 59)) }) })
	p.ok(append([]string{"gonix-store", "--check-validity"}, done...)...)
	for _, c := range []*exec.Cmd{p.command("gonix-store", "--verify", "--check-contents"), byNix("nix-store", "--verify", "--check-contents")} {
		if r := finish(c); r.failed != nil || strings.Contains(r.err, "error") || strings.Contains(r.err, "was modified") {
			t.Errorf("%q: %v\n%s", c.Args, r.failed, r.err)
		}
	}
}
