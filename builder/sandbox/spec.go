package sandbox

import (
	"errors"
	"fmt"
	"os"
)

// ErrUnsupported means that this operating system has no sandbox.
var ErrUnsupported = errors.New("sandboxed processes are only supported on Linux")

// Spec says what to run and in which world. The zero value of each field works.
type Spec struct {
	Path string   // program, as seen from inside
	Args []string // argv, Args[0] included
	Env  []string // the whole environment, KEY=VALUE
	Dir  string   // working directory, as seen from inside; "" means /

	Stdin  *os.File // nil means /dev/null
	Stdout *os.File
	Stderr *os.File // nil means Stdout

	// Root gives the process its own root and namespaces. Without it the
	// process shares the host's, in a session of its own.
	Root *Root

	// User is the identity on the host. Nil keeps the caller's. Only root can
	// set it.
	User *User

	// FilterSyscalls forbids setuid and setgid modes (EPERM) and extended
	// attributes (ENOTSUP).
	FilterSyscalls bool

	// AllowNewPrivileges leaves setuid programs their effect.
	AllowNewPrivileges bool

	// KeepGroups does not mind if root may not drop its supplementary groups.
	KeepGroups bool

	// Personality is the execution domain, such as linux32 (8). 0 leaves it.
	Personality uintptr

	// Cgroup is what the process enters; nil for none.
	Cgroup *Cgroup

	// MaxProcesses bounds the processes and threads of the tree's user in its
	// user namespace; 0 does not. It does not bind the host's root.
	MaxProcesses uint64
}

// User is an identity on the host.
type User struct {
	UID, GID uint32
	Count    uint32   // how many ids from UID and GID on belong to it; 0 means 1
	Groups   []uint32 // supplementary groups; only without Root
}

// Root is a private file system and a private set of namespaces.
type Root struct {
	// Dir is an existing empty directory on the host, used as mount point.
	Dir string

	// UID and GID are who the process is inside.
	UID, GID uint32

	Mounts   []Mount
	Files    []File
	Symlinks []Symlink
	Dirs     []Dir

	Network bool   // keep the host's network
	ShmSize string // size of /dev/shm, as tmpfs takes it; "" means 50%
	Sysfs   bool   // mount /sys
	KVM     bool   // make /dev/kvm visible where it exists

	// Writable leaves the directories outside the mounts writable.
	Writable bool
}

// Mount makes a file or directory of the host visible inside.
type Mount struct {
	Source, Target string // both absolute
	ReadOnly       bool
	Optional       bool // no error if Source does not exist
}

// File is a small file made inside the root.
type File struct {
	Path string
	Mode uint32
	Data string
}

// Symlink is a symbolic link made inside the root.
type Symlink struct{ Path, Target string }

// Dir is a directory made inside the root.
type Dir struct {
	Path string
	Mode uint32
}

// StepError is a step of the preparation that failed. Exec is set when it was
// the last one, running the program itself.
type StepError struct {
	Step string
	Exec bool
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("%s: %v", e.Step, e.Err) }

func (e *StepError) Unwrap() error { return e.Err }
