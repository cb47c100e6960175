//go:build linux && (amd64 || arm64)

package sandbox

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// shell is a static busybox; CI installs it.
const shell = "/bin/busybox"

func need(t testing.TB, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("GONIX_CI") == "1" {
		t.Fatal("missing on this machine: " + what)
	}
	t.Skip("missing on this machine: " + what)
}

// testSpec is a sandbox that runs a script with busybox.
func testSpec(t testing.TB, script string) *Spec {
	t.Helper()
	_, err := os.Stat(shell)
	need(t, err == nil, "busybox-static")
	s := Probe()
	need(t, s.Namespaces, "namespaces")
	work := t.TempDir()
	spec := &Spec{
		Path: "/bin/sh",
		Args: []string{"sh", "-c", script},
		Env:  []string{"PATH=/bin"},
		Dir:  "/build",
		Root: &Root{
			Dir: filepath.Join(work, "root"),
			UID: 1000, GID: 100,
			Mounts: []Mount{
				{Source: shell, Target: "/bin/sh", ReadOnly: true},
				{Source: filepath.Join(work, "build"), Target: "/build"},
				{Source: filepath.Join(work, "input"), Target: "/nix/store/input", ReadOnly: true},
			},
			Files:    []File{{Path: "/etc/passwd", Mode: 0o444, Data: "nixbld:x:1000:100::/build:/noshell\n"}},
			Symlinks: []Symlink{{Path: "/link", Target: "/etc"}},
		},
		FilterSyscalls: true,
	}
	for _, d := range []string{"root", "build", "input"} {
		if err := os.Mkdir(filepath.Join(work, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(filepath.Join(work, "input", "file"), []byte("in"), 0o644)
	if os.Geteuid() == 0 {
		spec.User = &User{UID: 30001, GID: 30000}
		os.Chown(filepath.Join(work, "build"), 30001, 30000)
	}
	return spec
}

// run returns what the process printed and how it ended.
func run(t testing.TB, spec *Spec) (string, Status, error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	spec.Stdout = w
	p, err := Start(spec)
	w.Close()
	if err != nil {
		return "", Status{}, err
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	st, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(out), "\n"), st, nil
}

func TestInside(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"uid", "busybox id -u; busybox id -g", "1000\n100"},
		{"pid", "echo $$", "1"},
		{"hostname", "busybox hostname", "localhost"},
		{"root", "busybox ls -A /", "bin\nbuild\ndev\netc\nlink\nnix\nproc"},
		{"dev", "busybox ls /dev", "fd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero"},
		{"null", "echo x >/dev/null && echo ok", "ok"},
		{"input is read-only", "(echo x >/nix/store/input/file) 2>/dev/null || echo refused; busybox cat /nix/store/input/file", "refused\nin"},
		{"input cannot be made writable", "busybox chmod 777 /nix/store/input 2>/dev/null || echo refused", "refused"},
		{"root is read-only", "busybox mkdir /x 2>/dev/null || echo refused", "refused"},
		{"etc is not writable", "(echo >/etc/test) 2>&1 | busybox grep -o 'Permission denied'", "Permission denied"},
		{"nor is what is above mounts", "busybox mkdir /nix/x 2>/dev/null || echo refused", "refused"},
		{"build is writable", "echo hi >f && busybox cat f", "hi"},
		{"no network", "busybox ip addr 2>/dev/null | busybox grep -c '^[0-9]'", "1"},
		{"loopback is up", "busybox ip addr | busybox grep -o LOOPBACK,UP", "LOOPBACK,UP"},
		{"setuid", "echo >f; busybox chmod 4755 f 2>/dev/null || echo refused; busybox chmod 755 f && echo ok", "refused\nok"},
		{"setgid", "echo >f; busybox chmod 2755 f 2>/dev/null || echo refused", "refused"},
		{"no capabilities", "busybox grep -E 'Cap(Eff|Prm|Amb)' /proc/self/status | busybox cut -f2", "0000000000000000\n0000000000000000\n0000000000000000"},
		{"no new privileges", "busybox grep NoNewPrivs /proc/self/status | busybox cut -f2", "1"},
		{"signals", "busybox grep -E 'Sig(Blk|Ign)' /proc/self/status | busybox cut -f2", "0000000000000000\n0000000000000000"},
		{"umask", "umask", "0022"},
		{"no core dumps", "ulimit -c", "0"},
		{"descriptors", "busybox ls /proc/self/fd", "0\n1\n2\n3"},
		{"environment", "busybox env | busybox sort | busybox head -1", "PATH=/bin"},
		{"mount", "busybox mount -t tmpfs none /build 2>/dev/null || echo refused", "refused"},
		{"umount", "busybox umount /nix/store/input 2>/dev/null || echo refused", "refused"},
		{"passwd", "busybox cat /link/passwd", "nixbld:x:1000:100::/build:/noshell"},
		{"shm", "echo 1 >/dev/shm/x && busybox cat /dev/shm/x", "1"},
		{"ptmx", "busybox test -c /dev/ptmx && echo ok", "ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := testSpec(t, "alias busybox=/bin/busybox\n"+tt.script)
			spec.Root.Mounts = append(spec.Root.Mounts, Mount{Source: shell, Target: "/bin/busybox", ReadOnly: true})
			if tt.name == "root" {
				spec.Root.Symlinks = append(spec.Root.Symlinks[:0:0], Symlink{Path: "/link", Target: "/etc"})
			}
			got, st, err := run(t, spec)
			if err != nil || !st.OK() {
				t.Fatalf("%v %v\n%s", st, err, got)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A daemon in a session of its own dies with the first process. The pipe that
// it holds would otherwise keep run from returning.
func TestDaemonDies(t *testing.T) {
	spec := testSpec(t, "/bin/busybox setsid /bin/busybox sleep 1000 & exit 3")
	spec.Root.Mounts = append(spec.Root.Mounts, Mount{Source: shell, Target: "/bin/busybox", ReadOnly: true})
	_, st, err := run(t, spec)
	if err != nil || st.Code != 3 {
		t.Fatalf("%v %v", st, err)
	}
}

func TestKill(t *testing.T) {
	spec := testSpec(t, "trap '' TERM INT HUP; echo ready; while :; do :; done")
	r, w, _ := os.Pipe()
	defer r.Close()
	spec.Stdout = w
	p, err := Start(spec)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	st, err := p.Wait()
	if err != nil || st.Signal != 9 {
		t.Fatalf("%v %v", st, err)
	}
}

func TestErrorsNameTheirStep(t *testing.T) {
	spec := testSpec(t, "")
	spec.Path = "/bin/absent"
	_, _, err := run(t, spec)
	var step *StepError
	if !errors.As(err, &step) || !step.Exec || !errors.Is(err, syscall.ENOENT) {
		t.Errorf("absent program: %v", err)
	}
	spec = testSpec(t, "")
	spec.Dir = "/absent"
	_, _, err = run(t, spec)
	if err == nil || err.Error() != "change directory to /absent: no such file or directory" {
		t.Errorf("absent directory: %v", err)
	}
	spec = testSpec(t, "")
	spec.Root.Mounts = append(spec.Root.Mounts, Mount{Source: "/absent", Target: "/absent"})
	if _, _, err = run(t, spec); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent mount: %v", err)
	}
	spec = testSpec(t, "echo fine")
	spec.Root.Mounts = append(spec.Root.Mounts, Mount{Source: "/absent", Target: "/absent", Optional: true})
	if got, _, err := run(t, spec); err != nil || got != "fine" {
		t.Errorf("optional mount: %q %v", got, err)
	}
}

func TestWithoutRoot(t *testing.T) {
	_, err := os.Stat(shell)
	need(t, err == nil, "busybox-static")
	got, st, err := run(t, &Spec{Path: shell, Args: []string{"sh", "-c", "echo $X; pwd; exit 4"}, Env: []string{"X=1"}, Dir: "/usr", FilterSyscalls: true})
	if err != nil || st.Code != 4 || got != "1\n/usr" {
		t.Errorf("%q %v %v", got, st, err)
	}
}

func TestPTY(t *testing.T) {
	m, s, err := OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	spec := testSpec(t, "echo a; echo b >&2; /bin/sh -c 'test -t 1' && echo tty")
	spec.Stdout = s
	p, err := Start(spec)
	s.Close()
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for {
		buf := make([]byte, 100)
		n, err := m.Read(buf)
		out = append(out, buf[:n]...)
		if err != nil {
			break
		}
	}
	p.Wait()
	if string(out) != "a\nb\ntty\n" {
		t.Errorf("%q", out)
	}
}

// BenchmarkStart is the cost of one sandbox.
func BenchmarkStart(b *testing.B) {
	spec := testSpec(b, ":")
	for b.Loop() {
		if _, st, err := run(b, spec); err != nil || !st.OK() {
			b.Fatal(st, err)
		}
	}
}
