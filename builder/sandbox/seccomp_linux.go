//go:build linux && (amd64 || arm64)

package sandbox

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// abi is one system call convention that a process can use, and its numbers of
// the calls that the filter looks at.
type abi struct {
	arch     uint32   // AUDIT_ARCH_*
	chmod    []uint32 // mode in the second argument
	fchmodat []uint32 // mode in the third argument
	xattr    []uint32 // refused altogether
	x32      bool     // numbers with bit 30 are the same calls again
}

// Numbers since Linux 5 are the same everywhere.
const (
	sysFchmodat2  = 452
	sysSetxattrat = 463
	sysGetxattrat = 464
)

var abis = map[string][]abi{
	"amd64": {
		{
			arch: unix.AUDIT_ARCH_X86_64, x32: true,
			chmod: []uint32{90, 91}, fchmodat: []uint32{268, sysFchmodat2},
			xattr: []uint32{188, 189, 190, 191, 192, 193, sysSetxattrat, sysGetxattrat},
		},
		{
			arch:  unix.AUDIT_ARCH_I386,
			chmod: []uint32{15, 94}, fchmodat: []uint32{306, sysFchmodat2},
			xattr: []uint32{226, 227, 228, 229, 230, 231, sysSetxattrat, sysGetxattrat},
		},
	},
	"arm64": {
		{
			arch:  unix.AUDIT_ARCH_AARCH64,
			chmod: []uint32{52}, fchmodat: []uint32{53, sysFchmodat2},
			xattr: []uint32{5, 6, 7, 8, 9, 10, sysSetxattrat, sysGetxattrat},
		},
		{
			arch:  unix.AUDIT_ARCH_ARM,
			chmod: []uint32{15, 94}, fchmodat: []uint32{333, sysFchmodat2},
			xattr: []uint32{226, 227, 228, 229, 230, 231, sysSetxattrat, sysGetxattrat},
		},
	},
}

// Offsets into struct seccomp_data; arguments are 64-bit little-endian words.
const (
	dataNr   = 0
	dataArch = 4
	dataArgs = 16
)

// filterProgram is the classic BPF program. As Nix's, it forbids setuid and
// setgid modes with EPERM and extended attributes with ENOTSUP. A process of an
// unknown convention is killed at its first call.
func filterProgram(goarch string) []unix.SockFilter {
	const (
		ldAbs = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		jeq   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		jset  = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		ret   = unix.BPF_RET | unix.BPF_K
		andK  = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	)
	load := func(off uint32) unix.SockFilter { return unix.SockFilter{Code: ldAbs, K: off} }
	result := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: ret, K: k} }
	allow := result(unix.SECCOMP_RET_ALLOW)
	eperm := result(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM))
	enotsup := result(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOTSUP))

	var prog []unix.SockFilter
	for _, a := range abis[goarch] {
		var body []unix.SockFilter
		body = append(body, load(dataNr))
		if a.x32 {
			body = append(body, unix.SockFilter{Code: andK, K: ^uint32(1 << 30)})
		}
		// mode appends: if the call is nr, look at its mode and be done.
		mode := func(nr uint32, arg uint32) {
			body = append(body,
				unix.SockFilter{Code: jeq, K: nr, Jf: 4},
				load(dataArgs+8*arg),
				unix.SockFilter{Code: jset, K: unix.S_ISUID | unix.S_ISGID, Jf: 1},
				eperm, allow)
		}
		for _, nr := range a.chmod {
			mode(nr, 1)
		}
		for _, nr := range a.fchmodat {
			mode(nr, 2)
		}
		for _, nr := range a.xattr {
			body = append(body, unix.SockFilter{Code: jeq, K: nr, Jf: 1}, enotsup)
		}
		body = append(body, allow)
		prog = append(prog, load(dataArch), unix.SockFilter{Code: jeq, K: a.arch, Jf: uint8(len(body))})
		prog = append(prog, body...)
	}
	return append(prog, result(unix.SECCOMP_RET_KILL_PROCESS))
}

// filter puts the filter for this machine into the program's memory and returns
// the address of its struct sock_fprog.
func (p *program) filter() uintptr {
	prog := filterProgram(runtime.GOARCH)
	raw := make([]byte, 0, 8*len(prog))
	for _, f := range prog {
		raw = append(raw, byte(f.Code), byte(f.Code>>8), f.Jt, f.Jf,
			byte(f.K), byte(f.K>>8), byte(f.K>>16), byte(f.K>>24))
	}
	return p.words([]uintptr{uintptr(len(prog)), p.bytes(string(raw))})
}
