package cmd

import (
	"context"
	"debug/elf"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"gonix.dev/gonix/builder/shell"
)

// sandboxShell is a program that can be /bin/sh inside a sandbox: this one. A
// dynamic gonix also needs its libraries there.
func sandboxShell() (program string, libraries []string) {
	s := findSandboxShell()
	return s.program, s.libraries
}

type shellFiles struct {
	program   string
	libraries []string
}

var findSandboxShell = sync.OnceValue(func() shellFiles {
	self, err := os.Executable()
	if err != nil || runtime.GOOS != "linux" {
		return shellFiles{}
	}
	if strings.HasSuffix(filepath.Base(self), ".test") {
		return shellFiles{} // would run the tests
	}
	f, err := elf.Open(self)
	if err != nil {
		return shellFiles{}
	}
	defer f.Close()
	out := shellFiles{program: self}
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		b := make([]byte, p.Filesz)
		if _, err := p.ReadAt(b, 0); err != nil {
			return shellFiles{}
		}
		out.libraries = append(out.libraries, strings.TrimRight(string(b), "\x00"))
	}
	if len(out.libraries) > 0 && !out.addLibraries(f) {
		return shellFiles{}
	}
	return out
})

// libraryDirs are where the dynamic linker looks without being told.
var libraryDirs = []string{
	"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
	"/lib64", "/usr/lib64", "/lib", "/usr/lib",
}

func (s *shellFiles) addLibraries(f *elf.File) bool {
	names, err := f.ImportedLibraries()
	if err != nil {
		return false
	}
	for _, n := range names {
		i := slices.IndexFunc(libraryDirs, func(d string) bool {
			_, err := os.Stat(filepath.Join(d, n))
			return err == nil
		})
		if i < 0 {
			return false
		}
		lib := filepath.Join(libraryDirs[i], n)
		if slices.Contains(s.libraries, lib) {
			continue
		}
		s.libraries = append(s.libraries, lib)
		l, err := elf.Open(lib)
		if err != nil {
			return false
		}
		ok := s.addLibraries(l)
		l.Close()
		if !ok {
			return false
		}
	}
	return true
}

// runShell is what gonix does under the name of a shell, as in sandboxes.
func runShell(ctx context.Context, env *Env, args []string) int {
	return shell.Main(ctx, shell.World{
		Stdin: env.Stdin, Stdout: env.Stdout, Stderr: env.Stderr, Dir: env.Dir, Env: env.Environ,
	}, args)
}
