package settings

import (
	"path/filepath"
	"runtime"
	"strings"
)

// World is what the package may see of the machine. Every part may be missing.
type World struct {
	Getenv   func(string) string
	ReadFile func(string) ([]byte, error) // must report a missing file as fs.ErrNotExist
	Exists   func(string) bool            // whether a file can be read
	Dir      string                       // the working directory, for relative includes of NIX_CONFIG
	Home     string                       // the user's home, if HOME is not set
	Root     bool                         // whether the process is root
	CPUs     int                          // for max-jobs = auto; 0 is runtime.NumCPU
	Levels   int                          // x86-64 micro-architecture level, 1 to 4; 0 if unknown
	KVM      bool                         // whether /dev/kvm can be used
}

func (w World) env(name string) string {
	if w.Getenv == nil {
		return ""
	}
	return w.Getenv(name)
}

func (w World) exists(file string) bool { return w.Exists != nil && w.Exists(file) }

func (w World) cpus() int {
	if w.CPUs > 0 {
		return w.CPUs
	}
	return runtime.NumCPU()
}

func (w World) home() string {
	if h := w.env("HOME"); h != "" {
		return h
	}
	return w.Home
}

// ConfDir is the directory of the system's nix.conf.
func (w World) ConfDir() string {
	if d := w.env("NIX_CONF_DIR"); d != "" {
		return filepath.Clean(d)
	}
	return "/etc/nix"
}

// UserFiles are the user's configuration files, the strongest first, whether
// they exist or not.
func (w World) UserFiles() []string {
	if list := w.env("NIX_USER_CONF_FILES"); list != "" {
		return filepath.SplitList(list)
	}
	dirs := []string{w.env("NIX_CONFIG_HOME")}
	if dirs[0] == "" {
		dirs[0] = w.env("XDG_CONFIG_HOME")
		if dirs[0] == "" && w.home() != "" {
			dirs[0] = filepath.Join(w.home(), ".config")
		}
		if dirs[0] != "" {
			dirs[0] = filepath.Join(dirs[0], "nix")
		}
	}
	shared := w.env("XDG_CONFIG_DIRS")
	if shared == "" {
		shared = "/etc/xdg"
	}
	for _, d := range filepath.SplitList(shared) {
		dirs = append(dirs, filepath.Join(d, "nix"))
	}
	var files []string
	for _, d := range dirs {
		if d != "" {
			files = append(files, filepath.Join(d, "nix.conf"))
		}
	}
	return files
}

func defaultStore(w World) string {
	if s := w.env("NIX_REMOTE"); s != "" {
		return s
	}
	return "auto"
}

func defaultSymlinkedStore(w World) string {
	return boolWord(w.env("NIX_IGNORE_SYMLINK_STORE") == "1")
}

// hostSystem is the system type of this program.
func hostSystem() string {
	arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "arm": "armv7l",
		"riscv64": "riscv64", "ppc64le": "powerpc64le", "s390x": "s390x", "loong64": "loongarch64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return arch + "-" + runtime.GOOS
}

func defaultSystem(World) string { return hostSystem() }

func defaultPlatforms(w World) string {
	var p []string
	if hostSystem() == "x86_64-linux" {
		p = append(p, "i686-linux")
		for i := 1; i <= w.Levels; i++ {
			p = append(p, "x86_64-v"+string(rune('0'+i))+"-linux")
		}
	}
	return strings.Join(p, " ")
}

func defaultFeatures(w World) string {
	f := "benchmark big-parallel nixos-test"
	if runtime.GOOS == "linux" {
		f += " uid-range"
		if w.KVM {
			f += " kvm"
		}
	}
	return f
}

func defaultBuildUsersGroup(w World) string {
	if w.Root {
		return "nixbld"
	}
	return ""
}

func defaultDropGroups(w World) string { return boolWord(w.Root) }

func defaultBuilders(w World) string {
	if list := w.env("NIX_REMOTE_SYSTEMS"); list != "" {
		return "@" + strings.ReplaceAll(list, ":", "\n@")
	}
	return "@" + filepath.Join(w.ConfDir(), "machines")
}

func defaultNetrc(w World) string { return filepath.Join(w.ConfDir(), "netrc") }

func defaultCertFile(w World) string {
	for _, v := range []string{"NIX_SSL_CERT_FILE", "SSL_CERT_FILE"} {
		if f := w.env(v); f != "" {
			return f
		}
	}
	for _, f := range []string{"/etc/ssl/certs/ca-certificates.crt", "/nix/var/nix/profiles/default/etc/ssl/certs/ca-bundle.crt"} {
		if w.exists(f) {
			return f
		}
	}
	return ""
}

func defaultAbortOnWarn(w World) string {
	switch w.env("NIX_ABORT_ON_WARN") {
	case "1", "yes", "true":
		return "true"
	}
	return "false"
}
