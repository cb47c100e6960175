package cmd

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
	nixversion "gonix.dev/gonix/eval/version"
	"gonix.dev/gonix/store"
)

func newShellCmd(env *Env) *cobra.Command {
	var t targetArgs
	var vars environFlags
	var command bool
	c := &cobra.Command{
		Use:   "shell [INSTALLABLE]... [--command PROGRAM ARGS...]",
		Short: "Start a shell in which packages are found",
		Long: `Shell builds packages or fetches them and starts your shell, or PROGRAM, with their programs
in its PATH.`,
		Example: `  gonix shell -f '<nixpkgs>' jq python3
  gonix shell -f '<nixpkgs>' jq --command jq --version`,
		Args: cobra.ArbitraryArgs,
	}
	vars.add(c)
	t.add(env, c)
	c.Flags().BoolVarP(&command, "command", "c", false, "run `PROGRAM ARGS...`, all that follows, instead of a shell")
	c.RunE = func(c *cobra.Command, args []string) error {
		args, words, err := commandWords(c, args, command)
		if err != nil {
			return err
		}
		environ, err := vars.environ(env)
		if err != nil {
			return err
		}
		if len(words) == 0 {
			words = []string{firstOf(env.Getenv("SHELL"), "bash")}
		}
		if len(args) == 0 {
			args = []string{""}
		}
		return t.enter(c.Context(), env, args, func(e *evaluation, paths []store.Path) (entry, error) {
			dirs, err := programDirs(e, paths)
			if err != nil {
				return entry{}, err
			}
			if old := variable(environ, "PATH"); old != "" {
				dirs = append(dirs, old)
			}
			environ := withVariable(environ, "PATH", strings.Join(dirs, ":"))
			return entry{words[0], words, environ}, nil
		})
	}
	return c
}

// newEnvCmd holds `gonix env shell`, another name of `gonix shell`.
func newEnvCmd(env *Env) *cobra.Command {
	c := &cobra.Command{Use: "env", Short: "Change the environment of programs", Hidden: true}
	c.AddCommand(newShellCmd(env))
	return c
}

// enter realises the arguments and becomes the program that f chooses.
func (t *targetArgs) enter(ctx context.Context, env *Env, args []string, f func(e *evaluation, paths []store.Path) (entry, error)) error {
	t.eval.lookAt(args)
	e, err := t.eval.open(ctx, env, readWrite)
	if err != nil {
		return err
	}
	if e.store == nil {
		return withClose(usageErrorf("store '%s' is not a local store so it does not support command execution", t.eval.store), e)
	}
	paths, err := t.paths(ctx, e, args)
	if err != nil {
		return withClose(err, e)
	}
	x, err := f(e, paths)
	if err != nil {
		return withClose(err, e)
	}
	return e.enter(x)
}

// programDirs are the bin directories of packages and of what these propagate to
// their users.
func programDirs(e *evaluation, paths []store.Path) ([]string, error) {
	var dirs []string
	seen := map[store.Path]bool{}
	todo := paths
	for len(todo) > 0 {
		p := todo[0]
		todo = todo[1:]
		if seen[p] {
			continue
		}
		seen[p] = true
		// An output may be a symlink to another one.
		inside := e.storeDir().Format(p)
		target, err := resolveInStore(e, inside)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, target+"/bin")
		list, err := os.ReadFile(e.onDisk(target) + "/nix-support/propagated-user-env-packages")
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(list)) {
			q, err := e.storeDir().Parse(word)
			if err != nil {
				return nil, fmt.Errorf("%s propagates '%s': %w", inside, word, err)
			}
			todo = append(todo, q)
		}
	}
	return dirs, nil
}

// onDisk is where a file of the store lies.
func (e *evaluation) onDisk(inside string) string {
	return e.store.RealDir() + strings.TrimPrefix(inside, string(e.storeDir()))
}

// resolveInStore follows symlinks of a store path as long as they stay in the
// store.
func resolveInStore(e *evaluation, inside string) (string, error) {
	for range 64 {
		target, err := os.Readlink(e.onDisk(inside))
		if err != nil {
			return inside, nil
		}
		if !filepath.IsAbs(target) {
			target = path.Join(path.Dir(inside), target)
		}
		if !e.storeDir().Contains(target) {
			return "", fmt.Errorf("path '%s' is not in the Nix store", target)
		}
		inside = target
	}
	return "", fmt.Errorf("'%s' has too many levels of symbolic links", inside)
}

func newRunCmd(env *Env) *cobra.Command {
	var t targetArgs
	var vars environFlags
	c := &cobra.Command{
		Use:   "run [INSTALLABLE] [-- ARGS...]",
		Short: "Run the program of a package",
		Long: `Run builds a package or fetches it and runs its main program: that of meta.mainProgram, or
else the one with the package's own name.`,
		Example: `  gonix run -f '<nixpkgs>' hello
  gonix run -f '<nixpkgs>' jq -- --version`,
		Args: cobra.ArbitraryArgs,
	}
	vars.add(c)
	t.add(env, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		attr := ""
		if c.ArgsLenAtDash() != 0 && len(args) > 0 {
			attr, args = args[0], args[1:]
		}
		environ, err := vars.environ(env)
		if err != nil {
			return err
		}
		ctx := c.Context()
		t.eval.lookAt([]string{attr})
		e, err := t.eval.open(ctx, env, readWrite)
		if err != nil {
			return err
		}
		if e.store == nil {
			return withClose(usageErrorf("store '%s' is not a local store so it does not support command execution", t.eval.store), e)
		}
		program, err := e.mainProgram(ctx, t.eval, attr)
		if err != nil {
			return withClose(err, e)
		}
		return e.enter(entry{program, append([]string{program}, args...), environ})
	}
	return c
}

// mainProgram builds a package and gives the program to run.
func (e *evaluation) mainProgram(ctx context.Context, f *evalFlags, attr string) (string, error) {
	v, err := e.valueOf(f, attr)
	if err != nil {
		return "", err
	}
	pkgs, ferr := e.st.Packages(v, e.auto)
	if ferr != nil {
		return "", e.fail(ferr)
	}
	if len(pkgs) != 1 {
		return "", fmt.Errorf("'%s' is %d packages, not one", attr, len(pkgs))
	}
	set := pkgs[0].Attrs
	name, err := e.programName(set)
	if err != nil {
		return "", err
	}
	drvPath, err := e.storeDir().Parse(pkgs[0].DrvPath)
	if err != nil {
		return "", err
	}
	if err := e.finish(ctx); err != nil {
		return "", err
	}
	results, err := e.build(ctx, builder.Target{Drv: drvPath, Outputs: []string{pkgs[0].OutputName}})
	if err != nil {
		return "", err
	}
	return e.storeDir().Format(results[0].Outputs[pkgs[0].OutputName]) + "/bin/" + name, nil
}

// valueOf is what an argument selects: in a flake, or in what the flags evaluate to.
func (e *evaluation) valueOf(f *evalFlags, arg string) (eval.Value, error) {
	if f.isFlake(arg) {
		return e.flakeValue(arg, packageRoles)
	}
	v, err := e.source(f)
	if err != nil {
		return eval.Value{}, err
	}
	return e.selectPath(v, arg)
}

// programName is meta.mainProgram, or pname, or the name without its version.
func (e *evaluation) programName(set *eval.Attrs) (string, error) {
	get := func(set *eval.Attrs, name string) (string, bool, error) {
		slot := e.st.Get(set, name)
		if slot == nil {
			return "", false, nil
		}
		s, err := e.st.ForceStringNoContext(*slot, 0, "while evaluating the name of the program to run")
		if err != nil {
			return "", false, e.fail(err)
		}
		return s, true, nil
	}
	if meta := e.st.Get(set, "meta"); meta != nil {
		if m, err := e.st.Force(*meta); err == nil && m.Kind() == eval.KindAttrs {
			if s, ok, err := get(m.AsAttrs(), "mainProgram"); ok || err != nil {
				return s, err
			}
		}
	}
	if s, ok, err := get(set, "pname"); ok || err != nil {
		return s, err
	}
	s, _, err := get(set, "name")
	name, _ := nixversion.SplitName(s)
	return name, err
}
