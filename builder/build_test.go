//go:build linux && (amd64 || arm64)

package builder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
)

func TestBuild(t *testing.T) {
	w := newWorld(t)
	a := w.derivation("a", "echo hello >$out", nil)
	b := w.derivation("b", "read x <$a; echo $x, $a >$out", []string{"a=" + w.s.StoreDir().Format(w.outPath(a, "out"))}, a)
	want := "hello, " + w.s.StoreDir().Format(w.outPath(a, "out")) + "\n"
	if got := w.ok(b); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	info := w.s.all[w.outPath(b, "out")]
	if len(info.References) != 1 || info.References[0] != w.outPath(a, "out") || info.Deriver != b || !info.Ultimate {
		t.Errorf("registered as %+v", info)
	}
	if w.s.reg != 2 {
		t.Errorf("%d transactions, want 2", w.s.reg)
	}
	st, _ := os.Stat(filepath.Join(w.s.Path, info.Path.String()))
	if st.Mode() != 0o444 || st.ModTime().Unix() != 1 {
		t.Errorf("metadata %v %v", st.Mode(), st.ModTime())
	}
	w.noLeftovers()
	if r := w.build(b).Results[0]; r.Status != AlreadyValid || r.Outputs["out"] != info.Path {
		t.Errorf("second build: %+v", r)
	}
}

func TestEnvironment(t *testing.T) {
	w := newWorld(t)
	p := w.derivation("env", "exec >$out; set; while read l; do echo $l; done <$bigPath; pwd",
		[]string{"x=1", "passAsFile=big", "big=BIG\n"})
	got := w.ok(p)
	for _, want := range []string{
		"PATH='/path-not-set'\n", "HOME='/homeless-shelter'\n", "NIX_STORE='/nix/store'\n", "NIX_BUILD_CORES='3'\n",
		"NIX_BUILD_TOP='/build'\n", "TMPDIR='/build'\n", "TEMPDIR='/build'\n", "TMP='/build'\n", "TEMP='/build'\n",
		"PWD='/build'\n", "NIX_LOG_FD='2'\n", "TERM='xterm-256color'\n", "x='1'\n", "bigPath='/build/.attr-",
		"\nBIG\n/build\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "NIX_OUTPUT_CHECKED") || strings.Contains(got, "big=") {
		t.Errorf("too much in\n%s", got)
	}
}

func TestFailure(t *testing.T) {
	w := newWorld(t)
	p := w.derivation("f", "i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done; exit 3", nil)
	msg := w.fails(PermanentFailure, p)
	want := "builder for '" + w.s.StoreDir().Format(p) + "' failed with exit code 3;\nlast 25 log lines:\n> line 5\n"
	if !strings.HasPrefix(msg, want) || !strings.HasSuffix(msg, "\n> line 29\nFor full logs, run:\n  nix log "+w.s.StoreDir().Format(p)) {
		t.Errorf("got %q", msg)
	}
	q := w.derivation("g", "exit 0", nil, p)
	w.fails(DependencyFailed, q, "1 dependencies of derivation '"+w.s.StoreDir().Format(q)+"' failed to build")
	if !strings.Contains(w.logged(), "failed with exit code 3") {
		t.Error("the dependency's failure was not told")
	}
	w.fails(OutputRejected, w.derivation("h", ":", nil), "failed to produce output path for output 'out' at '")
	w.fails(PermanentFailure, w.derivation("k", "kill -9 $$; b kill -9 1; exit 9", nil), "failed")
	w.w.Settings.KeepFailed = true
	w.build(w.derivation("keep", "echo x >file; exit 1", nil))
	kept, _ := filepath.Glob(filepath.Join(w.w.Settings.BuildDir, "nix-build-keep.drv-0/build/file"))
	if len(kept) != 1 {
		t.Error("the build directory was not kept")
	}
}

func TestMissingBuilder(t *testing.T) {
	w := newWorld(t)
	d := &drv.Derivation{Name: "x", System: "x86_64-linux", Builder: "/absent", Outputs: []drv.Output{{Name: "out"}}, Env: []drv.EnvVar{{Name: "out"}}}
	w.fails(PermanentFailure, w.add(d), "failed with exit code 1", "> error: executing '/absent': No such file or directory")
	d = &drv.Derivation{Name: "x", System: "sparc-linux", Builder: "/bin/sh", Outputs: []drv.Output{{Name: "out"}}, Env: []drv.EnvVar{{Name: "out"}, {Name: "requiredSystemFeatures", Value: "kvm big-parallel"}}}
	p := w.add(d)
	w.fails(InputRejected, p, "a 'sparc-linux' with features {big-parallel, kvm} is required to build '"+w.s.StoreDir().Format(p)+"', but I am a 'x86_64-linux' with features {big-parallel}")
}

func TestOutputs(t *testing.T) {
	w := newWorld(t)
	p := w.derivation("multi", "echo $dev >$out; echo dev >$dev; echo $doc $out >$doc", []string{"outputs=out dev doc"})
	r := w.build(p).Results[0]
	if r.Err != nil || len(r.Outputs) != 3 {
		t.Fatalf("%+v", r)
	}
	if refs := w.s.all[r.Outputs["doc"]].References; len(refs) != 2 {
		t.Errorf("references of doc: %v", refs)
	}
	if w.s.reg != 1 {
		t.Errorf("%d transactions", w.s.reg)
	}
	c := w.derivation("cycle", "echo $dev >$out; echo $out >$dev", []string{"outputs=out dev"})
	w.fails(OutputRejected, c, "cycle detected in build of '")
	for _, tt := range []struct{ env, want string }{
		{"allowedReferences=", "is not allowed to refer to the following paths:\n  /nix/store/"},
		{"disallowedReferences=out", "is not allowed to refer to the following paths:\n  /nix/store/"},
		{"allowedReferences=nonsense", "derivation contains an illegal reference specifier 'nonsense'"},
	} {
		w.fails(OutputRejected, w.derivation("refs", "echo $out >$out", []string{tt.env}), tt.want)
	}
	w.ok(w.derivation("refs", "echo $out >$out", []string{"allowedReferences=out", "disallowedRequisites="}))
}

func TestFixedOutput(t *testing.T) {
	w := newWorld(t)
	fixed := func(h hash.Hash, m store.Method, script string) store.Path {
		return w.add(&drv.Derivation{
			Name: "fixed", System: "x86_64-linux", Builder: "/bin/sh", Args: []string{"-c", script},
			Outputs: []drv.Output{{Name: "out", Kind: drv.CAFixed, Method: m, Hash: h}},
			Env:     []drv.EnvVar{{Name: "out"}, {Name: "impureEnvVars", Value: "SECRET"}},
		})
	}
	w.w.Settings.Getenv = func(k string) string { return "the " + k }
	right := hash.SumString(hash.SHA256, "the SECRET 1\n")
	if got := w.ok(fixed(right, store.Flat, "echo $SECRET $NIX_OUTPUT_CHECKED >$out")); got != "the SECRET 1\n" {
		t.Errorf("got %q", got)
	}
	p := fixed(right, store.Flat, "echo wrong >$out")
	got := hash.Format(hash.SumString(hash.SHA256, "wrong\n"), hash.SRI)
	w.s.all[w.outPath(p, "out")] = nil
	delete(w.s.all, w.outPath(p, "out"))
	w.fails(HashMismatch, p, "hash mismatch in fixed-output derivation '"+w.s.StoreDir().Format(p)+"':\n  specified: "+hash.Format(right, hash.SRI)+"\n     got:    "+got)
	w.fails(OutputRejected, fixed(hash.SumString(hash.SHA256, "y"), store.Flat, "echo '#!' >$out; chmod +x $out 2>/dev/null || /bin/busybox chmod +x $out"), "")
}

func TestCheck(t *testing.T) {
	w := newWorld(t)
	p := w.derivation("random", "read x </proc/sys/kernel/random/uuid; echo $x >$out", nil)
	q := w.derivation("steady", "echo 1 >$out", nil)
	w.ok(p)
	w.ok(q)
	out := w.buildMode(Check, p)
	if s := out.Results[0].Status; s != NotDeterministic || out.ExitCode() != 104 {
		t.Errorf("%v %d", s, out.ExitCode())
	}
	if msg := out.Results[0].Err.Error(); !strings.Contains(msg, "may not be deterministic: output '") {
		t.Error(msg)
	}
	if !strings.Contains(w.logged(), "contents differ from byte") {
		t.Error("no differences were told")
	}
	if out := w.buildMode(Check, q); !out.Results[0].Status.OK() {
		t.Error(out.Results[0].Err)
	}
	w.noLeftovers()
}

func TestLimits(t *testing.T) {
	w := newWorld(t)
	w.w.Settings.Timeout = 300 * time.Millisecond
	w.fails(TimedOut, w.derivation("slow", "trap '' TERM INT; while :; do :; done", nil), "building of '/nix/store/", "^*' from .drv file timed out after 0 seconds")
	w.w.Settings.Timeout = 0
	w.w.Settings.MaxSilentTime = 300 * time.Millisecond
	w.fails(TimedOut, w.derivation("silent", "echo hi; while :; do :; done", nil), "of silence")
	w.w.Settings.MaxSilentTime = 0
	w.w.Settings.MaxLogSize = 10000
	w.fails(LogLimitExceeded, w.derivation("loud", "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done", nil), "killed after writing more than 10000 bytes of log output")
}

// Without a sandbox, an output that is valid is built elsewhere and rewritten.
func TestHashRewriting(t *testing.T) {
	w := newWorld(t)
	w.w.Settings.Sandbox = SandboxOff
	w.s.Dir = store.Dir(w.s.Path)
	w.hasher.Dir = w.s.Dir
	d := &drv.Derivation{Name: "self", System: "x86_64-linux", Builder: busybox, Args: []string{"sh", "-c", "echo $out >$out"},
		Outputs: []drv.Output{{Name: "out"}}, Env: []drv.EnvVar{{Name: "out"}}}
	p := w.add(d)
	if got, want := w.ok(p), w.s.Dir.Format(w.outPath(p, "out"))+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if out := w.buildMode(Check, p); !out.Results[0].Status.OK() {
		t.Errorf("check: %v", out.Results[0].Err)
	}
	w.noLeftovers()
}

func TestStructuredAttrs(t *testing.T) {
	w := newWorld(t)
	p := w.derivation("s", ". $NIX_ATTRS_SH_FILE 2>/dev/null; b cat $NIX_ATTRS_JSON_FILE $NIX_ATTRS_SH_FILE >/build/o; b cat /build/o >/nix/store/$(b basename $o)", nil)
	_ = p
	d := &drv.Derivation{Name: "s", System: "x86_64-linux", Builder: "/bin/sh",
		Args:    []string{"-c", "while read -r l; do echo \"$l\"; done <$NIX_ATTRS_SH_FILE >" + store.OutputPlaceholder("out")},
		Outputs: []drv.Output{{Name: "out"}},
		Env:     []drv.EnvVar{{Name: "__json", Value: `{"a":1,"b":[1,"x'y",null,true],"c":{"k":"v"},"d":[[1]],"e":1.5,"f-g":1,"z":false}`}, {Name: "out"}}}
	q := w.add(d)
	got := w.ok(q)
	want := "declare a=1\ndeclare -a b=(1 'x'\\''y' '' 1 )\ndeclare -A c=(['k']='v' )\ndeclare -A outputs=(['out']='" +
		w.s.StoreDir().Format(w.outPath(q, "out")) + "' )\ndeclare z=\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMisbehaviour(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ name, script, want string }{
		{"daemon", "(b setsid b sleep 1000 &) ; echo ok >$out", "ok\n"},
		{"setuid", "echo x >$out; b chmod 4755 $out 2>/dev/null || echo ok >$out", "ok\n"},
		{"network", "b wget -q http://192.0.2.1/ 2>/dev/null || echo ok >$out", "ok\n"},
		{"mount", "b mount -t tmpfs x /build 2>/dev/null || echo ok >$out", "ok\n"},
		{"outside", "echo x >/nix/x 2>/dev/null || echo ok >$out", "ok\n"},
		{"other input", "b ls /nix/store | b grep -v other >$out; b test -d /nix/store/.links || echo ok >$out", "ok\n"},
		{"kill init", "b kill -9 -1; echo ok >$out", "ok\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			if got := w.ok(w.derivation("m", tt.script, []string{"case=" + tt.name})); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
	w.t = t
	w.fails(OutputRejected, w.derivation("fifo", "b mkfifo $out", nil), "has an unsupported type")
	w.fails(OutputRejected, w.derivation("open", "echo >$out; b chmod 777 $out", nil), "suspicious ownership or permission")
}

func TestRefScanner(t *testing.T) {
	p := store.MustParsePath("0123456789abcdfghijklmnpqrsvwxyz-x")
	text := strings.Repeat("a", 100) + p.HashPart() + strings.Repeat("/", 40)
	for size := 1; size < 70; size++ {
		s := newRefScanner([]store.Path{p})
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			s.Write([]byte(rest[:n]))
			rest = rest[n:]
		}
		if len(s.found()) != 1 {
			t.Errorf("not found in pieces of %d bytes", size)
		}
	}
}
