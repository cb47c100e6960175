// Package cmd is the command line: it reads flags, the environment and the
// working directory, passes them down as values, and turns what comes back into
// output and exit codes. One file per verb.
//
// Results go to stdout and talk to stderr. Exit status is 0, 1 for a failure,
// and 2 for wrong usage.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder/shell"
)

// Env is the world a command runs in. Commands take everything from here and
// nothing from package os, so that tests can run them in parallel.
type Env struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Dir    string              // absolute working directory
	Getenv func(string) string // environment
	// Program is the name gonix was called by, such as nix; Run sets it.
	Program string
	script  *script // what nix-shell runs, if that is a script; Run sets it

	// Environ is the whole environment, KEY=VALUE, for programs that are run.
	Environ []string

	jsonTalk bool // what is told is for a program: --log-format internal-json

	// Args are the words of the command line, the program's name first; Run sets
	// them.
	Args []string

	// Exec replaces the process by another program, as execve does. Without it the
	// program is a child.
	Exec func(program string, argv, environ []string) error
}

// with is the same world with a variable set.
func (env *Env) with(name, value string) *Env {
	w := *env
	w.Environ = withVariable(env.Environ, name, value)
	w.Getenv = func(n string) string {
		if n == name {
			return value
		}
		return env.Getenv(n)
	}
	return &w
}

// exitError carries an exit status. A nil Err prints nothing.
type exitError struct {
	Code int
	Err  error
}

func (e *exitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Code)
	}
	return e.Err.Error()
}

func (e *exitError) Unwrap() error { return e.Err }

// usageErrorf is an error of the command line itself: exit status 2.
func usageErrorf(format string, args ...any) error {
	return &exitError{2, fmt.Errorf(format, args...)}
}

// Main runs gonix for the process and returns its exit status.
func Main() int {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: find working directory: %v\n", err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // who presses Ctrl-C again does not want to wait
	env := &Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Dir: dir, Getenv: os.Getenv, Environ: os.Environ(), Exec: syscall.Exec}
	return Run(ctx, env, os.Args)
}

// Run runs the command that args[0] names: gonix itself, or, under the name of
// one of Nix's own tools (gonix-build, nix-build ...) or nixfmt, that tool.
func Run(ctx context.Context, env *Env, args []string) int {
	name := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	if slices.Contains(shell.Names(), name) {
		return runShell(ctx, env, args)
	}
	if len(args) > 1 && args[1] == enterStoreVerb {
		return exitStatus(env, runEnterStore(env, args[2:]))
	}
	if len(args) > 1 && args[1] == "__sh" {
		return runShell(ctx, env, append([]string{"busybox"}, args[2:]...))
	}
	if len(args) > 1 && legacyTools[strings.TrimPrefix(args[1], "nix-")] != nil && strings.HasPrefix(args[1], "nix-") {
		args = args[1:] // gonix nix-shell, for who has no link of that name
		name = args[0]
	}
	env.Program, env.Args = name, args
	var root *cobra.Command
	if name == "nixfmt" {
		root = newNixfmt(env, name)
	} else if tool, ok := strings.CutPrefix(strings.TrimPrefix(name, "go"), "nix-"); !ok {
		root = newRoot(env)
	} else if legacyTools[tool] != nil {
		if tool == "shell" {
			words, err := env.fromScript(args[1:])
			if err != nil {
				printError(env, err)
				return 1
			}
			args = append(args[:1:1], words...)
		}
		root = legacyTools[tool](env, name)
	} else if nixTools[tool] {
		printError(env, fmt.Errorf("gonix does not have %s", name))
		return 2
	} else {
		root = newRoot(env) // gonix-static and the like
	}
	prepare(root)
	root.SetArgs(expandSettings(root, normalizeArgs(args[1:])))
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	return exitStatus(env, root.ExecuteContext(ctx))
}

// exitStatus shows an error and returns the process's exit status for it.
func exitStatus(env *Env, err error) int {
	if err == nil {
		return 0
	}
	code := 1
	var exit *exitError
	if errors.As(err, &exit) {
		code = exit.Code
		err = exit.Err
	}
	if err != nil {
		printError(env, err)
	}
	return code
}
