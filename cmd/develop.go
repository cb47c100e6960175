package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/shell"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// developRoles are what a flake offers as development shells.
var developRoles = flakeRoles{
	sets:   append([]string{"devShells"}, packageRoles.sets...),
	single: append([]string{"devShell"}, packageRoles.single...),
}

// developOptions are the flags that print-dev-env shares with develop.
type developOptions struct {
	flags     *settingsFlags
	eval      *evalFlags
	redirects []string
	profile   string
}

func (o *developOptions) add(env *Env, c *cobra.Command) {
	o.flags = addBuildSettingsFlags(c)
	o.eval = addEvalFlags(c, o.flags)
	o.eval.addSources(c)
	o.eval.talk = addTalkFlags(env, c, false)
	fl := c.Flags()
	fl.StringArrayVar(&o.redirects, "redirect", nil, "use the folder for the outputs of an installable: `INSTALLABLE DIR`")
	fl.StringVar(&o.profile, "profile", "", "make the environment a new generation of the profile `PATH`")
}

func newDevelopCmd(env *Env) *cobra.Command {
	var o developOptions
	var vars environFlags
	var command bool
	var phase string
	c := &cobra.Command{
		Use:   "develop [INSTALLABLE] [--command PROGRAM ARGS...]",
		Short: "Start a bash that has the build environment of a derivation",
		Long: `Develop starts bash with the variables and functions that the builder of a derivation
has once stdenv is set up, so that its phases can be run by hand. The derivation's
dependencies are built first. Its outputs go to ./outputs.`,
		Example: `  gonix develop -f '<nixpkgs>' hello
  gonix develop -f . mypackage --command make
  gonix develop -f . mypackage --phase configure`,
		Args: cobra.ArbitraryArgs,
	}
	vars.add(c)
	o.add(env, c)
	fl := c.Flags()
	fl.BoolVarP(&command, "command", "c", false, "run `PROGRAM ARGS...`, all that follows, instead of an interactive shell")
	fl.StringVar(&phase, "phase", "", "run the `PHASE` of stdenv: configure, build ...")
	for _, p := range []string{"unpack", "configure", "build", "check", "install", "installcheck"} {
		fl.BoolFunc(p, "run the phase "+p, func(string) error {
			phase = strings.Replace(p, "installcheck", "installCheck", 1)
			return nil
		})
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		args, words, err := commandWords(c, args, command)
		if err != nil {
			return err
		}
		if phase != "" && len(words) > 0 {
			return usageErrorf("you cannot use both '--command' and '--phase'")
		}
		environ, err := vars.environ(env)
		if err != nil {
			return err
		}
		return o.with(c.Context(), env, args, func(e *evaluation, d developed) error {
			return e.develop(c.Context(), d, environ, phase, words)
		})
	}
	return c
}

// commandWords parts the words of the command to run from the arguments before it.
func commandWords(c *cobra.Command, args []string, command bool) (before, words []string, err error) {
	if !command {
		return args, nil, nil
	}
	n := c.ArgsLenAtDash()
	if n < 0 || n == len(args) {
		return nil, nil, usageErrorf("'--command' needs a program to run")
	}
	return args[:n], args[n:], nil
}

// developed is an environment that has been computed.
type developed struct {
	env       *shell.Environment
	path      store.Path // where it is in the store
	redirects map[string]string
}

// with computes the environment of the installable.
func (o *developOptions) with(ctx context.Context, env *Env, args []string, f func(*evaluation, developed) error) error {
	if len(args) > 1 {
		return usageErrorf("expected one installable, not %d", len(args))
	}
	if len(args) == 0 {
		args = []string{""}
	}
	o.eval.lookAt(args)
	o.eval.roles = developRoles
	e, err := o.eval.open(ctx, env, readWrite)
	if err != nil {
		return err
	}
	if e.store == nil {
		return withClose(usageErrorf("nothing can be built in the store '%s'", o.eval.store), e)
	}
	d, err := o.compute(ctx, e, args[0])
	if err == nil {
		err = f(e, d)
	}
	return withClose(err, e)
}

func (o *developOptions) compute(ctx context.Context, e *evaluation, arg string) (d developed, err error) {
	targets, err := e.installables(o.eval, []string{arg})
	if err == nil {
		err = e.flush(ctx)
	}
	if err != nil {
		return d, err
	}
	if len(targets) != 1 {
		return d, fmt.Errorf("'%s' needs to evaluate to a single derivation, but it evaluated to %d derivations", arg, len(targets))
	}
	if d.path, err = e.buildEnvironment(ctx, targets[0]); err != nil {
		return d, err
	}
	text, err := os.ReadFile(filepath.Join(e.store.RealDir(), d.path.String()))
	if err != nil {
		return d, err
	}
	if d.env, err = shell.ParseEnvironment(text); err != nil {
		return d, fmt.Errorf("%s: %w", e.storeDir().Format(d.path), err)
	}
	if o.profile != "" {
		if err := addGeneration(ctx, e.store, e.env.abs(o.profile), d.path); err != nil {
			return d, err
		}
	}
	d.redirects = map[string]string{}
	for _, r := range o.redirects {
		what, dir, ok := strings.Cut(r, twoWordSep)
		if !ok {
			return d, usageErrorf("flag '--redirect' needs two words, INSTALLABLE and DIR")
		}
		targets, err := e.installables(o.eval, []string{what})
		if err == nil {
			err = e.flush(ctx)
		}
		if err != nil {
			return d, err
		}
		for _, t := range targets {
			outs := map[string]store.Path{"": t.Path}
			if !t.Drv.IsZero() {
				if outs, err = e.knownOutputs(t); err != nil {
					return d, err
				}
			}
			for _, p := range outs {
				d.redirects[e.storeDir().Format(p)] = e.env.abs(dir)
			}
		}
	}
	return d, nil
}

// knownOutputs are the paths of a derivation's outputs, as far as they are known
// before it is built.
func (e *evaluation) knownOutputs(t builder.Target) (map[string]store.Path, error) {
	d, err := e.readDerivation(t.Drv)
	if err != nil {
		return nil, err
	}
	outs := map[string]store.Path{}
	for _, o := range d.Outputs {
		if !o.Path.IsZero() && (t.Outputs == nil || slices.Contains(t.Outputs, o.Name)) {
			outs[o.Name] = o.Path
		}
	}
	return outs, nil
}

// buildEnvironment builds the environment of what is wanted, which may be one
// already.
func (e *evaluation) buildEnvironment(ctx context.Context, t builder.Target) (store.Path, error) {
	drvPath := t.Drv
	if drvPath.IsZero() {
		if !t.Path.IsDerivation() {
			if shell.IsEnvironment(t.Path) {
				return t.Path, nil
			}
			deriver, err := deriverOf(ctx, e.store, t.Path)
			if err != nil {
				return store.Path{}, err
			}
			t.Path = deriver
		}
		drvPath = t.Path
	}
	d, err := e.readDerivation(drvPath)
	if err != nil {
		return store.Path{}, err
	}
	hasher := &drv.Hasher{Dir: e.storeDir(), Read: e.readDerivation}
	envDrv, err := shell.Derivation(ctx, d, hasher, e.drvs())
	if err != nil {
		return store.Path{}, err
	}
	results, err := e.build(ctx, builder.Target{Drv: envDrv})
	if err != nil {
		return store.Path{}, err
	}
	for _, name := range sortedNames(results[0].Outputs) {
		p := results[0].Outputs[name]
		if info, err := os.Lstat(filepath.Join(e.store.RealDir(), p.String())); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			return p, nil
		}
	}
	return store.Path{}, fmt.Errorf("the build of '%s' produced no environment", e.storeDir().Format(envDrv))
}

// writeStructured writes the files of structured attributes where the script
// expects them.
func (d developed) writeStructured(dir string) error {
	for name, text := range d.env.StructuredFiles() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// develop enters an environment.
func (e *evaluation) develop(ctx context.Context, d developed, environ []string, phase string, words []string) error {
	tmp, err := e.env.tempDir("nix-develop.")
	if err != nil {
		return err
	}
	if err := d.writeStructured(tmp); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	script := d.env.Script(shell.ScriptOptions{OutputsDir: filepath.Join(e.env.Dir, "outputs"), FilesDir: tmp, Redirects: d.redirects})
	cleanup := "command rm -rf " + shell.Quote(tmp) + "\n"
	if d.env.Structured != nil {
		// They are read for as long as the shell runs.
		cleanup = "command rm -f " + shell.Quote(tmp+"/rc") + "\n"
	}
	bash, err := e.interactiveBash(ctx, environ, phase == "" && len(words) == 0)
	if err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	argv := []string{path.Base(bash), tmp + "/rc"}
	switch {
	case phase != "":
		script += cleanup + "foundMakefile=1\nrunHook " + phase + "Phase\n"
	case len(words) > 0:
		script += cleanup + "exec " + shell.QuoteAll(words) + "\n"
	default:
		script = "[ -n \"$PS1\" ] && [ -e ~/.bashrc ] && source ~/.bashrc;\nshopt -u expand_aliases\n" + script + cleanup + "\nshopt -s expand_aliases\n"
		for _, p := range [][2]string{{"bash-prompt", "PS1=%s"}, {"bash-prompt-prefix", `PS1=%s"$PS1"`}, {"bash-prompt-suffix", "PS1+=%s"}} {
			if v := e.settings.String(p[0]); v != "" {
				script += "[ -n \"$PS1\" ] && " + fmt.Sprintf(p[1], shell.Quote(v)) + ";\n"
			}
		}
		argv = []string{path.Base(bash), "--rcfile", tmp + "/rc"}
	}
	if err := os.WriteFile(tmp+"/rc", []byte(script), 0o600); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	// Collectors look at environments: this one keeps what the shell was made of.
	environ = withVariable(environ, "NIX_GCROOT", e.storeDir().Format(d.path))
	environ = withVariable(environ, "SHELL", bash)
	return e.enter(entry{bash, argv, environ})
}

// tempDir makes a directory where the user wants temporary files.
func (env *Env) tempDir(prefix string) (string, error) {
	return os.MkdirTemp(firstOf(env.Getenv("TMPDIR"), "/tmp"), prefix)
}

func newPrintDevEnvCmd(env *Env) *cobra.Command {
	var o developOptions
	var asJSON bool
	c := &cobra.Command{
		Use:   "print-dev-env [INSTALLABLE]",
		Short: "Print the build environment of a derivation as a bash script",
		Long: `Print-dev-env prints what makes a running bash one that has the build environment of a
derivation, as ` + "`gonix develop`" + ` would: source it.`,
		Example: `  source <(gonix print-dev-env -f . mypackage)
  gonix print-dev-env -f . mypackage --json`,
		Args: cobra.MaximumNArgs(1),
	}
	o.add(env, c)
	c.Flags().BoolVar(&asJSON, "json", false, "print variables and functions as JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		return o.with(c.Context(), env, args, func(e *evaluation, d developed) error {
			if asJSON {
				text, err := d.env.JSON()
				if err == nil {
					_, err = env.Stdout.Write(text)
				}
				return err
			}
			opts := shell.ScriptOptions{OutputsDir: filepath.Join(env.Dir, "outputs"), Redirects: d.redirects}
			if d.env.Structured != nil {
				var err error
				if opts.FilesDir, err = env.tempDir("nix-dev-env."); err != nil {
					return err
				}
				if err := d.writeStructured(opts.FilesDir); err != nil {
					return err
				}
			}
			_, err := fmt.Fprint(env.Stdout, d.env.Script(opts))
			return err
		})
	}
	return c
}

// interactiveBash is a bash for people: that of NIX_BUILD_SHELL, or else
// bashInteractive of <nixpkgs>, which is built, or else the user's own. A shell
// nobody types into need not be the first-rate one.
func (e *evaluation) interactiveBash(ctx context.Context, environ []string, interactive bool) (string, error) {
	if sh := e.env.Getenv("NIX_BUILD_SHELL"); sh != "" {
		return sh, nil
	}
	if !interactive {
		if own, err := lookProgram("bash", variable(environ, "PATH"), e.env.Dir); err == nil {
			return own, nil
		}
	}
	sh, _, err := e.nixpkgsBash(ctx)
	if err != nil {
		own, lookErr := lookProgram("bash", e.env.Getenv("PATH"), e.env.Dir)
		if lookErr != nil {
			return "", err
		}
		return own, nil
	}
	return sh, nil
}

// nixpkgsBash builds bashInteractive of <nixpkgs>.
func (e *evaluation) nixpkgsBash(ctx context.Context) (string, builder.Target, error) {
	t, err := e.bashTarget()
	if err == nil {
		err = e.flush(ctx)
	}
	if err != nil {
		return "", t, err
	}
	results, err := e.build(ctx, t)
	if err != nil {
		return "", t, err
	}
	out := results[0].Outputs["out"]
	return path.Join(e.storeDir().Format(out), "bin/bash"), t, nil
}

func (e *evaluation) bashTarget() (builder.Target, error) {
	v, err := e.text("(import <nixpkgs> {}).bashInteractive")
	if err != nil {
		return builder.Target{}, err
	}
	pkgs, ferr := e.st.Packages(v, nil)
	if ferr != nil {
		return builder.Target{}, e.fail(ferr)
	}
	if len(pkgs) != 1 {
		return builder.Target{}, errors.New("the 'bashInteractive' attribute in <nixpkgs> did not evaluate to a derivation")
	}
	p, err := e.storeDir().Parse(pkgs[0].DrvPath)
	return builder.Target{Drv: p, Outputs: []string{"out"}}, err
}
