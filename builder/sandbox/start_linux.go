//go:build linux && (amd64 || arm64)

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a started process tree.
type Process struct {
	Pid  int // of the first process, as the host sees it
	tree bool
}

// Start starts the process that spec describes. It returns when the program
// itself runs, or with a *StepError for the step that failed.
func Start(spec *Spec) (*Process, error) {
	p := newProgram()
	flags := uintptr(unix.CLONE_VFORK | unix.CLONE_VM)
	var close []*os.File
	defer func() {
		for _, f := range close {
			f.Close()
		}
	}()

	stdin := spec.Stdin
	if stdin == nil {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return nil, err
		}
		close = append(close, f)
		stdin = f
	}
	stderr := spec.Stderr
	if stderr == nil {
		stderr = spec.Stdout
	}
	var fds [3]uintptr
	for i, f := range []*os.File{stdin, spec.Stdout, stderr} {
		// Above 2, so that no dup3 below overwrites the source of another.
		fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return nil, fmt.Errorf("duplicate descriptor: %w", err)
		}
		close = append(close, os.NewFile(uintptr(fd), f.Name()))
		fds[i] = uintptr(fd)
	}

	// Signals that gonix catches or ignores mean nothing to the builder.
	dfl := p.words(make([]uintptr, 4))
	for sig := uintptr(1); sig <= 64; sig++ {
		if sig != uintptr(unix.SIGKILL) && sig != uintptr(unix.SIGSTOP) {
			p.try(unix.SYS_RT_SIGACTION, sig, dfl, 0, 8)
		}
	}
	p.try(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
	p.add("setsid", unix.SYS_SETSID)
	p.add("umask", unix.SYS_UMASK, 0o022)
	if spec.Cgroup != nil {
		for _, dir := range spec.Cgroup.dirs {
			p.overwrite(filepath.Join(dir, "cgroup.procs"), "0", false)
		}
	}

	root := os.Geteuid() == 0
	if spec.Root != nil {
		flags |= unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
		if !spec.Root.Network {
			flags |= unix.CLONE_NEWNET
		}
		if root {
			// Groups cannot be dropped once inside a namespace that denies it.
			if spec.KeepGroups {
				p.try(unix.SYS_SETGROUPS, 0, 0)
			} else {
				p.add("setgroups", unix.SYS_SETGROUPS, 0, 0)
			}
		} else {
			flags |= unix.CLONE_NEWUSER
			p.overwrite("/proc/self/setgroups", "deny", false)
			p.overwrite("/proc/self/uid_map", fmt.Sprintf("%d %d 1", spec.Root.UID, os.Geteuid()), false)
			p.overwrite("/proc/self/gid_map", fmt.Sprintf("%d %d 1", spec.Root.GID, os.Getegid()), false)
		}
		if err := p.makeRoot(spec.Root, root && spec.User == nil); err != nil {
			return nil, err
		}
		// The caller's has its keys.
		p.try(unix.SYS_KEYCTL, unix.KEYCTL_JOIN_SESSION_KEYRING, 0)
	}

	p.add("stdin", unix.SYS_DUP3, fds[0], 0, 0)
	p.add("stdout", unix.SYS_DUP3, fds[1], 1, 0)
	p.add("stderr", unix.SYS_DUP3, fds[2], 2, 0)
	p.try(unix.SYS_CLOSE_RANGE, 3, uintptr(^uint32(0)), unix.CLOSE_RANGE_CLOEXEC)

	switch {
	case spec.Root != nil && root:
		user := User{UID: 0, GID: uint32(os.Getegid())}
		if spec.User != nil {
			user = *spec.User
		}
		ns, err := userNamespace(user, spec.Root.UID, spec.Root.GID)
		if err != nil {
			return nil, err
		}
		p.add("enter user namespace", unix.SYS_SETNS, ns.Fd(), unix.CLONE_NEWUSER)
		p.identity(spec.Root.UID, spec.Root.GID)
	case spec.Root != nil:
		p.identity(spec.Root.UID, spec.Root.GID)
	case spec.User != nil:
		groups := make([]byte, 0, 4*len(spec.User.Groups))
		for _, g := range spec.User.Groups {
			groups = append(groups, byte(g), byte(g>>8), byte(g>>16), byte(g>>24))
		}
		p.add("setgroups", unix.SYS_SETGROUPS, uintptr(len(spec.User.Groups)), p.bytes(string(groups)))
		p.identity(spec.User.UID, spec.User.GID)
	}

	dir := spec.Dir
	if dir == "" {
		dir = "/"
	}
	p.add("change directory to "+dir, unix.SYS_CHDIR, p.bytes(dir))
	p.try(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL)
	limit := p.words([]uintptr{0, ^uintptr(0)}) // RLIM_INFINITY stays the hard limit
	p.try(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_CORE, limit)
	if n := uintptr(spec.MaxProcesses); n > 0 && spec.Root != nil {
		p.try(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NPROC, p.words([]uintptr{n, n}))
	}
	if spec.Personality != 0 {
		p.add("personality", unix.SYS_PERSONALITY, spec.Personality)
	}
	// A change of identity has cleared this.
	p.try(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
	if !spec.AllowNewPrivileges {
		p.add("no_new_privs", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	}
	if spec.FilterSyscalls {
		p.add("seccomp filter", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, p.filter())
	}
	empty := p.words([]uintptr{0})
	p.add("sigprocmask", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, empty, 0, 8)
	p.add("executing '"+spec.Path+"'", unix.SYS_EXECVE, p.bytes(spec.Path), p.strings(spec.Args), p.strings(spec.Env))

	pid, err := p.run(flags)
	if root {
		// The child's change of identity marked the shared memory as secret,
		// which would take /proc/self away from this process.
		unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	}
	if err != nil {
		return nil, err
	}
	return &Process{Pid: pid, tree: spec.Root != nil}, nil
}

func (p *program) identity(uid, gid uint32) {
	p.add("setgid", unix.SYS_SETRESGID, uintptr(gid), uintptr(gid), uintptr(gid))
	p.add("setuid", unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid))
}

// devices are the nodes of /dev that are taken from the host.
var devices = []string{"full", "null", "random", "tty", "urandom", "zero"}

// kernelFiles are what is below /proc and not of a process.
var kernelFiles = []string{"/proc/sys", "/proc/sysrq-trigger", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/acpi", "/proc/scsi"}

// makeRoot builds the private root on a tmpfs and makes it the root. asRoot says
// that the builder will be the host's root, though without its rights.
func (p *program) makeRoot(r *Root, asRoot bool) error {
	if !r.Network {
		p.loopback()
	}
	host := p.bytes("localhost")
	p.add("set host name", unix.SYS_SETHOSTNAME, host, uintptr(len("localhost")))
	p.add("set domain name", unix.SYS_SETDOMAINNAME, p.bytes("(none)"), uintptr(len("(none)")))

	p.mount("make / private", "", "/", "", unix.MS_PRIVATE|unix.MS_REC, "")
	p.mount("mount the root", "none", r.Dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755")
	p.add("enter the root", unix.SYS_CHDIR, p.bytes(r.Dir))

	mounts := append([]Mount(nil), r.Mounts...)
	sort.SliceStable(mounts, func(i, j int) bool { return mounts[i].Target < mounts[j].Target })
	ownDev, ownPts := true, true
	for _, m := range mounts {
		ownDev = ownDev && m.Target != "/dev"
		ownPts = ownPts && m.Target != "/dev/pts"
	}
	for _, d := range r.Dirs {
		p.mkdirs(d.Path)
		p.mkdir(d.Path, uintptr(d.Mode))
	}
	if ownDev {
		p.mkdir("/dev", 0o755)
		p.mkdir("/dev/shm", 0o755)
		p.mkdir("/dev/pts", 0o755)
		names := devices
		if r.KVM {
			names = append(names[:len(names):len(names)], "kvm")
		}
		for _, name := range names {
			mounts = append(mounts, Mount{Source: "/dev/" + name, Target: "/dev/" + name, Optional: name == "kvm" || name == "tty"})
		}
		for _, l := range []Symlink{
			{"/dev/fd", "/proc/self/fd"}, {"/dev/stdin", "/proc/self/fd/0"},
			{"/dev/stdout", "/proc/self/fd/1"}, {"/dev/stderr", "/proc/self/fd/2"},
		} {
			p.symlink(l.Path, l.Target)
		}
	}
	for _, m := range mounts {
		if err := p.bind(m); err != nil {
			return err
		}
	}
	for _, f := range r.Files {
		p.file(f.Path, f.Mode, f.Data)
	}
	for _, l := range r.Symlinks {
		p.symlink(l.Path, l.Target)
	}

	p.mkdir("/proc", 0o555)
	p.mount("mount /proc", "none", "./proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if asRoot {
		// These files belong to that user, whatever namespace it is in.
		for _, name := range kernelFiles {
			if _, err := os.Lstat(name); err == nil {
				p.mount("bind "+name, rel(name), rel(name), "", unix.MS_BIND|unix.MS_REC, "")
				p.readOnly(rel(name), true)
			}
		}
	}
	if r.Sysfs {
		p.mkdir("/sys", 0o555)
		p.mount("mount /sys", "none", "./sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	}
	if ownDev {
		size := r.ShmSize
		if size == "" {
			size = "50%"
		}
		p.mount("mount /dev/shm", "none", "./dev/shm", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777,size="+size)
		if _, err := os.Stat("/dev/pts/ptmx"); err == nil && ownPts {
			p.mount("mount /dev/pts", "none", "./dev/pts", "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,mode=0620,ptmxmode=0666")
			p.symlink("/dev/ptmx", "/dev/pts/ptmx")
		}
	}
	if !r.Writable {
		p.freeze(mounts)
	}
	dot := p.bytes(".")
	p.add("pivot_root", unix.SYS_PIVOT_ROOT, dot, dot)
	p.add("detach the old root", unix.SYS_UMOUNT2, dot, unix.MNT_DETACH)
	p.add("enter the new root", unix.SYS_CHDIR, p.bytes("/"))
	return nil
}

// freeze takes the right to write from the directories that were made for the
// root, but not from what is mounted in it.
func (p *program) freeze(mounts []Mount) {
	mounted := map[string]bool{"/proc": true, "/sys": true, "/dev/shm": true, "/dev/pts": true}
	for _, m := range mounts {
		mounted[m.Target] = true
	}
	for path := range p.made {
		foreign := false
		for up := path; up != "/"; up = filepath.Dir(up) {
			foreign = foreign || mounted[up]
		}
		if !foreign {
			p.try(unix.SYS_FCHMODAT, atFDCWD, p.bytes(rel(path)), 0o555)
		}
	}
	p.try(unix.SYS_FCHMODAT, atFDCWD, p.bytes("."), 0o555)
}

// bind makes m visible. A symbolic link cannot be bound and is copied.
func (p *program) bind(m Mount) error {
	st, err := os.Lstat(m.Source)
	if err != nil {
		if m.Optional && os.IsNotExist(err) {
			return nil
		}
		return fmt.Errorf("make '%s' visible in the sandbox: %w", m.Target, err)
	}
	target := rel(m.Target)
	switch {
	case st.Mode()&os.ModeSymlink != 0:
		to, err := os.Readlink(m.Source)
		if err != nil {
			return err
		}
		p.symlink(m.Target, to)
		return nil
	case st.IsDir():
		p.mkdirs(m.Target)
		p.mkdir(m.Target, 0o755)
	default:
		// Without truncating it: a directory of the host may be mounted above.
		p.mkdirs(m.Target)
		p.addFlags("create "+m.Target, opStore, unix.SYS_OPENAT, atFDCWD, p.bytes(target), unix.O_CREAT|unix.O_RDONLY|unix.O_CLOEXEC, 0o444)
		p.addFlags("create "+m.Target, opAcc, unix.SYS_CLOSE, 0)
	}
	p.mount(fmt.Sprintf("bind mount from '%s' to '%s'", m.Source, m.Target), m.Source, target, "", unix.MS_BIND|unix.MS_REC, "")
	if m.ReadOnly {
		p.readOnly(target, true)
	}
	return nil
}

// loopback switches the private network's only interface on.
func (p *program) loopback() {
	var ifreq [40]byte
	copy(ifreq[:], "lo")
	flags := uint16(unix.IFF_UP | unix.IFF_LOOPBACK | unix.IFF_RUNNING)
	ifreq[16], ifreq[17] = byte(flags), byte(flags>>8)
	p.addFlags("open a socket", opStore, unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	p.addFlags("switch the loopback interface on", opAcc, unix.SYS_IOCTL, 0, unix.SIOCSIFFLAGS, p.bytes(string(ifreq[:])))
	p.addFlags("close the socket", opAcc, unix.SYS_CLOSE, 0)
}

// Kill kills the whole tree: in a sandbox the kernel does so when process 1
// dies, elsewhere the session's process group is killed.
func (p *Process) Kill() {
	unix.Kill(-p.Pid, unix.SIGKILL)
	unix.Kill(p.Pid, unix.SIGKILL)
}

// Wait waits for the first process to end. In a sandbox everything else has
// been killed by then.
func (p *Process) Wait() (Status, error) {
	var ws syscall.WaitStatus
	var ru syscall.Rusage
	for {
		_, err := syscall.Wait4(p.Pid, &ws, 0, &ru)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return Status{}, fmt.Errorf("wait for process %d: %w", p.Pid, err)
		}
		break
	}
	if !p.tree {
		// Whatever the first process left behind in its group goes too.
		unix.Kill(-p.Pid, unix.SIGKILL)
	}
	s := Status{Code: ws.ExitStatus(), User: time.Duration(ru.Utime.Nano()), System: time.Duration(ru.Stime.Nano())}
	if ws.Signaled() {
		s.Signal = int(ws.Signal())
		s.SignalName = signalText(ws.Signal())
	}
	return s, nil
}

// signalText is what C's strsignal says.
func signalText(sig syscall.Signal) string {
	s := sig.String()
	if s == "" || strings.HasPrefix(s, "signal ") {
		return fmt.Sprintf("Unknown signal %d", int(sig))
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
