package cmd

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// peers is a place where gonix and the real Nix work on the same stores.
type peers struct {
	t    *testing.T
	dir  string
	vars map[string]string
}

// newPeers makes a place with a store directory of its own, so that Nix builds
// without a sandbox, or ends the test if there is no Nix.
func newPeers(t *testing.T) *peers {
	if _, err := exec.LookPath("nix"); err != nil {
		if os.Getenv("GONIX_CI") == "1" {
			t.Fatal("CI lacks nix")
		}
		t.Skip("no real Nix here")
	}
	return newAlone(t)
}

// newAlone is such a place for gonix alone.
func newAlone(t *testing.T) *peers {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", dir).Run() })
	return &peers{t, dir, map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": dir + "/home", "XDG_CACHE_HOME": dir + "/home/cache",
		"NIX_STORE_DIR": dir + "/store", "NIX_STATE_DIR": dir + "/state", "NIX_LOG_DIR": dir + "/log",
		"NIX_CONF_DIR": dir + "/etc", "NIX_REMOTE": "local",
		"NIX_CONFIG": "sandbox = false\nbuild-users-group =\nsubstituters =\nexperimental-features = nix-command\nrequire-sigs = true",
	}}
}

// with is the same place with other variables.
func (p *peers) with(vars ...string) *peers {
	q := &peers{p.t, p.dir, map[string]string{}}
	for k, v := range p.vars {
		q.vars[k] = v
	}
	for i := 0; i < len(vars); i += 2 {
		q.vars[vars[i]] = vars[i+1]
	}
	return q
}

// other is a second store for the same store directory.
func (p *peers) other(name string) *peers {
	return p.with("NIX_REMOTE", "local?root="+p.dir+"/"+name, "NIX_STATE_DIR", "", "NIX_LOG_DIR", "")
}

// nix runs one of the real Nix's tools and returns what it prints.
func (p *peers) nix(args ...string) (string, error) {
	c := exec.CommandContext(p.t.Context(), args[0], args[1:]...)
	c.Dir = p.dir
	for k, v := range p.vars {
		if v != "" {
			c.Env = append(c.Env, k+"="+v)
		}
	}
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if err != nil {
		return errs.String(), err
	}
	return strings.TrimSpace(out.String()), nil
}

func (p *peers) mustNix(args ...string) string {
	p.t.Helper()
	out, err := p.nix(args...)
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// gonix runs gonix in this process.
func (p *peers) gonix(args ...string) (stdout, stderr string, status int) {
	var out, errs bytes.Buffer
	env := &Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: p.dir, Getenv: func(n string) string { return p.vars[n] }}
	status = Run(p.t.Context(), env, append([]string{"gonix"}, args...))
	return strings.TrimSpace(out.String()), errs.String(), status
}

func (p *peers) mustGonix(args ...string) string {
	p.t.Helper()
	out, errs, status := p.gonix(args...)
	if status != 0 {
		p.t.Fatalf("gonix %s: status %d\n%s", strings.Join(args, " "), status, errs)
	}
	return out
}

// build makes three paths, each referring to the one before, with Nix.
func (p *peers) build() (top string, all []string) {
	p.t.Helper()
	expr := `let
	  one = derivation { name = "one"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo one > $out" ]; };
	  two = derivation { name = "two"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${one} $out > $out" ]; };
	in derivation { name = "three"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${two} > $out" ]; }`
	top = p.mustNix("nix-build", "--no-out-link", "-E", expr)
	return top, strings.Fields(p.mustNix("nix-store", "-qR", top))
}

// serve starts gonix serve and returns its address.
func (p *peers) serve(args ...string) string { return p.serveUntil(nil, args...) }

// serveUntil is serve that ends when end is closed, or else with the test.
func (p *peers) serveUntil(end <-chan struct{}, args ...string) string {
	p.t.Helper()
	ctx, stop := context.WithCancel(p.t.Context())
	go func() {
		select {
		case <-end:
			stop()
		case <-ctx.Done():
		}
	}()
	pr, pw := io.Pipe()
	env := &Env{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: pw, Dir: p.dir, Getenv: func(n string) string { return p.vars[n] }}
	var wg sync.WaitGroup
	wg.Go(func() {
		if status := Run(ctx, env, append([]string{"gonix", "serve", "--listen", "127.0.0.1:0"}, args...)); status != 0 {
			p.t.Errorf("gonix serve: status %d", status)
		}
		pw.Close()
	})
	p.t.Cleanup(func() { stop(); wg.Wait() })
	var line []byte
	for b := make([]byte, 1); !bytes.HasSuffix(line, []byte("\n")); line = append(line, b[0]) {
		if _, err := pr.Read(b); err != nil {
			p.t.Fatalf("gonix serve: %s", line)
		}
	}
	go io.Copy(io.Discard, pr)
	_, addr, ok := strings.Cut(strings.TrimSpace(string(line)), " on ")
	if !ok {
		p.t.Fatalf("gonix serve says %q", line)
	}
	return addr
}

// keys makes a key pair in files k.secret and k.public.
func (p *peers) keys() (public string) {
	p.t.Helper()
	p.mustGonix("config", "show", "cores") // the settings are fine
	secret := p.mustGonix("key", "generate-secret", "--key-name", "k-1")
	if err := os.WriteFile(p.dir+"/k.secret", []byte(secret), 0o600); err != nil {
		p.t.Fatal(err)
	}
	env := &Env{Stdin: strings.NewReader(secret), Stdout: &bytes.Buffer{}, Stderr: io.Discard, Dir: p.dir, Getenv: func(string) string { return "" }}
	if status := Run(p.t.Context(), env, []string{"gonix", "key", "convert-secret-to-public"}); status != 0 {
		p.t.Fatal("convert-secret-to-public")
	}
	return env.Stdout.(*bytes.Buffer).String()
}

// holds checks that a store has paths, contents and all.
func (p *peers) holds(paths ...string) {
	p.t.Helper()
	p.mustNix(append([]string{"nix-store", "--check-validity"}, paths...)...)
	p.mustNix("nix-store", "--verify", "--check-contents")
}

// TestNixFromOurs has the real Nix pull from gonix serve and from caches that
// gonix wrote.
func TestNixFromOurs(t *testing.T) {
	t.Parallel()
	p := newPeers(t)
	top, all := p.build()
	public := p.keys()

	urls := map[string]string{
		"serve":      p.serve("--key-file", "k.secret"),
		"serve-zstd": p.serve("--key-file", "k.secret", "--compression", "zstd"),
		"serve-xz":   p.serve("--key-file", "k.secret", "--compression", "xz"),
	}
	for _, kind := range []string{"none", "xz", "zstd", "bzip2", "gzip", "br"} {
		uri := "file://" + p.dir + "/cache-" + kind
		p.mustGonix("copy", "--to", uri+"?compression="+kind+"&secret-key=k.secret&write-nar-listing=1", top)
		urls[kind] = uri
	}
	unsigned := p.serve()
	for name, url := range urls {
		// nix copy, with the signatures checked.
		a := p.other("copy-" + name)
		if out, err := a.nix("nix", "copy", "--from", url, "--option", "trusted-public-keys", "other-1:cUVyLIUMDQz6Rh2dK8BTMVmN7eBWbnJyXEKBkkVDnSM=", top); err == nil || !strings.Contains(out, "signature") {
			t.Errorf("%s: Nix takes what an unknown key has signed: %v %s", name, err, out)
		}
		a.mustNix("nix", "copy", "--from", url, "--option", "trusted-public-keys", public, top)
		a.holds(all...)
		// nix-store --realise, with the cache as a substituter.
		b := p.other("realise-" + name)
		b.mustNix("nix-store", "--realise", top, "--option", "substituters", url, "--option", "trusted-public-keys", public)
		b.holds(all...)
	}
	if out, err := p.other("unsigned").nix("nix", "copy", "--from", unsigned, top); err == nil || !strings.Contains(out, "signature") {
		t.Errorf("Nix takes what nobody has signed: %v %s", err, out)
	}
	p.other("unsigned").mustNix("nix", "copy", "--no-check-sigs", "--from", unsigned, top)
	if got := p.mustNix("nix", "store", "ls", "--store", urls["xz"], top); !strings.Contains(got, "three") {
		t.Errorf("nix store ls: %q", got)
	}
	if got := p.mustNix("nix", "store", "cat", "--store", urls["serve"], top); !strings.Contains(got, "-two") {
		t.Errorf("nix store cat: %q", got)
	}
}

// TestOursFromNix has gonix pull from caches that the real Nix wrote.
func TestOursFromNix(t *testing.T) {
	t.Parallel()
	p := newPeers(t)
	top, all := p.build()
	public := p.keys()
	for _, kind := range []string{"none", "xz", "zstd", "bzip2", "gzip", "br"} {
		uri := "file://" + p.dir + "/cache-" + kind
		if out, err := p.nix("nix", "copy", "--to", uri+"?compression="+kind+"&secret-key="+p.dir+"/k.secret&write-nar-listing=1", top); err != nil {
			t.Fatalf("%s: %s", kind, out)
		}
		a := p.other("copy-" + kind)
		if _, errs, status := a.gonix("copy", "--from", uri, top); status != 1 || !strings.Contains(errs, "lacks a signature by a trusted key") {
			t.Errorf("%s: gonix takes what an unknown key has signed: %d %s", kind, status, errs)
		}
		a.mustGonix("copy", "--from", uri, "--trusted-public-keys", public, top)
		a.holds(all...)
		b := p.other("all-" + kind)
		b.mustGonix("copy", "--all", "--no-check-sigs", "--from", uri)
		b.holds(all...)
	}
	// What gonix signs in a store, Nix believes.
	p.mustGonix("store", "sign", "-k", "k.secret", "-r", top)
	if out, err := p.nix("nix", "store", "verify", "--no-contents", "-r", "--sigs-needed", "1", "--option", "trusted-public-keys", public, top); err != nil {
		t.Errorf("nix store verify: %s", out)
	}
	// And what Nix signs, gonix believes.
	q := p.other("signed-by-nix")
	p.mustNix("nix", "store", "sign", "-k", p.dir+"/k.secret", "-r", top)
	q.mustGonix("copy", "--from", "local?store="+p.dir+"/store&state="+p.dir+"/state&log="+p.dir+"/log&real="+p.dir+"/store", "--trusted-public-keys", public, top)
	q.holds(all...)
}
