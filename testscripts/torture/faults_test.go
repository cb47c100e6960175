//go:build linux

package torture

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inRoom marks the process of a test in a mount namespace of its own; its value is
// the directory that the test works in.
const inRoom = "GONIX_TORTURE_ROOM"

// room mounts small file systems and becomes another program: `room MOUNT... --
// PROGRAM NAME ARGS...`. A MOUNT is DIR=SIZE, for a tmpfs, or DIR=ro:OTHER, for a
// view of OTHER that cannot be written.
func room(args []string) int {
	runtime.LockOSThread()
	check := func(what string, err error) {
		if err != nil {
			fmt.Fprintf(os.Stderr, "room: %s: %v\n", what, err)
			os.Exit(1)
		}
	}
	check("make / private", unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""))
	for args[0] != "--" {
		dir, what, _ := strings.Cut(args[0], "=")
		check(dir, os.MkdirAll(dir, 0o755))
		if other, ok := strings.CutPrefix(what, "ro:"); ok {
			check(dir, unix.Mount(other, dir, "", unix.MS_BIND, ""))
			check(dir, unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, ""))
		} else {
			check(dir, unix.Mount("none", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755,size="+what))
		}
		args = args[1:]
	}
	check("clear capabilities", unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
	check("run", syscall.Exec(args[1], args[2:], os.Environ()))
	return 1
}

// limited becomes another program that may have few open files.
func limited(args []string) int {
	n, err := strconv.ParseUint(args[0], 10, 64)
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n})
	}
	if err == nil {
		err = syscall.Exec(args[1], args[2:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "limited:", err)
	return 1
}

// withMounts runs the body of a test, by name, in a namespace with mounts, given
// below a directory that the body gets.
func withMounts(t *testing.T, mounts []string, body func(dir string)) {
	if dir := os.Getenv(inRoom); dir != "" {
		body(dir)
		return
	}
	t.Parallel()
	needNamespaces(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{}
	for _, m := range mounts {
		args = append(args, dir+"/"+strings.ReplaceAll(m, "ro:", "ro:"+dir+"/"))
	}
	args = append(args, "--", self, self, "-test.run", "^"+t.Name()+"$", "-test.v")
	c := exec.CommandContext(t.Context(), program, args...)
	c.Args[0] = "room"
	c.Env = append(os.Environ(), inRoom+"="+dir)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		c.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// noRoom is what errors say when a disk is full.
const noRoom = "o space left on device"

// filler takes all room of a file system but some bytes.
func filler(t *testing.T, dir string, leave int64) (name string) {
	t.Helper()
	name = filepath.Join(dir, "filler")
	if n := free(t, dir) - leave; n > 0 {
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for block := make([]byte, 64<<10); n > 0; n -= int64(len(block)) {
			if _, err := f.Write(block[:min(n, int64(len(block)))]); err != nil {
				break
			}
		}
	}
	return name
}

func free(t *testing.T, dir string) int64 {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Bavail) * st.Bsize
}

// TestFaultFull: whatever is full, the error says so, nothing is damaged, and with
// room again all is well.
func TestFaultFull(t *testing.T) {
	mounts := []string{"root=40m", "builds=8m", "root/nix/var/nix/db=12m", "root/nix/var/log/nix=1m", "cache=2m"}
	withMounts(t, mounts, func(dir string) {
		p := placeIn(t, dir, "sandbox-paths = /bin/hostile="+program, "max-jobs = 2", "compress-build-log = false")
		p.write("graph.nix", graph)
		kept := p.builds(0)
		n := 1
		for _, full := range []string{p.root, p.tmp, filepath.Join(p.stateDir(), "db"), filepath.Join(p.root, "nix/var/log/nix")} {
			for _, leave := range []int64{0, 200 << 10} {
				n++
				name := filler(t, full, leave)
				args := []string{"gonix-build", "graph.nix", "--argstr", "salt", fmt.Sprint(n), "--no-out-link"}
				tree(p, n)
				for _, args := range [][]string{args, {"gonix-store", "--add", fmt.Sprint("tree-", n)}} {
					r := p.run(args...)
					if r.failed != nil {
						p.orderly(r, args)
						if text := r.err; !strings.Contains(text, noRoom) && !strings.Contains(text, "disk is full") && !strings.Contains(text, "free disk space") {
							t.Errorf("%q with %s full to %d bytes: %s", args, full, leave, text)
						}
					}
					if r := p.run("gonix-store", "--gc"); r.failed != nil {
						t.Errorf("gc with %s full to %d bytes: %s", full, leave, r.err)
					}
				}
				os.Remove(name)
				p.intact(kept)
				p.ok(args...)
			}
		}
		p.ok("gonix-store", "--gc")
		for _, where := range []string{"/build", "/nix/store", "/tmp"} {
			before := free(t, p.root)
			r := p.buildHostile("", "fill", where)
			if r.failed == nil || !strings.Contains(r.err, noRoom) {
				t.Errorf("fill %s: %v\n%s", where, r.failed, r.err)
			}
			if where != "/nix/store" && !strings.Contains(r.err, "lack of free disk space") {
				t.Errorf("fill %s: no word of the disk in\n%s", where, r.err)
			}
			p.ok("gonix-store", "--gc")
			p.harmless(r)
			if after := free(t, p.root); before-after > 1<<20 {
				t.Errorf("fill %s: %d bytes are lost", where, before-after)
			}
		}
		cache := "file://" + filepath.Join(dir, "cache")
		name := filler(t, filepath.Join(dir, "cache"), 4096)
		p.fails(noRoom, "gonix", "copy", "--to", cache, kept)
		os.Remove(name)
		p.ok("gonix", "copy", "--to", cache, kept)
		wholeCache(p, cache)
		p.intact(kept)
		p.swept()
	})
}

// TestFaultReadOnly: a store that cannot be written can be read, and says why it
// cannot be changed.
func TestFaultReadOnly(t *testing.T) {
	withMounts(t, []string{"root=40m", "view=ro:root"}, func(dir string) {
		p := placeIn(t, dir)
		kept := p.builds(0)
		view := *p
		view.root = filepath.Join(dir, "view")
		tree(p, 1)
		for _, args := range [][]string{
			{"gonix-build", "graph.nix", "--argstr", "salt", "7", "--no-out-link"},
			{"gonix-store", "--add", "tree-1"}, {"gonix-store", "--gc"}, {"gonix-store", "--optimise"},
		} {
			view.fails("ead-only file system", args...)
		}
		p.intact(kept)
		p.builds(1)
		p.swept()
	})
}

// TestFaultReadOnlyMount: where the store directory is mounted read-only, as on
// NixOS, root can use it, and nobody else sees it change.
func TestFaultReadOnlyMount(t *testing.T) {
	withMounts(t, []string{"root=40m", "root/nix/store=ro:root/nix/store"}, func(dir string) {
		p := placeIn(t, dir)
		p.write("graph.nix", graph)
		build := []string{"gonix-build", "graph.nix", "--argstr", "salt", "1", "--no-out-link"}
		if os.Geteuid() != 0 {
			p.fails("read-only", build...)
			return
		}
		top := p.ok(build...)[0]
		if _, err := os.Lstat(p.real(top)); err != nil {
			t.Error(err)
		}
		var st unix.Statfs_t
		if err := unix.Statfs(p.storeDir(), &st); err != nil || st.Flags&unix.ST_RDONLY == 0 {
			t.Errorf("it is not read-only any more: %v", err)
		}
		p.ok("gonix-store", "--verify", "--check-contents")
	})
}

// TestFaultPermissions: rights that are lost between two steps.
func TestFaultPermissions(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	kept := p.builds(0)
	tree(p, 1)
	for i, dir := range []string{p.storeDir(), filepath.Join(p.storeDir(), ".links"), filepath.Join(p.stateDir(), "db"), filepath.Join(p.stateDir(), "temproots"), p.tmp} {
		st, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		os.Chmod(dir, 0o500)
		for _, args := range [][]string{{"gonix-store", "--add", "tree-1"}, {"gonix-build", "graph.nix", "--argstr", "salt", fmt.Sprint(10 + i), "--no-out-link"}, {"gonix-store", "--gc"}} {
			// Root may do everything.
			if r := p.run(args...); r.failed != nil {
				p.orderly(r, args)
				if !strings.Contains(strings.ToLower(r.err), "permission denied") && !strings.Contains(r.err, "readonly") && !strings.Contains(r.err, "unable to open") {
					t.Errorf("%q without rights on %s: %s", args, dir, r.err)
				}
			}
		}
		os.Chmod(dir, st.Mode())
		p.intact(kept)
	}
	p.builds(1)
	p.swept()
}

// TestFaultFiles: few open files make an error, or none, but no damage.
func TestFaultFiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "max-jobs = 4")
	kept := p.builds(0)
	for i, n := range []int{8, 16, 24, 256} {
		c := p.command("limited", strconv.Itoa(n), program, "gonix-build", "graph.nix", "--argstr", "salt", fmt.Sprint(i+10), "--no-out-link")
		if r := finish(c); r.failed != nil {
			if !strings.Contains(strings.ToLower(r.err), "too many open files") && !strings.Contains(r.err, "unable to open") || strings.Contains(r.err, "goroutine ") && n >= 16 {
				t.Errorf("%d files: %v\n%s", n, r.failed, r.err)
			}
			if n == 256 {
				t.Errorf("256 files are too few: %s", r.err)
			}
		}
		p.intact(kept)
	}
	p.builds(1)
	p.swept()
}

// TestFaultDatabase: databases that are not as they should be.
func TestFaultDatabase(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	kept := p.builds(0)
	db := filepath.Join(p.stateDir(), "db")
	backup := filepath.Join(p.dir, "backup")
	if out, err := exec.Command("cp", "-a", db, backup).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	restore := func() {
		t.Helper()
		if out, err := exec.Command("sh", "-c", "rm -rf \"$1\" && cp -a \"$2\" \"$1\"", "sh", db, backup).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	file := filepath.Join(db, "db.sqlite")
	tree(p, 1)
	for _, tt := range []struct {
		name  string
		spoil func()
		err   string
	}{
		{"too new", func() { os.WriteFile(filepath.Join(db, "schema"), []byte("11"), 0o644) }, "schema is version 11, but I only support 10"},
		{"too old", func() { os.WriteFile(filepath.Join(db, "schema"), []byte("7"), 0o644) }, "old database schema 7"},
		{"no number", func() { os.WriteFile(filepath.Join(db, "schema"), []byte("\x00\x01"), 0o644) }, "is corrupt"},
		{"no database", func() { os.WriteFile(file, []byte("this is something else entirely"+strings.Repeat("!", 5000)), 0o644) }, "not a database"},
		{"a directory", func() { os.Remove(file); os.Mkdir(file, 0o755) }, "unable to open"},
		{"empty", func() { os.Truncate(file, 0) }, "lost its tables"},
		{"torn", func() {
			f, err := os.OpenFile(file, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for at := int64(4096); at < 200<<10; at += 512 {
				f.WriteAt([]byte(strings.Repeat("\xa5", 300)), at)
			}
		}, "malformed"},
	} {
		os.Remove(file + "-wal")
		os.Remove(file + "-shm")
		tt.spoil()
		for _, args := range [][]string{{"gonix-store", "--query", "--references", kept}, {"gonix-store", "--add", "tree-1"}, {"gonix-store", "--gc"}, {"gonix-store", "--verify"}} {
			r := p.run(args...)
			if r.failed == nil {
				t.Errorf("%s: %q succeeded", tt.name, args)
				continue
			}
			p.orderly(r, args)
			if !strings.Contains(r.err, tt.err) || !strings.Contains(r.err, db) && !strings.Contains(r.err, p.root) {
				t.Errorf("%s: %q says\n%s", tt.name, args, r.err)
			}
		}
		if _, err := os.Stat(p.real(kept)); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		restore()
		p.intact(kept)
	}
	// Without any database everything is garbage, until it is made again.
	os.RemoveAll(db)
	if got := p.builds(0); got != kept {
		t.Errorf("made %s instead of %s", got, kept)
	}
	p.intact(kept)
	p.swept()
}
