package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// entry is a program that takes the place of gonix.
type entry struct {
	program string   // a name is looked up in the PATH of environ
	argv    []string // with the program's own name
	environ []string
}

// enter runs the program where the paths of the evaluation's store are seen: gonix
// becomes it, or, if the store directory lies elsewhere, waits for it. It returns
// only in case of an error, or with the program's exit status as one.
func (e *evaluation) enter(x entry) error {
	st := e.store
	dir, real := string(st.StoreDir()), st.RealDir()
	if err := e.close(); err != nil {
		return err
	}
	if dir != real {
		return enterStore(e.env, dir, real, x)
	}
	return e.env.become(x)
}

// become replaces this process by the program.
func (env *Env) become(x entry) error {
	program, err := lookProgram(x.program, variable(x.environ, "PATH"), env.Dir)
	if err != nil {
		return err
	}
	if env.Exec != nil {
		err := env.Exec(program, x.argv, x.environ)
		return fmt.Errorf("execute '%s': %w", program, err)
	}
	c := exec.Command(program)
	c.Args, c.Env, c.Dir = x.argv, x.environ, env.Dir
	return env.runChild(c)
}

// runChild runs a program with the command's own streams; its exit status is an
// *exitError.
func (env *Env) runChild(c *exec.Cmd) error {
	c.Stdin, c.Stdout, c.Stderr = env.Stdin, env.Stdout, env.Stderr
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return &exitError{Code: exit.ExitCode()}
	}
	return err
}

// lookProgram finds a program as execvp does.
func lookProgram(name, path, dir string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, d := range filepath.SplitList(path) {
		if !filepath.IsAbs(d) {
			d = filepath.Join(dir, d)
		}
		full := filepath.Join(d, name)
		if info, err := os.Stat(full); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return full, nil
		}
	}
	return "", fmt.Errorf("unable to execute '%s': %w", name, fs.ErrNotExist)
}

// variable is the value of a variable in a list of KEY=VALUE.
func variable(environ []string, name string) string {
	for _, kv := range slices.Backward(environ) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

// hasVariable says whether a variable is set, be it to nothing.
func hasVariable(environ []string, name string) bool {
	return slices.ContainsFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
}

// withVariable sets a variable in a list of KEY=VALUE.
func withVariable(environ []string, name, value string) []string {
	out := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
	return append(out, name+"="+value)
}

// environFlags are Nix's flags for the environment of the program that is run.
type environFlags struct {
	ignore      bool
	keep, unset []string
	set         []string
}

func (f *environFlags) add(c *cobra.Command) {
	fl := c.Flags()
	fl.BoolVarP(&f.ignore, "ignore-env", "i", false, "start from an empty environment")
	fl.BoolVar(&f.ignore, "ignore-environment", false, "")
	_ = fl.MarkHidden("ignore-environment")
	fl.StringArrayVarP(&f.keep, "keep-env-var", "k", nil, "keep the variable `NAME` when starting from an empty environment")
	fl.StringArrayVar(&f.keep, "keep", nil, "")
	_ = fl.MarkHidden("keep")
	fl.StringArrayVarP(&f.unset, "unset-env-var", "u", nil, "remove the variable `NAME`")
	fl.StringArrayVar(&f.unset, "unset", nil, "")
	_ = fl.MarkHidden("unset")
	fl.StringArrayVarP(&f.set, "set-env-var", "s", nil, "set the variable `NAME VALUE`")
}

// environ is the environment of a program.
func (f *environFlags) environ(env *Env) ([]string, error) {
	if len(f.keep) > 0 && !f.ignore {
		return nil, usageErrorf("--keep-env-var does not make sense without --ignore-env")
	}
	if len(f.unset) > 0 && f.ignore {
		return nil, usageErrorf("--unset-env-var does not make sense with --ignore-env")
	}
	var out []string
	for _, kv := range env.Environ {
		name, _, _ := strings.Cut(kv, "=")
		if f.ignore && !slices.Contains(f.keep, name) || slices.Contains(f.unset, name) {
			continue
		}
		out = append(out, kv)
	}
	for _, a := range f.set {
		name, value, ok := strings.Cut(a, twoWordSep)
		if !ok {
			return nil, usageErrorf("flag '--set-env-var' needs two words, NAME and VALUE")
		}
		if slices.Contains(f.unset, name) {
			return nil, usageErrorf("cannot set environment variable '%s' that is unset with '--unset-env-var'", name)
		}
		out = withVariable(out, name, value)
	}
	return out, nil
}
