//go:build linux

package torture

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/local"
)

// deed is something that gonix does and that may be interrupted. n is new in each
// round, so that there is always something to do.
type deed struct {
	name    string
	prepare func(p *place, n int)
	args    func(p *place, n int) []string
	input   func(p *place, n int) []byte
	// rooted says that what is printed is held by a root from then on.
	rooted bool
	// check looks for damage beyond the store's.
	check func(p *place, n int)
}

// killer interrupts deeds.
type killer struct {
	p        *place
	rnd      *rand.Rand
	usual    map[string]time.Duration // how long a deed takes undisturbed
	reported []string
	n, kills int
}

// once does a deed, kills it somewhere, looks what is left, and does it again.
func (k *killer) once(d *deed) {
	p := k.p
	k.n++
	if d.prepare != nil {
		d.prepare(p, k.n)
	}
	if k.usual[d.name] == 0 {
		k.usual[d.name] = k.again(d)
		k.once(d)
		return
	}
	after := time.Duration(k.rnd.Int64N(int64(k.usual[d.name])))
	r, killed := killAfter(k.command(d), after)
	if killed {
		k.kills++
	} else if r.failed != nil {
		p.t.Errorf("%s failed: %v\n%s", d.name, r.failed, r.err)
	}
	k.keep(d, r.out)
	p.intact(k.reported...)
	if d.check != nil {
		d.check(p, k.n)
	}
	if p.t.Failed() {
		p.t.Fatalf("%s was killed after %v", d.name, after)
	}
	k.again(d)
}

func (k *killer) command(d *deed) *exec.Cmd {
	c := k.p.command(d.args(k.p, k.n)...)
	if d.input != nil {
		c.Stdin = bytes.NewReader(d.input(k.p, k.n))
	}
	return c
}

func (k *killer) again(d *deed) time.Duration {
	start := time.Now()
	r := finish(k.command(d))
	if r.failed != nil {
		k.p.t.Fatalf("%s, again: %v\n%s", d.name, r.failed, r.err)
	}
	k.keep(d, r.out)
	return time.Since(start)
}

// keep remembers the paths that were printed in whole lines.
func (k *killer) keep(d *deed, out string) {
	for line := range strings.Lines(out) {
		if d.rooted && strings.HasSuffix(line, "\n") {
			k.reported = append(k.reported, strings.TrimSpace(line))
		}
	}
}

// killAfter runs a process and kills it, nothing else, after some time.
func killAfter(c *exec.Cmd, after time.Duration) (r result, killed bool) {
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Start(); err != nil {
		return result{failed: err}, false
	}
	timer := time.AfterFunc(after, func() { c.Process.Kill() })
	err := c.Wait()
	killed = !timer.Stop() && c.ProcessState.String() == "signal: killed"
	return result{out.String(), errs.String(), err}, killed
}

// crash does deeds in random order and kills them.
func crash(t *testing.T, p *place, n int, deeds ...deed) {
	k := &killer{p: p, rnd: random(t), usual: map[string]time.Duration{}}
	rounds(t, n, func(i int) {
		k.once(&deeds[i%len(deeds)])
		if i%16 == 15 {
			p.swept()
		}
	})
	p.swept()
	p.intact(k.reported...)
	t.Logf("%d kills", k.kills)
}

// graph is an expression with a chain and a fan, of which every derivation is new
// for each salt.
const graph = `{ salt }:
let
  drv = name: script: deps: derivation {
    name = "${name}-${salt}"; system = builtins.currentSystem; builder = "/bin/sh"; inherit deps;
    args = [ "-c" "mkdir $out; for d in $deps; do cat $d/log >> $out/log; done; echo ${name} ${salt} >> $out/log; ${script}" ];
  };
  base = drv "base" "ln -s $out $out/self" [ ];
  fan = map (n: drv "fan${n}" "chmod 755 $out/log" [ base ]) [ "1" "2" "3" "4" ];
in drv "top" "mkdir $out/a; echo ${salt} > $out/a/b" (fan ++ [ base ./graph.nix ])
`

func (p *place) write(name, text string) string {
	name = filepath.Join(p.dir, name)
	os.MkdirAll(filepath.Dir(name), 0o755)
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return name
}

// builds makes a graph and returns the path of its top.
func (p *place) builds(n int) string {
	p.write("graph.nix", graph)
	return p.ok("gonix-build", "graph.nix", "--argstr", "salt", fmt.Sprint(n), "-o", fmt.Sprint("result-", n), "--quiet", "--quiet")[0]
}

func TestCrashBuild(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "max-jobs = 2", "fsync-store-paths = true", "fsync-metadata = true")
	p.write("graph.nix", graph)
	crash(t, p, 10, deed{
		name:   "build",
		rooted: true,
		args: func(_ *place, n int) []string {
			return []string{"gonix-build", "graph.nix", "--argstr", "salt", fmt.Sprint(n), "-o", fmt.Sprint("result-", n)}
		},
	}, deed{
		name:   "build without links",
		rooted: false,
		args: func(_ *place, n int) []string {
			return []string{"gonix", "build", "-f", "graph.nix", "--argstr", "salt", fmt.Sprint(n), "--no-link", "--print-out-paths"}
		},
	})
}

func TestCrashStore(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	kept := p.builds(0)
	var export, dump []byte
	crash(t, p, 18, deed{
		name:    "add",
		prepare: func(p *place, n int) { tree(p, n) },
		args:    func(p *place, n int) []string { return []string{"gonix-store", "--add", fmt.Sprint("tree-", n)} },
	}, deed{
		name: "gc",
		prepare: func(p *place, n int) {
			for i := range 3 {
				tree(p, 1000*n+i)
				p.ok("gonix-store", "--add", fmt.Sprint("tree-", 1000*n+i))
			}
		},
		args:  func(*place, int) []string { return []string{"gonix-store", "--gc"} },
		check: func(p *place, _ int) { p.intact(kept) },
	}, deed{
		name: "optimise",
		prepare: func(p *place, n int) {
			tree(p, n)
			p.ok("gonix-store", "--add", fmt.Sprint("tree-", n))
		},
		args: func(*place, int) []string { return []string{"gonix-store", "--optimise"} },
	}, deed{
		name: "import",
		prepare: func(p *place, n int) {
			top := p.builds(n)
			paths := p.ok("gonix-store", "--query", "--requisites", top)
			export = []byte(p.run(append([]string{"gonix-store", "--export"}, paths...)...).out)
			os.Remove(filepath.Join(p.dir, fmt.Sprint("result-", n)))
			p.ok("gonix-store", "--gc", "--quiet", "--quiet")
		},
		args:  func(*place, int) []string { return []string{"gonix-store", "--import"} },
		input: func(*place, int) []byte { return export },
	}, deed{
		name: "load-db",
		prepare: func(p *place, n int) {
			dump = []byte(p.run("gonix-store", "--dump-db").out)
			for _, f := range []string{"db.sqlite", "db.sqlite-wal", "db.sqlite-shm", "schema"} {
				os.Remove(filepath.Join(p.stateDir(), "db", f))
			}
		},
		args:  func(*place, int) []string { return []string{"gonix-store", "--load-db"} },
		input: func(*place, int) []byte { return dump },
	}, deed{
		name:    "delete",
		prepare: func(p *place, n int) { tree(p, n); p.ok("gonix-store", "--add", fmt.Sprint("tree-", n)) },
		args: func(p *place, n int) []string {
			return []string{"gonix-store", "--delete", p.pathOf(fmt.Sprint("tree-", n)), "--quiet"}
		},
	})
}

// tree makes a directory with equal and unequal files.
func tree(p *place, n int) {
	for i := range 20 {
		p.write(fmt.Sprintf("tree-%d/d%d/equal", n, i), "the same everywhere\n")
		p.write(fmt.Sprintf("tree-%d/d%d/own", n, i), fmt.Sprintln(n, i, strings.Repeat("x", 5000)))
	}
}

// pathOf is the store path that adding a file would make.
func (p *place) pathOf(name string) string {
	s := p.open(nil)
	defer s.Close()
	h, err := local.HashObject(filepath.Join(p.dir, name), store.Recursive, hash.SHA256, "")
	if err != nil {
		p.t.Fatal(err)
	}
	path, err := s.StoreDir().FixedOutputPath(filepath.Base(name), store.Recursive, h, nil, false)
	if err != nil {
		p.t.Fatal(err)
	}
	return s.StoreDir().Format(path)
}

func TestCrashCopy(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "require-sigs = false")
	p.write("graph.nix", graph)
	other := filepath.Join(p.dir, "other")
	from := *p
	from.root = other
	cacheURI := "file://" + filepath.Join(p.dir, "cache")
	tops := map[int]string{}
	crash(t, p, 9, deed{
		name:    "to a cache",
		prepare: func(p *place, n int) { tops[n] = p.builds(n) },
		args:    func(_ *place, n int) []string { return []string{"gonix", "copy", "--to", cacheURI, tops[n]} },
		check:   func(p *place, _ int) { wholeCache(p, cacheURI) },
	}, deed{
		name: "from a cache",
		prepare: func(p *place, n int) {
			tops[n] = from.builds(n)
			from.ok("gonix", "copy", "--to", cacheURI, tops[n])
		},
		args: func(_ *place, n int) []string {
			return []string{"gonix-store", "--realise", tops[n], "--add-root", fmt.Sprint("got-", n),
				"--option", "substitute", "true", "--option", "substituters", cacheURI, "--option", "require-sigs", "false"}
		},
		check: func(p *place, n int) {
			// The link is printed, and what it leads to is valid.
			if to, err := os.Readlink(filepath.Join(p.dir, fmt.Sprint("got-", n))); err == nil {
				p.intact(to)
			}
		},
	}, deed{
		name:    "between stores",
		prepare: func(p *place, n int) { tops[n] = p.builds(n) },
		args: func(_ *place, n int) []string {
			return []string{"gonix", "copy", "--no-check-sigs", "--to", "local?root=" + other, tops[n]}
		},
		check: func(*place, int) { from.intact() },
	})
	from.swept()
	left, _ := filepath.Glob(filepath.Join(p.dir, "cache/nar/.*"))
	more, _ := filepath.Glob(filepath.Join(p.dir, "cache/.*"))
	for _, f := range append(left, more...) {
		t.Errorf("left in the cache: %s", f)
	}
}

// wholeCache reads every archive that the cache says it has, and looks that what
// it refers to is there as well.
func wholeCache(p *place, uri string) {
	p.t.Helper()
	names, _ := filepath.Glob(filepath.Join(strings.TrimPrefix(uri, "file://"), "*.narinfo"))
	if len(names) == 0 {
		return
	}
	c, err := cache.Open(uri, cache.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			p.t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "StorePath: ")
		name, _, _ := strings.Cut(rest, "\n")
		path, err := store.DefaultDir.Parse(name)
		if err != nil {
			p.t.Fatalf("%s: %v", n, err)
		}
		info, err := c.QueryPathInfo(p.t.Context(), path)
		if err != nil {
			p.t.Errorf("%s: %v", n, err)
			continue
		}
		if err := c.NarFromPath(p.t.Context(), path, &bytes.Buffer{}); err != nil {
			p.t.Errorf("%s: %v", n, err)
		}
		for _, r := range info.References {
			if _, err := c.QueryPathInfo(p.t.Context(), r); err != nil {
				p.t.Errorf("%s is in the cache without %s: %v", path, r, err)
			}
		}
	}
}

func TestCrashProfile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.builds(0)
	p.write("env.nix", `{ a = import ./graph.nix { salt = "0"; }; b = import ./graph.nix { salt = "1"; }; }`)
	install := func(attr string) []string {
		return []string{"gonix-env", "-p", filepath.Join(p.dir, "profiles/profile"), "-f", filepath.Join(p.dir, "env.nix"), "-iA", attr}
	}
	profile := filepath.Join(p.dir, "profiles/profile")
	os.MkdirAll(filepath.Dir(profile), 0o755)
	whole := func(p *place, _ int) {
		gens, current, err := local.Generations(profile)
		if err != nil {
			p.t.Fatal(err)
		}
		found := current == 0 && len(gens) == 0
		for _, g := range gens {
			target, err := os.Readlink(g.Path)
			if err != nil {
				p.t.Error(err)
			}
			p.intact(target)
			found = found || g.Number == current
		}
		if !found {
			p.t.Errorf("the profile's current generation %d is none of %v", current, gens)
		}
	}
	crash(t, p, 8, deed{
		name: "install",
		args: func(_ *place, n int) []string {
			return install([]string{"a", "b"}[n%2])
		},
		check: whole,
	}, deed{
		name: "install the other",
		args: func(_ *place, n int) []string {
			return install([]string{"b", "a"}[n%2])
		},
		check: whole,
	}, deed{
		name: "rollback",
		prepare: func(p *place, n int) {
			for _, x := range []string{"a", "b", "a"} {
				p.ok(install(x)...)
			}
		},
		args:  func(*place, int) []string { return []string{"gonix-env", "-p", profile, "--rollback"} },
		check: whole,
	}, deed{
		name:  "delete-generations",
		args:  func(*place, int) []string { return []string{"gonix-env", "-p", profile, "--delete-generations", "old"} },
		check: whole,
	})
	for _, e := range readDir(t, filepath.Dir(profile)) {
		if strings.Contains(e, ".tmp-") {
			t.Errorf("left beside the profile: %s", e)
		}
	}
}
