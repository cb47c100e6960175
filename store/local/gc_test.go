//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
)

// reopen closes a store and opens it again, which ends its temporary roots.
func reopen(t *testing.T, s *Store, change ...func(*Settings)) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	set := s.set
	for _, c := range change {
		c(&set)
	}
	s, err := Open(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func isValid(t *testing.T, s *Store, p store.Path) bool {
	t.Helper()
	valid, err := s.IsValid(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return valid
}

func collect(t *testing.T, s *Store, opts GCOptions) *GCResult {
	t.Helper()
	r, err := s.Collect(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCollect(t *testing.T) {
	ctx := t.Context()
	s := openTest(t)
	base := addText(t, s, "base", "1")
	live := addTestTree(t, s, "live", base)
	dead := addTestTree(t, s, "dead", base)
	deader := addText(t, s, "deader", "2", dead)
	stray := filepath.Join(s.RealDir(), "00000000000000000000000000000000-stray")
	os.MkdirAll(stray+"/dir", 0o555)
	os.WriteFile(filepath.Join(s.RealDir(), "not-a-path"), nil, 0o644)

	// Everything is a temporary root of ours.
	collect(t, s, GCOptions{})
	for _, p := range []store.Path{base, live, dead, deader} {
		if !isValid(t, s, p) {
			t.Fatalf("temporary root %v was deleted", p)
		}
	}
	if _, err := os.Lstat(stray); err == nil {
		t.Error("a stray directory was kept")
	}

	s = reopen(t, s)
	link := filepath.Join(t.TempDir(), "result")
	if err := s.AddPermRoot(ctx, live, link); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	want := []string{s.StoreDir().Format(dead), s.StoreDir().Format(deader)}
	slices.Sort(want)
	got := collect(t, s, GCOptions{Action: ReturnDead}).Paths
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("dead: %v, want %v", got, want)
	}
	if nix := strings.Fields(nixStore(t, s, "--gc", "--print-dead")); len(nix) != 2 {
		nix = slices.DeleteFunc(nix, func(l string) bool { return !strings.HasPrefix(l, "/nix/store") })
		slices.Sort(nix)
		if !slices.Equal(nix, want) {
			t.Errorf("Nix says dead: %v", nix)
		}
	}
	if live := collect(t, s, GCOptions{Action: ReturnLive}).Paths; len(live) != 2 {
		t.Errorf("live: %v", live)
	}

	var alive *LiveError
	if _, err := s.Collect(ctx, GCOptions{Action: DeleteSpecific, Paths: []store.Path{dead}}); !errors.As(err, &alive) {
		t.Errorf("deleting what is referred to: %v", err)
	}
	if _, err := s.Collect(ctx, GCOptions{Action: DeleteSpecific, Paths: []store.Path{live}}); !errors.As(err, &alive) {
		t.Errorf("deleting a root: %v", err)
	}
	collect(t, s, GCOptions{Action: DeleteSpecific, Paths: []store.Path{deader}})
	if isValid(t, s, deader) || !isValid(t, s, dead) {
		t.Error("wrong path deleted")
	}
	if r := collect(t, s, GCOptions{}); len(r.Paths) != 1 || r.BytesFreed == 0 {
		t.Errorf("result = %+v", r)
	}
	if isValid(t, s, dead) || !isValid(t, s, live) || !isValid(t, s, base) {
		t.Error("wrong paths collected")
	}
	checkWithNix(t, s)

	os.Remove(link)
	collect(t, s, GCOptions{})
	if isValid(t, s, live) {
		t.Error("path lives after its root is gone")
	}
	if auto, _ := os.ReadDir(filepath.Join(s.StateDir(), "gcroots/auto")); len(auto) != 0 {
		t.Error("stale link was not removed")
	}
}

func TestMaxFreed(t *testing.T) {
	s := openTest(t)
	for i := range 20 {
		addText(t, s, "t", strings.Repeat("x", 20000)+fmt.Sprint(i))
	}
	s = reopen(t, s)
	r := collect(t, s, GCOptions{MaxFreed: 60_000})
	if n := len(r.Paths); n < 2 || n > 6 {
		t.Errorf("%d paths were deleted, %d bytes", n, r.BytesFreed)
	}
}

// A path with a temporary root of another process, Nix, must survive a collection
// that runs at the same time, and the other way round.
func TestConcurrentWithNix(t *testing.T) {
	s := openTest(t)
	nixStore(t, s, "--version") // skips the test, which a goroutine cannot, when there is none
	src := t.TempDir()
	done := make(chan error, 1)
	go func() {
		for i := range 25 {
			name := filepath.Join(src, fmt.Sprintf("n%d", i))
			os.WriteFile(name, []byte(name), 0o644)
			if out, err := tryNixStore(t, s, "--add", name); err != nil {
				done <- fmt.Errorf("nix-store --add: %w\n%s", err, out)
				return
			}
		}
		done <- nil
	}()
	for running := true; running; {
		if _, err := s.Collect(t.Context(), GCOptions{}); err != nil {
			t.Error(err)
			<-done
			break
		}
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			running = false
		default:
		}
	}
	for i := range 5 {
		p := addText(t, s, "mine", fmt.Sprint(i))
		nixStore(t, s, "--gc")
		if !isValid(t, s, p) {
			t.Error("Nix collected our temporary root")
		}
	}
	checkWithNix(t, s)
}

// TestRemindCollector: a collector that has looked at permanent roots already hears
// of a new one, whose temporary root it may come too late for.
func TestRemindCollector(t *testing.T) {
	s := openTest(t)
	p := addText(t, s, "kept", "x") // has a temporary root
	lock, err := openLockFile(s.gcLockPath())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if ok, err := tryLock(lock, lockExclusive); err != nil || !ok {
		t.Fatal(ok, err)
	}
	link := filepath.Join(t.TempDir(), "result")
	if err := s.AddPermRoot(t.Context(), p, link); err != nil {
		t.Errorf("while the collector does not listen yet: %v", err)
	}
	roots := newGCRoots()
	server, err := s.startGCServer(roots)
	if err != nil {
		t.Fatal(err)
	}
	defer server.close()
	if err := s.AddPermRoot(t.Context(), p, link); err != nil {
		t.Fatal(err)
	}
	roots.mu.Lock()
	defer roots.mu.Unlock()
	if !roots.parts[p.HashPart()] {
		t.Error("the collector did not hear of it")
	}
}

func TestRuntimeRoots(t *testing.T) {
	s := openTest(t)
	p := addText(t, s, "env", "x")
	s = reopen(t, s)
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), "HELD="+s.StoreDir().Format(p)+"/bin:/usr/bin")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	roots, err := s.FindRoots(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("/proc/%d/environ", cmd.Process.Pid)
	if !roots[p][want] {
		t.Errorf("roots of %v: %v", p, roots[p])
	}
}

func TestOptimise(t *testing.T) {
	s := openTest(t)
	a, b := addText(t, s, "a", "same contents"), addText(t, s, "b", "same contents")
	tree := addTestTree(t, s, "tree")
	stats, err := s.Optimise(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if stats.FilesLinked != 1 {
		t.Errorf("%d files were linked", stats.FilesLinked)
	}
	x, _ := os.Stat(s.RealPath(a))
	y, _ := os.Stat(s.RealPath(b))
	if !os.SameFile(x, y) {
		t.Error("equal files are not the same")
	}
	if st, _ := os.Stat(s.RealPath(tree)); st.Mode().Perm() != 0o555 || st.ModTime().Unix() != 1 {
		t.Errorf("directory is left with %v, %v", st.Mode(), st.ModTime())
	}
	checkWithNix(t, s)
	nixStore(t, s, "--optimise")
	if damaged, err := s.Verify(t.Context(), VerifyOptions{CheckContents: true}); damaged || err != nil {
		t.Errorf("damaged = %v, %v", damaged, err)
	}
	s = reopen(t, s)
	collect(t, s, GCOptions{})
	if links, _ := os.ReadDir(s.linksDir()); len(links) != 0 {
		t.Errorf("%d links are left", len(links))
	}
}

func TestVerifyFinds(t *testing.T) {
	ctx := t.Context()
	var log []string
	s := openTest(t, func(set *Settings) {
		set.Log = func(_ Level, m string) { log = append(log, m) }
	})
	lower := addText(t, s, "lower", "1")
	upper := addText(t, s, "upper", "2", lower)
	lone := addText(t, s, "lone", "3")
	os.Remove(s.RealPath(lone))
	os.Remove(s.RealPath(lower))
	damaged, err := s.Verify(ctx, VerifyOptions{})
	if err != nil || !damaged {
		t.Errorf("damaged = %v, %v", damaged, err)
	}
	all := strings.Join(log, "\n")
	if !strings.Contains(all, lone.String()+"' disappeared, removing") || !strings.Contains(all, lower.String()+"' disappeared, but it still has valid referrers!") {
		t.Errorf("log:\n%s", all)
	}
	if isValid(t, s, lone) || !isValid(t, s, lower) {
		t.Error("wrong paths were forgotten")
	}
	damaged, err = s.Verify(ctx, VerifyOptions{CheckContents: true, Repair: func(_ context.Context, p store.Path) error {
		if p != lower {
			return fmt.Errorf("repair of %v", p)
		}
		_, err := s.RepairText(ctx, "lower", "1", nil)
		return err
	}})
	if err != nil || damaged {
		t.Errorf("after repair: damaged = %v, %v", damaged, err)
	}
	if err := s.VerifyPath(ctx, lower); err != nil {
		t.Error(err)
	}
	_ = upper
}
