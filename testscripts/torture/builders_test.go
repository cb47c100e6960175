//go:build linux

package torture

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// worlds are the ways in which builds run: as a normal user there is one, as root
// builds may have a user of their own.
func worlds(t *testing.T, f func(t *testing.T, p *place)) {
	conf := map[string][]string{"plain": nil}
	if os.Geteuid() == 0 {
		conf["with build users"] = []string{"auto-allocate-uids = true", "extra-experimental-features = auto-allocate-uids"}
	}
	for name, c := range conf {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newPlace(t, append(c, "sandbox-paths = /bin/hostile="+program, "max-jobs = 2")...))
		})
	}
}

// hostileDrv is an expression for a build by the hostile builder.
func (p *place) hostileDrv(attrs string, act ...string) string {
	args := ""
	for _, a := range act {
		args += fmt.Sprintf(" %q", a)
	}
	p.write("input", "not to be changed\n")
	marker := p.write("marker", "")
	return fmt.Sprintf(`derivation { name = "hostile"; system = builtins.currentSystem; builder = "/bin/hostile"; args = [%s ]; input = %s; marker = %q; %s }`,
		args, filepath.Join(p.dir, "input"), marker, attrs)
}

func (p *place) buildHostile(attrs string, act ...string) result {
	return p.run("gonix-build", "--no-out-link", "-E", p.hostileDrv(attrs, act...))
}

// harmless looks at the store, the input, and what is left of the builder.
func (p *place) harmless(r result) {
	p.t.Helper()
	if strings.Contains(r.err, "BREACH") || strings.Contains(r.err, "unexpected:") {
		p.t.Errorf("%s", r.err)
	}
	if pids := processes(p.dir); len(pids) > 0 {
		p.t.Errorf("processes %v are left", pids)
	}
	p.intact(strings.Fields(r.out)...)
	for _, e := range readDir(p.t, p.tmp) {
		p.t.Errorf("left in the build directory: %s", e)
	}
}

// processes are those with a marker in their command line.
func processes(marker string) (pids []string) {
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, n := range names {
		if text, err := os.ReadFile(n); err == nil && strings.HasPrefix(string(text), "hostile\x00") && strings.Contains(string(text), marker) {
			pids = append(pids, filepath.Base(filepath.Dir(n)))
		}
	}
	return pids
}

func TestHostileBuilders(t *testing.T) {
	host, err := net.Listen("unix", "@gonix-torture-"+fmt.Sprint(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	// If there are no keyrings here there is nothing to find.
	unix.KeyctlJoinSessionKeyring("")
	unix.AddKey("user", "gonix-torture", []byte("secret"), unix.KEY_SPEC_SESSION_KEYRING)
	worlds(t, func(t *testing.T, p *place) {
		for _, tt := range []struct {
			act  []string
			fail string // what the error says; "" if the build is to succeed
		}{
			{[]string{"nothing"}, ""},
			{[]string{"daemons", p.dir}, ""},
			{[]string{"kill all"}, ""},
			{[]string{"modes"}, ""},
			{[]string{"xattrs"}, ""},
			{[]string{"network", "unix=" + host.Addr().String(), "tcp=" + tcp.Addr().String(), "udp=192.0.2.1:53", "tcp=192.0.2.1:80"}, ""},
			{[]string{"outside", p.dir + "/marker", "/proc/1/root" + p.dir + "/marker", p.storeDir() + "/x"}, ""},
			{[]string{"mounts"}, ""},
			{[]string{"nested"}, ""},
			{[]string{"escape"}, ""},
			{[]string{"keys"}, ""},
			{[]string{"descriptors"}, ""},
			{[]string{"links"}, ""},
			{[]string{"special", "fifo"}, "has an unsupported type"},
			{[]string{"special", "socket"}, "has an unsupported type"},
			{[]string{"odd names"}, ""},
			{[]string{"deep", "60"}, ""},
			{[]string{"deep", "200"}, "nested deeper than 64 levels"},
			{[]string{"deep temporary"}, ""},
			{[]string{"long names"}, ""},
			{[]string{"unreadable"}, ""},
			{[]string{"sparse"}, ""},
			{[]string{"huge tree"}, ""},
			{[]string{"setuid left"}, "failed with exit code 3"},
		} {
			r := p.buildHostile("", tt.act...)
			if tt.fail == "" && r.failed != nil {
				t.Errorf("%q: %v\n%s", tt.act, r.failed, r.err)
			}
			if tt.fail != "" && (r.failed == nil || !strings.Contains(r.err, tt.fail)) {
				t.Errorf("%q: %v, want %q in\n%s", tt.act, r.failed, tt.fail, r.err)
			}
			p.harmless(r)
			if t.Failed() {
				t.Fatalf("after %q", tt.act)
			}
			noSpecialModes(t, p.storeDir())
			if tt.fail == "" && strings.Contains("odd names, links, long names, unreadable", tt.act[0]) {
				p.archived(strings.TrimSpace(r.out))
			}
		}
		p.swept()
	})
}

// archived writes a path's archive and unpacks it somewhere else.
func (p *place) archived(path string) {
	p.t.Helper()
	archive := filepath.Join(p.dir, "archive")
	f, err := os.Create(archive)
	if err != nil {
		p.t.Fatal(err)
	}
	c := p.command("gonix-store", "--dump", p.real(path))
	c.Stdout = f
	if err := c.Run(); err != nil {
		p.t.Errorf("dump %s: %v", path, err)
	}
	f.Close()
	f, err = os.Open(archive)
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	c = p.command("gonix-store", "--restore", filepath.Join(p.dir, "restored-"+filepath.Base(path)))
	c.Stdin = f
	if err := c.Run(); err != nil {
		p.t.Errorf("restore %s: %v", path, err)
	}
}

// noSpecialModes: not even what failed may lie around with setuid bits.
func noSpecialModes(t *testing.T, dir string) {
	t.Helper()
	filepath.Walk(dir, func(name string, st os.FileInfo, err error) error {
		if err == nil && st.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0 {
			t.Errorf("%s has mode %v", name, st.Mode())
		}
		return nil
	})
}

func TestHostileLimits(t *testing.T) {
	worlds(t, func(t *testing.T, p *place) {
		for _, tt := range []struct {
			conf string
			fail string
			act  []string
		}{
			{"timeout = 1", "timed out after 1 seconds", []string{"daemons and sleep", p.dir}},
			{"max-silent-time = 1", "timed out after 1 seconds of silence", []string{"sleep", p.dir}},
			{"max-build-log-size = 1000000", "killed after writing more than 1000000 bytes of log output", []string{"print", "1024", "lines"}},
			{"max-build-log-size = 1000000", "killed after writing more than 1000000 bytes of log output", []string{"print", "1024", "unbroken"}},
		} {
			q := p.with(tt.conf)
			r := q.buildHostile("", tt.act...)
			if r.failed == nil || !strings.Contains(r.err, tt.fail) {
				t.Errorf("%q with %s: want %q in\n%.2000s", tt.act, tt.conf, tt.fail, r.err)
			}
			q.harmless(r)
		}
	})
}

// A log of one endless line needs no memory of its size.
func TestHostileLine(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "sandbox-paths = /bin/hostile="+program, "compress-build-log = false")
	c := p.command("gonix", "build", "--no-link", "--expr", p.hostileDrv("", "print", "300", "unbroken"))
	r := finish(c)
	if r.failed != nil {
		t.Fatalf("%v\n%.2000s", r.failed, r.err)
	}
	if rss := c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss; rss > 250<<10 {
		t.Errorf("%d MiB of memory", rss>>10)
	}
	if len(r.err) > 10<<20 {
		t.Errorf("%d bytes on standard error", len(r.err))
	}
	p.harmless(r)
}

// An output that takes for ever to hash does not keep gonix from ending.
func TestHostileSize(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "sandbox-paths = /bin/hostile="+program)
	c := p.command("gonix-build", "--no-out-link", "-E", p.hostileDrv("", "huge sparse", p.dir))
	r := interrupt(t, c, func(log string) bool { return strings.Contains(log, "made") && len(processes(p.dir)) == 0 }, syscall.SIGINT)
	if r.failed == nil || !strings.Contains(r.err, "interrupted by the user") {
		t.Errorf("%v\n%s", r.failed, r.err)
	}
	p.harmless(r)
}

// interrupt runs a process, sends it, and nothing else, a signal at a moment that
// depends on what it has printed on standard error, and waits for its end.
func interrupt(t *testing.T, c *exec.Cmd, when func(log string) bool, sig os.Signal) result {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var out strings.Builder
	c.Stdout, c.Stderr = &out, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	text := func() string { b, _ := os.ReadFile(log.Name()); return string(b) }
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for !when(text()) {
		select {
		case err := <-ended:
			t.Fatalf("ended too early: %v\n%s", err, text())
		case <-time.After(5 * time.Millisecond):
		}
	}
	c.Process.Signal(sig)
	err = <-ended
	return result{out.String(), text(), err}
}

// TestSignals: whatever ends gonix ends everything it has started.
func TestSignals(t *testing.T) {
	worlds(t, func(t *testing.T, p *place) {
		for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
			expr := p.hostileDrv("", "daemons and sleep", p.dir)
			for _, c := range []*exec.Cmd{
				p.command("gonix-build", "--no-out-link", "-E", expr),
				p.command("gonix", "build", "-L", "--no-link", "--expr", expr),
			} {
				r := interrupt(t, c, func(log string) bool { return strings.Contains(log, "started") }, sig)
				if r.failed == nil {
					t.Errorf("%v: no failure", sig)
				}
				if sig != syscall.SIGKILL && !strings.Contains(r.err, "interrupted by the user") {
					t.Errorf("%v: %s", sig, r.err)
				}
				// The kernel needs a moment after a SIGKILL.
				for begin := time.Now(); len(processes(p.dir)) > 0 && time.Since(begin) < 20*time.Second; {
					time.Sleep(10 * time.Millisecond)
				}
				if pids := processes(p.dir); len(pids) > 0 {
					t.Errorf("%v: processes %v are left", sig, pids)
				}
				p.intact()
			}
		}
		p.swept()
	})
}

// TestPassedFile: a builder with the host's network passes its output, open for
// writing, to somebody outside, who changes it once it is valid.
func TestPassedFile(t *testing.T) {
	worlds(t, func(t *testing.T, p *place) {
		name := "@gonix-torture-pass-" + strings.ReplaceAll(p.dir, "/", "-")
		ln, err := net.Listen("unix", name)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		files := make(chan *os.File, 1)
		go func() {
			defer close(files)
			c, err := ln.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			raw, oob := make([]byte, 10), make([]byte, 100)
			_, n, _, _, err := c.(*net.UnixConn).ReadMsgUnix(raw, oob)
			if err != nil {
				return
			}
			msgs, _ := syscall.ParseSocketControlMessage(oob[:n])
			for _, m := range msgs {
				if fds, err := syscall.ParseUnixRights(&m); err == nil && len(fds) > 0 {
					files <- os.NewFile(uintptr(fds[0]), "passed")
				}
			}
			c.Write([]byte("x"))
		}()
		hash := strings.Fields(p.run("gonix-hash", "--type", "sha256", "--flat", p.write("expected", "contained\n")).out)[0]
		r := p.buildHostile(fmt.Sprintf(`outputHash = "%s"; outputHashAlgo = "sha256";`, hash), "pass", hex.EncodeToString([]byte(name)))
		if r.failed != nil {
			t.Fatalf("%v\n%s", r.failed, r.err)
		}
		f := <-files
		if f == nil {
			t.Fatal("no file was passed: the test tests nothing")
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte("tampered"), 0); err != nil {
			t.Fatal(err)
		}
		p.harmless(r)
	})
}
