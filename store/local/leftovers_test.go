//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A builder can make a tree that is far deeper than anybody may open files, and
// take away its own right to enter it.
func TestRemoveDeep(t *testing.T) {
	dir := t.TempDir()
	top, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(top)
	at := top
	for i := range 1000 {
		name := "deep"
		if err := unix.Mkdirat(at, name, 0o700); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			unix.Mkdirat(next, "sibling", 0o700)
		}
		if i > 0 {
			unix.Fchmod(at, 0)
			unix.Close(at)
		}
		at = next
	}
	unix.Close(at)
	for _, name := range []string{"deep", "deep"} { // the second is not there
		if err := RemoveTree(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := readNames(dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestScratch(t *testing.T) {
	ctx := context.Background()
	root, builds := filepath.Join(t.TempDir(), "root"), t.TempDir()
	open := func() *Store {
		s, err := Open(ctx, Settings{Root: root, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	made := func(s *Store, name string) string {
		name = filepath.Join(builds, name)
		if err := s.MakeScratch(ctx, name); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(name, "file"), nil, 0o444)
		return name
	}
	there := func(name string) bool {
		_, err := os.Lstat(name)
		return err == nil
	}
	s := open()
	dead, kept, another := made(s, "dead"), made(s, "kept"), made(s, "another's by now")
	if err := s.MakeScratch(ctx, dead); !errors.Is(err, os.ErrExist) {
		t.Errorf("made twice: %v", err)
	}
	if err := s.ForgetScratch(kept); err != nil {
		t.Fatal(err)
	}
	// Somebody else has made it anew, while the inode of the first is in use.
	os.Rename(another, another+".old")
	os.Mkdir(another, 0o700)
	live := open()
	lives := made(live, "lives")
	if !there(dead) || !there(lives) {
		t.Error("removed while its process lives")
	}
	s.scratch.file.Close() // dies
	s.scratch.file = nil
	if _, err := live.Collect(ctx, GCOptions{}); err != nil {
		t.Fatal(err)
	}
	if there(dead) || !there(kept) || !there(another) || !there(lives) {
		t.Errorf("dead %v, kept %v, another's %v, live %v", there(dead), there(kept), there(another), there(lives))
	}
	// What a process could not remove before it ended, the next one does.
	live.Close()
	if _, err := open().Collect(ctx, GCOptions{}); err != nil {
		t.Fatal(err)
	}
	if there(lives) {
		t.Error("not swept up after its process ended")
	}
	if left, _ := readNames(live.scratchDir()); len(left) > 0 {
		t.Errorf("records left: %q", left)
	}
}

// What a killed process of our own number left does not stand in our way.
func TestReplaceLinkAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "link")
	next := linkCounter.Load() + 1
	if _, err := tempLink(name+tempLinkMark, func(temp string) error { return os.Symlink("old", temp) }); err != nil {
		t.Fatal(err)
	}
	linkCounter.Store(next - 1)
	if err := ReplaceLink(name, "new"); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(name); target != "new" {
		t.Errorf("%q %v", target, err)
	}
}

// Links that a killed process was making are removed; those of living processes, Nix
// for one, are not, by whoever changes the profile or collects garbage.
func TestTempLinksOfOthers(t *testing.T) {
	s := openTest(t)
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	dead, lives := fmt.Sprintf("%s-%d-1", tempLinkMark, ended.Process.Pid), fmt.Sprintf("%s-%d-2", tempLinkMark, os.Getppid())
	profile := filepath.Join(t.TempDir(), "p")
	auto := filepath.Join(s.StateDir(), "gcroots/auto/x")
	if err := os.MkdirAll(filepath.Dir(auto), 0o755); err != nil {
		t.Fatal(err)
	}
	old := unix.NsecToTimespec(time.Now().Add(-time.Hour).UnixNano())
	for _, name := range []string{profile + dead, profile + lives, auto + dead, auto + lives} {
		if err := os.Symlink("/nowhere", name); err != nil {
			t.Fatal(err)
		}
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, name, []unix.Timespec{old, old}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			t.Fatal(err)
		}
	}
	fresh := auto + dead + "3" // by a process that is not seen from here, perhaps
	if err := os.Symlink("/nowhere", fresh); err != nil {
		t.Fatal(err)
	}
	if err := WithProfileLock(t.Context(), profile, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	collect(t, s, GCOptions{})
	for name, want := range map[string]bool{profile + dead: false, profile + lives: true, auto + dead: false, auto + lives: true, fresh: true} {
		if _, err := os.Lstat(name); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
