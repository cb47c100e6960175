package builder

import (
	"time"

	"gonix.dev/gonix/store/cache"
)

// SandboxMode says when builds run in a sandbox.
type SandboxMode uint8

// The modes.
const (
	SandboxOff     SandboxMode = iota
	SandboxOn                  // always
	SandboxRelaxed             // except for fixed outputs and __noChroot
)

// Settings are the options of Nix that matter here, with Nix's meanings. The
// zero value builds one derivation at a time, without a sandbox.
type Settings struct {
	System         string   // this machine's, such as x86_64-linux
	ExtraPlatforms []string // others that run here
	SystemFeatures []string

	MaxJobs                int // builds at a time; 0 means that nothing can be built here
	MaxSubstitutionJobs    int // downloads at a time; 0 means 16
	Cores                  int // NIX_BUILD_CORES
	KeepGoing              bool
	KeepFailed             bool
	Fallback               bool
	Substitute             bool
	AlwaysAllowSubstitutes bool

	Timeout       time.Duration // of one build; 0 means none
	MaxSilentTime time.Duration // without output; 0 means none
	MaxLogSize    int64         // bytes; 0 means no limit
	LogLines      int           // lines of log in an error; 0 means 25
	KeepLog       bool
	CompressLog   bool
	PrintLogs     bool // the observer shows build logs, so errors need not

	Sandbox               SandboxMode
	SandboxFallback       bool     // go on without if it does not work here
	SandboxPaths          []string // TARGET, TARGET=SOURCE, with ? at the end optional
	SandboxBuildDir       string   // TMPDIR inside; "" means /build
	SandboxShmSize        string
	AllowedImpureHostDeps []string
	FilterSyscalls        bool
	AllowNewPrivileges    bool
	UseCgroups            bool
	MaxProcesses          uint64 // of one build, threads included; 0 means no limit of ours
	MaxMemory             int64  // bytes, of one build with a control group; 0 means no limit
	RequireDropGroups     bool   // fail if root cannot drop its supplementary groups

	BuildDir         string // where temporary directories are made; "" means /tmp
	BuildUsersGroup  string // for root; "" means that builds run as root
	AutoAllocateUIDs bool
	StartID, IDCount uint32

	DiffHook      string
	RunDiffHook   bool
	PostBuildHook string
	PreBuildHook  string
	HookConfig    string // NIX_CONFIG of the post-build hook

	HashedMirrors []string
	ImpureEnv     map[string]string
	Transport     *cache.Transport // of builtin:fetchurl; nil has Nix's defaults
	Retry         cache.Retry
	CAFile        string

	CADerivations     bool // the experimental feature
	ImpureDerivations bool

	// Shell is a program that serves as /bin/sh in sandboxes whose
	// SandboxPaths have none; "" means none.
	Shell string
	// ShellLibraries are files that Shell needs, visible where they are.
	ShellLibraries []string

	// LogCommand is how a user gets the log: "nix log" or "nix-store -l".
	LogCommand string

	// Getenv reads the caller's environment, for impureEnvVars.
	Getenv func(string) string
	// Environ is the caller's whole environment, for hooks.
	Environ []string
}

func (s *Settings) logLines() int {
	if s.LogLines == 0 {
		return 25
	}
	return s.LogLines
}

func (s *Settings) buildDir() string {
	if s.BuildDir == "" {
		return "/tmp"
	}
	return s.BuildDir
}

func (s *Settings) sandboxBuildDir() string {
	if s.SandboxBuildDir == "" {
		return "/build"
	}
	return s.SandboxBuildDir
}
