package local

import (
	"path/filepath"
	"time"

	"gonix.dev/gonix/store"
)

// Settings say where a store is and how it is kept. The zero value is the store
// of Nix's defaults.
type Settings struct {
	Dir      store.Dir // logical store directory; store.DefaultDir if empty
	Root     string    // chroot store: everything is below this directory
	RealDir  string    // physical store directory; if empty, Root/nix/store or Dir
	StateDir string    // Root + /nix/var/nix if empty
	LogDir   string    // Root + /nix/var/log/nix if empty

	ReadOnly bool // open the database as it is, take no locks, write nothing

	NoSync          bool // do not make objects durable before they are registered
	NoFsyncMetadata bool // let SQLite not sync either (fsync-metadata = false)
	NoWAL           bool // use SQLite's rollback journal (use-sqlite-wal = false)
	AutoOptimise    bool // hard-link what is added with equal files
	AllowSymlinks   bool // the store directory's parents may be symlinks

	BuildGroup  string   // as root, the store directory belongs to this group
	IgnoredACLs []string // extended attributes that are left alone

	GC GCPolicy

	// Trusted says whether an object from elsewhere may be added; nil trusts all.
	Trusted func(*store.PathInfo) error
	// TrustedRealisation says so of what an output is said to have come to be.
	TrustedRealisation func(*store.Realisation) error

	// HeldLocks are objects whose locks a parent process holds for this one.
	HeldLocks map[store.Path]bool

	// MakeWritable is called, as root, if the store directory is a read-only mount;
	// nil cannot help. It may start the program anew rather than return.
	MakeWritable func(dir string) error

	// Log takes progress and warnings; nil drops them.
	Log func(Level, string)
}

// GCPolicy says what garbage is and when it is collected.
type GCPolicy struct {
	KeepOutputs     bool          // a live derivation keeps its outputs
	DropDerivations bool          // a live output does not keep its derivation
	MinFree         int64         // bytes; collect when less is free. 0 never does
	MaxFree         int64         // bytes; stop collecting when this much is free
	CheckInterval   time.Duration // at most this often; 5 s if 0
	FreeSpaceFile   string        // holds the number of free bytes, for tests
	// Stop names FIFOs, for tests: a collection reads the first when it has the
	// lock, and the second when it knows the roots.
	Stop [2]string
}

// Level is the importance of a log message, Nix's verbosity.
type Level int

// The levels, as numbered by Nix.
const (
	Error Level = iota
	Warn
	Notice
	Info
	Talkative
	Chatty
	Debug
)

// withDefaults fills in the places.
func (s Settings) withDefaults() Settings {
	if s.Dir == "" {
		s.Dir = store.DefaultDir
	}
	if s.RealDir == "" {
		s.RealDir = string(s.Dir)
		if s.Root != "" {
			// Whatever the logical directory is, as in Nix.
			s.RealDir = filepath.Join(s.Root, "nix/store")
		}
	}
	if s.StateDir == "" {
		s.StateDir = filepath.Join("/", s.Root, "/nix/var/nix")
	}
	if s.LogDir == "" {
		s.LogDir = filepath.Join("/", s.Root, "/nix/var/log/nix")
	}
	if s.GC.CheckInterval == 0 {
		s.GC.CheckInterval = 5 * time.Second
	}
	return s
}
