//go:build linux

package torture

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hostile is a builder that wants to do harm. It runs inside a sandbox, as
// `hostile ACT ARGS...`. What it must not be able to do it reports as a BREACH.
// If all is well $out says so.
func hostile(args []string) int {
	act := acts[args[0]]
	if act == nil {
		fmt.Println("BREACH: no act", args[0])
		return 1
	}
	act(args[1:])
	if breaches > 0 {
		return 66
	}
	if _, err := os.Lstat(out); err != nil {
		if err := os.WriteFile(out, []byte("contained\n"), 0o644); err != nil {
			fmt.Println("BREACH: cannot write the output:", err)
			return 1
		}
	}
	return 0
}

var (
	out      = os.Getenv("out")
	input    = os.Getenv("input")
	breaches int
)

// must is for what an honest builder may do.
func must(err error) {
	if err != nil {
		fmt.Println("unexpected:", err)
		os.Exit(67)
	}
}

// refused says that something that must fail did not.
func refused(what string, err error) {
	if err == nil {
		breaches++
		fmt.Println("BREACH:", what)
	}
}

// again runs this program as another act, in a session of its own if detached.
func again(detached bool, args ...string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", args...)
	c.Args[0] = "hostile"
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: detached}
	return c
}

var acts map[string]func(args []string)

func init() {
	acts = map[string]func(args []string){
		"nothing": func([]string) {},
		// sleep takes a marker by which the test finds the process.
		"sleep": func([]string) {
			signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
			time.Sleep(time.Hour)
		},
		"daemons": func(args []string) {
			for range 3 {
				must(again(true, "orphan", args[0]).Run())
			}
		},
		"orphan": func(args []string) {
			must(again(true, "sleep", args[0]).Start())
			os.Exit(0)
		},
		"daemons and sleep": func(args []string) {
			must(again(true, "orphan", args[0]).Run())
			fmt.Println("started", args[0])
			acts["sleep"](args)
		},
		"kill all": func([]string) {
			unix.Kill(-1, unix.SIGKILL)
			refused("ptrace of the parent", unix.PtraceAttach(os.Getppid()))
		},
		"modes": modes, "xattrs": xattrs, "network": network, "outside": outside,
		"mounts": mounts, "nested": nested, "escape": escape, "keys": keys,
		"descriptors": descriptors, "links": links, "special": special,
		"odd names": oddNames, "deep": deep, "deep temporary": func([]string) { nest("/build", 1500) },
		"sparse": sparse, "huge sparse": func([]string) { hugeSparse() }, "huge tree": hugeTree,
		"print": printMuch, "fill": fill,
		"pass": pass, "setuid left": func([]string) { setuidFile(out); os.Exit(3) },
		"long names": longNames, "unreadable": unreadable,
	}
}

func setuidFile(name string) {
	// The filter looks at chmod; a file can be made with any mode.
	fd, err := unix.Open(name, unix.O_CREAT|unix.O_WRONLY, 0o6755)
	must(err)
	unix.Close(fd)
}

func modes([]string) {
	must(os.Mkdir(out, 0o755))
	f := filepath.Join(out, "f")
	must(os.WriteFile(f, nil, 0o755))
	fd, err := unix.Open(f, unix.O_RDONLY, 0)
	must(err)
	refused("chmod u+s", unix.Chmod(f, 0o4755))
	refused("chmod g+s", unix.Chmod(f, 0o2755))
	refused("fchmod u+s", unix.Fchmod(fd, 0o4755))
	refused("fchmodat u+s", unix.Fchmodat(unix.AT_FDCWD, f, 0o4755, 0))
	_, _, e := unix.Syscall6(452, uintptr(^uint(99)), uintptr(unsafe.Pointer(&append([]byte(f), 0)[0])), 0o4755, 0, 0, 0)
	if e == 0 {
		refused("fchmodat2 u+s", nil)
	}
	setuidFile(filepath.Join(out, "made"))
	must(os.WriteFile(filepath.Join(out, "log"), []byte("contained\n"), 0o600))
	must(unix.Mkdir(filepath.Join(out, "d"), 0o3700))
}

func xattrs([]string) {
	must(os.WriteFile(out, []byte("contained\n"), 0o644))
	for _, attr := range []string{"user.x", "trusted.x", "security.capability", "system.posix_acl_access"} {
		refused("setxattr "+attr, unix.Setxattr(out, attr, []byte("v"), 0))
		refused("lsetxattr "+attr, unix.Lsetxattr(out, attr, []byte("v"), 0))
	}
}

func network(args []string) {
	d := net.Dialer{Timeout: time.Second}
	for _, addr := range args {
		network, where, _ := strings.Cut(addr, "=")
		c, err := d.Dial(network, where)
		if err == nil {
			c.Close()
		}
		refused("connect to "+addr, err)
	}
	ifs, err := net.Interfaces()
	must(err)
	for _, i := range ifs {
		if i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0 {
			refused("interface "+i.Name, nil)
		}
	}
}

func outside(args []string) {
	for _, name := range append([]string{"/x", "/nix/x", "/nix/store/.links/x", "/etc/passwd", "/proc/sys/kernel/hostname",
		"/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/sys/x", "/bin/sh", input, input + "/x", "/proc/1/oom_score_adj2"}, args...) {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
		if err == nil {
			f.Close()
		}
		refused("write "+name, err)
	}
	for _, name := range []string{input, "/bin/sh"} {
		refused("remove "+name, os.Remove(name))
		refused("rename "+name, os.Rename(name, "/build/x"))
		refused("chmod "+name, os.Chmod(name, 0o777))
		refused("touch "+name, os.Chtimes(name, time.Now(), time.Now()))
	}
}

func mounts([]string) {
	must(os.Mkdir("/build/m", 0o755))
	refused("mount tmpfs", unix.Mount("none", "/build/m", "tmpfs", 0, ""))
	refused("bind mount", unix.Mount("/build", "/build/m", "", unix.MS_BIND, ""))
	refused("remount the store", unix.Mount("", input, "", unix.MS_REMOUNT|unix.MS_BIND, ""))
	refused("unmount", unix.Unmount(input, unix.MNT_DETACH))
	refused("pivot_root", unix.PivotRoot("/build", "/build"))
	refused("chroot", unix.Chroot("/build"))
	for _, typ := range []uint32{unix.S_IFCHR, unix.S_IFBLK} {
		refused("mknod", unix.Mknod("/build/dev", typ|0o666, int(unix.Mkdev(1, 1))))
	}
	refused("set the clock", unix.Settimeofday(&unix.Timeval{Sec: 1}))
	refused("set the host's name", unix.Sethostname([]byte("x")))
	_, _, e := unix.Syscall(unix.SYS_REBOOT, 1, 2, 3)
	if e == 0 {
		refused("reboot", nil)
	}
}

// nested tries again with all rights in a user namespace of its own.
func nested([]string) {
	c := again(false, "escape")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
	}
	if err := c.Run(); err != nil {
		if _, ran := err.(*exec.ExitError); ran {
			refused("escape from a nested namespace", nil)
		}
		// Else the kernel does not let us have one, which is fine too.
	}
}

func escape([]string) {
	refused("remount an input writable", unix.Mount("", input, "", unix.MS_REMOUNT|unix.MS_BIND, ""))
	refused("write an input", os.WriteFile(input, []byte("x"), 0o644))
	refused("unmount an input", unix.Unmount(input, unix.MNT_DETACH))
	refused("make a device", unix.Mknod("/build/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	must(os.MkdirAll("/build/jail", 0o755))
	up, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(err)
	if unix.Chroot("/build/jail") == nil {
		unix.Fchdir(up)
	}
	marker := os.Getenv("marker")
	for i := range 40 {
		_, err := os.Lstat(strings.Repeat("../", i) + strings.TrimPrefix(marker, "/"))
		refused("reach the host's root", err)
	}
	for pid := range 100 {
		for _, at := range []string{"root", "cwd"} {
			_, err := os.Lstat(fmt.Sprintf("/proc/%d/%s%s", pid, at, marker))
			refused(fmt.Sprint("reach the host's root by process ", pid), err)
		}
	}
	if os.Getuid() == 0 { // nested: the output is out of sight now
		os.Exit(min(breaches, 1))
	}
}

// keys looks for the session keyring of who called gonix.
func keys([]string) {
	_, err := unix.KeyctlSearch(unix.KEY_SPEC_SESSION_KEYRING, "user", "gonix-torture", 0)
	refused("find a key of the caller", err)
}

func descriptors([]string) {
	for fd := range 4096 {
		target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err == nil && fd > 2 && strings.HasPrefix(target, "/") {
			refused(fmt.Sprintf("descriptor %d is %s", fd, target), nil)
		}
	}
	refused("make the terminal ours", unix.IoctlSetInt(0, unix.TIOCSCTTY, 1))
	b := byte('x')
	for fd := range 3 {
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCSTI, uintptr(unsafe.Pointer(&b)))
		if e == 0 && fd == 0 {
			refused("type on the caller's terminal", nil)
		}
	}
}

func links([]string) {
	refused("link an input", os.Link(input, out))
	refused("link an input's directory", os.Link(input, "/build/in"))
	must(os.Mkdir(out, 0o755))
	must(os.Symlink("/etc/passwd", out+"/passwd"))
	must(os.Symlink(input, out+"/input"))
	must(os.Symlink("../../../../../../..", out+"/up"))
	must(os.WriteFile(out+"/log", []byte("contained\n"), 0o644))
	must(os.Link(out+"/log", out+"/log2"))
}

func special(args []string) {
	switch args[0] {
	case "fifo":
		must(unix.Mkfifo(out, 0o644))
	case "socket":
		must(os.Mkdir(out, 0o755))
		must(os.Chdir(out))
		_, err := net.Listen("unix", "s")
		must(err)
		os.Exit(0)
	}
}

func oddNames([]string) {
	must(os.Mkdir(out, 0o755))
	for _, name := range []string{"a\nb", "\xff\xfe", strings.Repeat("n", 255), " ", "-rf", "a\tb", "CASE", "case", "~nix~case~hack~1", "é", "e\u0301", "..."} {
		must(os.WriteFile(out+"/"+name, []byte(name), 0o644))
	}
	must(os.WriteFile(out+"/log", []byte("contained\n"), 0o644))
}

func nest(at string, n int) {
	dir, err := unix.Open(at, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(err)
	for range n {
		must(unix.Mkdirat(dir, "d", 0o755))
		next, err := unix.Openat(dir, "d", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(err)
		unix.Close(dir)
		dir = next
	}
}

func deep(args []string) {
	n, err := strconv.Atoi(args[0])
	must(err)
	must(os.Mkdir(out, 0o755))
	must(os.WriteFile(out+"/log", []byte("contained\n"), 0o644))
	nest(out, n)
}

// longNames is as much as an archive can hold: names that make a path too long for
// any system call.
func longNames([]string) {
	must(os.Mkdir(out, 0o755))
	must(os.WriteFile(out+"/log", []byte("contained\n"), 0o644))
	dir, err := unix.Open(out, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(err)
	name := strings.Repeat("d", 255)
	for range 40 {
		must(unix.Mkdirat(dir, name, 0o755))
		dir, err = unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(err)
	}
	fd, err := unix.Openat(dir, "file", unix.O_CREAT|unix.O_WRONLY, 0o755)
	must(err)
	unix.Write(fd, []byte("x"))
}

func unreadable([]string) {
	must(os.Mkdir(out, 0o755))
	must(os.WriteFile(out+"/log", []byte("contained\n"), 0))
	must(os.Mkdir(out+"/d", 0o755))
	must(os.WriteFile(out+"/d/f", nil, 0))
	must(os.Chmod(out+"/d", 0))
	must(os.Mkdir("/build/d", 0o755))
	must(os.WriteFile("/build/d/f", nil, 0))
	must(os.Chmod("/build/d", 0))
	must(os.Chmod(out, 0o100))
}

func sparse([]string) {
	f, err := os.Create(out)
	must(err)
	must(f.Truncate(64 << 20))
	must(f.Close())
}

// hugeSparse takes ages to hash.
func hugeSparse() {
	f, err := os.Create(out)
	must(err)
	must(f.Truncate(1 << 43))
	fmt.Println("made")
	must(f.Close())
}

func hugeTree([]string) {
	must(os.Mkdir(out, 0o755))
	for i := range 800 {
		must(os.WriteFile(fmt.Sprintf("%s/%d", out, i), nil, 0o644))
		must(os.WriteFile(fmt.Sprintf("/build/%d", i), nil, 0o644))
	}
	must(os.WriteFile(out+"/log", []byte("contained\n"), 0o644))
}

// printMuch prints that many MiB, with as much on a line as its second argument says.
func printMuch(args []string) {
	n, err := strconv.Atoi(args[0])
	must(err)
	line := []byte(strings.Repeat("y", 1<<20))
	if args[1] != "unbroken" {
		for i := 99; i < len(line); i += 100 {
			line[i] = '\n'
		}
	}
	for range n {
		if _, err := os.Stdout.Write(line); err != nil {
			os.Exit(68)
		}
	}
}

// fill writes until there is no room.
func fill(args []string) {
	f, err := os.Create(filepath.Join(args[0], "full"))
	must(err)
	block := make([]byte, 1<<20)
	for {
		if _, err := f.Write(block); err != nil {
			fmt.Println(err)
			os.Exit(5)
		}
	}
}

// pass gives an open file of its output to somebody outside.
func pass(args []string) {
	f, err := os.Create(out)
	must(err)
	_, err = f.WriteString("contained\n")
	must(err)
	name, err := hex.DecodeString(args[0])
	must(err)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(err)
	must(unix.Connect(fd, &unix.SockaddrUnix{Name: string(name)}))
	must(unix.Sendmsg(fd, []byte("x"), unix.UnixRights(int(f.Fd())), nil, 0))
	unix.Read(fd, make([]byte, 1))
}
