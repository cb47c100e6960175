//go:build linux

package torture

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gonix.dev/gonix/builder/sandbox"
	"gonix.dev/gonix/cmd"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// program is gonix, a copy of the test binary under its own name: as *.test it
// would not offer itself as /bin/sh of a sandbox.
var program string

func TestMain(m *testing.M) {
	switch name := filepath.Base(os.Args[0]); {
	case name == "hostile":
		os.Exit(hostile(os.Args[1:]))
	case name == "room":
		os.Exit(room(os.Args[1:]))
	case name == "limited":
		os.Exit(limited(os.Args[1:]))
	case !strings.HasSuffix(name, ".test"):
		os.Exit(cmd.Main())
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "gonix-torture-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o755) // build users run it too
	program = filepath.Join(dir, "gonix")
	if os.Link(self, program) != nil {
		if err := copyFile(program, self); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// place is where gonix processes work: a home, a store, a build directory.
type place struct {
	t    testing.TB
	dir  string
	root string // of the chroot store
	tmp  string // where builds have their directories
	conf []string
	vars map[string]string
}

// needNamespaces leaves a test out where there are none, which in CI is a failure.
func needNamespaces(t testing.TB) {
	t.Helper()
	if !sandbox.Probe().Namespaces {
		if os.Getenv("GONIX_CI") == "1" {
			t.Fatal("CI lacks namespaces")
		}
		t.Skip("no namespaces here")
	}
}

func newPlace(t testing.TB, conf ...string) *place {
	t.Helper()
	needNamespaces(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { local.RemoveTree(dir) })
	return placeIn(t, dir, conf...)
}

func placeIn(t testing.TB, dir string, conf ...string) *place {
	t.Helper()
	p := &place{t: t, dir: dir, root: filepath.Join(dir, "root"), tmp: filepath.Join(dir, "builds"), conf: conf, vars: map[string]string{}}
	for _, d := range []string{p.tmp, filepath.Join(dir, "home")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// with is the same place with another setting.
func (p *place) with(conf ...string) *place {
	q := *p
	q.conf = append(append([]string(nil), p.conf...), conf...)
	return &q
}

func (p *place) environ() []string {
	home := filepath.Join(p.dir, "home")
	conf := append([]string{"substitute = false", "build-dir = " + p.tmp, "build-users-group =", "experimental-features = nix-command",
		// What is in the page cache survives a kill.
		"fsync-store-paths = false", "fsync-metadata = false"}, p.conf...)
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "USER=" + os.Getenv("USER"),
		"XDG_CACHE_HOME=" + home + "/cache", "XDG_CONFIG_HOME=" + home + "/config",
		"XDG_DATA_HOME=" + home + "/data", "XDG_STATE_HOME=" + home + "/state",
		"NIX_CONF_DIR=" + home + "/etc", "NIX_PATH=", "LC_ALL=C.UTF-8", "TERM=dumb", "TMPDIR=" + p.tmp,
		"NIX_REMOTE=local?root=" + p.root, "NIX_CONFIG=" + strings.Join(conf, "\n"),
	}
	for k, v := range p.vars {
		env = append(env, k+"="+v)
	}
	return env
}

// command is a gonix process to be: args[0] is the name it is called by.
func (p *place) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(p.t.Context(), program, args[1:]...)
	c.Args[0] = args[0]
	c.Dir = p.dir
	c.Env = p.environ()
	c.WaitDelay = 10 * time.Second
	return c
}

// result is how a process ended.
type result struct {
	out, err string
	failed   error
}

func (p *place) run(args ...string) result { return finish(p.command(args...)) }

func finish(c *exec.Cmd) result {
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	return result{out.String(), errs.String(), err}
}

// ok runs a command that must succeed and returns its output's lines.
func (p *place) ok(args ...string) []string {
	p.t.Helper()
	return p.must(p.run(args...), args)
}

func (p *place) must(r result, args []string) []string {
	p.t.Helper()
	if r.failed != nil {
		p.t.Fatalf("%q: %v\n%s%s", args, r.failed, r.out, r.err)
	}
	return strings.Fields(r.out)
}

// fails runs a command that must fail in an orderly way, with want in its error.
func (p *place) fails(want string, args ...string) string {
	p.t.Helper()
	r := p.run(args...)
	if r.failed == nil {
		p.t.Fatalf("%q succeeded\n%s%s", args, r.out, r.err)
	}
	p.orderly(r, args)
	if !strings.Contains(r.err, want) {
		p.t.Errorf("%q: want %q in\n%s", args, want, r.err)
	}
	return r.err
}

func (p *place) orderly(r result, args []string) {
	p.t.Helper()
	if !strings.Contains(r.err, "error:") || strings.Contains(r.err, "goroutine ") || strings.Contains(r.err, "internal error") {
		p.t.Errorf("%q: %v without a clear error:\n%s", args, r.failed, r.err)
	}
}

func (p *place) storeDir() string { return filepath.Join(p.root, "nix/store") }
func (p *place) stateDir() string { return filepath.Join(p.root, "nix/var/nix") }

// real is where a printed store path is on disk.
func (p *place) real(path string) string { return filepath.Join(p.root, path) }

// open opens the store in this process.
func (p *place) open(log func(local.Level, string)) *local.Store {
	p.t.Helper()
	s, err := local.Open(p.t.Context(), local.Settings{Root: p.root, NoSync: true, Log: log})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// intact looks at the store as it is: the database, every valid path's contents,
// and that what was reported done is there.
func (p *place) intact(reported ...string) {
	p.t.Helper()
	if _, err := os.Lstat(filepath.Join(p.stateDir(), "db/db.sqlite")); err != nil {
		if len(reported) > 0 {
			p.t.Errorf("there is no database: %v", err)
		}
		return // killed before it was made
	}
	p.soundDatabase()
	var log []string
	s := p.open(func(l local.Level, m string) {
		if l <= local.Warn {
			log = append(log, m)
		}
	})
	defer s.Close()
	damaged, err := s.Verify(p.t.Context(), local.VerifyOptions{CheckContents: true})
	if err != nil || damaged || len(log) > 0 {
		p.t.Errorf("verify: damaged %v, error %v\n%s", damaged, err, strings.Join(log, "\n"))
	}
	for _, r := range reported {
		path, err := s.StoreDir().Parse(r)
		if err != nil {
			p.t.Errorf("%q was printed: %v", r, err)
			continue
		}
		if valid, err := s.IsValid(p.t.Context(), path); !valid {
			p.t.Errorf("%s was reported done and is not valid: %v", r, err)
		}
	}
}

func (p *place) soundDatabase() {
	p.t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(p.stateDir(), "db/db.sqlite"), sqlite.OpenReadWrite)
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	conn.SetBusyTimeout(time.Minute)
	for _, pragma := range []string{"pragma integrity_check", "pragma foreign_key_check"} {
		err := sqlitex.ExecuteTransient(conn, pragma, &sqlitex.ExecOptions{ResultFunc: func(st *sqlite.Stmt) error {
			if v := st.ColumnText(0); v != "ok" {
				p.t.Errorf("%s: %s", pragma, v)
			}
			return nil
		}})
		if err != nil {
			p.t.Errorf("%s: %v", pragma, err)
		}
	}
}

// swept collects garbage and looks for what nobody needs and is still there.
func (p *place) swept() {
	p.t.Helper()
	p.ok("gonix-store", "--gc", "--quiet", "--quiet")
	s := p.open(nil)
	defer s.Close()
	for _, e := range readDir(p.t, p.storeDir()) {
		path, err := store.ParsePath(e)
		if valid, _ := s.IsValid(p.t.Context(), path); e != ".links" && (err != nil || !valid) {
			p.t.Errorf("left in the store: %s", e)
		}
	}
	for _, dir := range []string{filepath.Join(p.stateDir(), "temproots"), filepath.Join(p.stateDir(), "gonix-builds"), p.tmp} {
		if _, err := os.Lstat(dir); err != nil {
			continue
		}
		for _, e := range readDir(p.t, dir) {
			p.t.Errorf("left in %s: %s", dir, e)
		}
	}
}

func readDir(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// random is a source of choices that a failing test can repeat.
func random(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if v := os.Getenv("GONIX_SEED"); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("GONIX_SEED=%d", seed)
		}
	})
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// rounds calls f at least n times, and as long as GONIX_SOAK says.
func rounds(t testing.TB, n int, f func(i int)) {
	t.Helper()
	var until time.Time
	if v := os.Getenv("GONIX_SOAK"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			t.Fatal(err)
		}
		until = time.Now().Add(d)
	}
	i := 0
	for ; i < n || time.Now().Before(until); i++ {
		f(i)
		if t.Failed() {
			t.Fatalf("after %d rounds", i+1)
		}
	}
	t.Logf("%d rounds", i)
}
