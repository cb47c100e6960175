//go:build linux && (amd64 || arm64)

package sandbox

import (
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// program is a list of system calls under construction, with the memory that
// their arguments point into.
type program struct {
	ops    []op
	names  []string // what each op does, for errors
	chunk  []byte   // free part of the newest block of memory
	blocks [][]byte // all blocks, to keep them alive; blocks never move
	made   map[string]bool
}

const blockSize = 32 << 10

func newProgram() *program {
	return &program{ops: make([]op, 0, 256), names: make([]string, 0, 256), made: map[string]bool{}}
}

// bytes copies data into memory that stays where it is and returns its address.
func (p *program) bytes(data string) uintptr {
	// 8 bytes of alignment let structures live here too.
	n := (len(data) + 8) &^ 7
	if n > len(p.chunk) {
		p.chunk = make([]byte, max(n, blockSize))
		p.blocks = append(p.blocks, p.chunk)
	}
	b := p.chunk[:n]
	p.chunk = p.chunk[n:]
	copy(b, data)
	return uintptr(unsafe.Pointer(&b[0]))
}

// strings makes a NULL-terminated array of C strings.
func (p *program) strings(list []string) uintptr {
	addrs := make([]uintptr, len(list)+1)
	for i, s := range list {
		addrs[i] = p.bytes(s)
	}
	return p.words(addrs)
}

func (p *program) words(words []uintptr) uintptr {
	return p.bytes(unsafe.String((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*int(unsafe.Sizeof(words[0]))))
}

// add appends a call whose failure is the error named step.
func (p *program) add(step string, nr uintptr, args ...uintptr) {
	p.addFlags(step, 0, nr, args...)
}

// try appends a call that may fail.
func (p *program) try(nr uintptr, args ...uintptr) { p.addFlags("", opIgnore, nr, args...) }

func (p *program) addFlags(step string, flags, nr uintptr, args ...uintptr) {
	o := op{nr: nr, flags: flags}
	copy(o.args[:], args)
	p.ops = append(p.ops, o)
	p.names = append(p.names, step)
}

// run clones a child with flags and runs the program in it. The error is a
// *StepError if a step failed.
func (p *program) run(flags uintptr) (pid int, err error) {
	st := &state{all: ^uint64(0)}
	pid = vforkRun(flags|uintptr(unix.SIGCHLD), &p.ops[0], st)
	runtime.KeepAlive(p)
	if pid < 0 {
		return 0, &StepError{Step: "clone", Err: syscall.Errno(-pid)}
	}
	if flags&unix.CLONE_VM == 0 || st.failed == 0 {
		return pid, nil
	}
	i := int((st.failed - uintptr(unsafe.Pointer(&p.ops[0]))) / unsafe.Sizeof(op{}))
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
			break
		}
	}
	return 0, &StepError{Step: p.names[i], Exec: i == len(p.ops)-1, Err: syscall.Errno(st.errno)}
}

const atFDCWD = ^uintptr(99) // AT_FDCWD, -100

// rel turns an absolute path of the inside into one relative to the new root,
// which is the working directory while the root is being made.
func rel(path string) string { return "." + path }

// mkdirs makes the directories above an inside path.
func (p *program) mkdirs(path string) {
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			p.mkdir(path[:i], 0o755)
		}
	}
}

func (p *program) mkdir(path string, mode uintptr) {
	if p.made[path] {
		return
	}
	p.made[path] = true
	p.try(unix.SYS_MKDIRAT, atFDCWD, p.bytes(rel(path)), mode)
}

func (p *program) file(path string, mode uint32, data string) {
	p.mkdirs(path)
	step := "create " + path
	p.addFlags(step, opStore, unix.SYS_OPENAT, atFDCWD, p.bytes(rel(path)),
		unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC|unix.O_CLOEXEC|unix.O_NOFOLLOW, uintptr(mode))
	if data != "" {
		p.addFlags("write "+path, opAcc, unix.SYS_WRITE, 0, p.bytes(data), uintptr(len(data)))
	}
	p.addFlags(step, opAcc, unix.SYS_CLOSE, 0)
}

// overwrite writes data to an existing file of the host in one write.
func (p *program) overwrite(path, data string, optional bool) {
	var ignore uintptr
	if optional {
		ignore = opIgnore
	}
	p.addFlags("open "+path, opStore|ignore, unix.SYS_OPENAT, atFDCWD, p.bytes(path), unix.O_WRONLY|unix.O_CLOEXEC)
	p.addFlags("write "+path, opAcc|ignore, unix.SYS_WRITE, 0, p.bytes(data), uintptr(len(data)))
	p.addFlags("close "+path, opAcc|ignore, unix.SYS_CLOSE, 0)
}

func (p *program) symlink(path, target string) {
	p.mkdirs(path)
	p.add("create "+path, unix.SYS_SYMLINKAT, p.bytes(target), atFDCWD, p.bytes(rel(path)))
}

func (p *program) mount(step, source, target, fstype string, flags uintptr, data string) {
	var src, typ, dat uintptr
	if source != "" {
		src = p.bytes(source)
	}
	if fstype != "" {
		typ = p.bytes(fstype)
	}
	if data != "" {
		dat = p.bytes(data)
	}
	p.add(step, unix.SYS_MOUNT, src, p.bytes(target), typ, flags, dat)
}

// readOnly makes the mount at target, and with recursive all below it, read-only.
func (p *program) readOnly(target string, recursive bool) {
	attr := p.words([]uintptr{unix.MOUNT_ATTR_RDONLY, 0, 0, 0})
	var flags uintptr
	if recursive {
		flags = unix.AT_RECURSIVE
	}
	p.add("make "+strings.TrimPrefix(target, ".")+" read-only", unix.SYS_MOUNT_SETATTR, atFDCWD, p.bytes(target), flags, attr, 32)
}
