package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/shell"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// nixShell is nix-shell on a command line.
type nixShell struct {
	env     *Env
	eval    *evalFlags
	exprs   bool
	pkgs    bool
	pure    bool
	attrs   []string
	keep    []string
	exclude []string
	run     string // --run, --command
	quiet   bool   // not interactive
	dryRun  bool
	interp  string // what runs a script
}

// newNixShell is nix-shell.
func newNixShell(env *Env, name string) *cobra.Command {
	n := &nixShell{env: env}
	var command, run string
	c := &cobra.Command{
		Use:   name + " [FILE]...",
		Short: "Start a shell in the build environment of a derivation",
		Long: `Evaluates an expression (./shell.nix, or else ./default.nix, unless another is named), builds
the dependencies of the derivation that it makes, and starts a bash with its environment.
In a script that begins with "#! /usr/bin/env nix-shell", further lines that begin with
"#! nix-shell" give flags, and -i the interpreter of the rest.`,
		Example: `  ` + name + ` '<nixpkgs>' -A hello
  ` + name + ` -p python3 jq --run 'python3 --version'
  ` + name + ` --pure -p gcc --command make`,
		Version:       nixVersion,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetVersionTemplate(fmt.Sprintf("%s (Nix) {{.Version}}\n", name))
	conf := addBuildSettingsFlags(c)
	n.eval = addEvalFlags(c, conf)
	n.eval.talk = addTalkFlags(env, c, true)
	fl := c.Flags()
	fl.BoolVarP(&n.exprs, "expr", "E", false, "the arguments are Nix texts, not files")
	fl.BoolVarP(&n.pkgs, "packages", "p", false, "the arguments are packages of <nixpkgs>")
	fl.StringArrayVarP(&n.attrs, "attr", "A", nil, "take the attribute `PATH`")
	fl.BoolVar(&n.pure, "pure", false, "start from an almost empty environment")
	fl.StringArrayVar(&n.keep, "keep", nil, "keep the variable `NAME` in a pure shell")
	fl.StringArrayVar(&n.exclude, "exclude", nil, "do not build dependencies that match `REGEXP`")
	fl.StringVar(&run, "run", "", "run `COMMAND` and leave, without an interactive shell")
	fl.StringVar(&command, "command", "", "run `COMMAND` in an interactive shell and leave")
	fl.StringVarP(&n.interp, "interpreter", "i", "", "run the script with `PROGRAM` (in a script's first lines)")
	fl.BoolVar(&n.dryRun, "dry-run", false, "only say what would be built")
	for _, obsolete := range []string{"indirect", "add-drv-link", "no-out-link", "no-link"} {
		fl.Bool(obsolete, false, "")
		_ = fl.MarkHidden(obsolete)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		n.run, n.quiet = command, run != "" || n.interp != ""
		if run != "" {
			n.run = run
		}
		switch {
		case n.pkgs && n.exprs:
			return usageErrorf("'-p' and '-E' are mutually exclusive")
		case n.interp != "" && env.script == nil:
			return usageErrorf("'-i' belongs in the first lines of a script")
		}
		n.pure = n.pure && !n.eval.impure
		return n.start(c.Context(), args)
	}
	return c
}

// script is a file whose first lines gave nix-shell its arguments.
type script struct {
	name string
	args []string // for the script itself
}

// fromScript replaces the arguments of nix-shell by those that the first lines of
// a script give, if the first argument is one.
func (env *Env) fromScript(args []string) ([]string, error) {
	if len(args) == 0 {
		return args, nil
	}
	text, err := os.ReadFile(env.abs(args[0]))
	if err != nil {
		return args, nil // no script, then
	}
	words, ok, err := shell.ShebangWords(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", args[0], err)
	}
	if !ok {
		return args, nil
	}
	env.script = &script{args[0], args[1:]}
	return words, nil
}

// base is the directory that files in a script's first lines are relative to.
func (n *nixShell) base() string { return filepath.Dir(n.env.abs(n.env.script.name)) }

func (n *nixShell) start(ctx context.Context, args []string) error {
	s, err := n.eval.conf.load(n.env)
	if err != nil {
		return err
	}
	if n.env.script != nil && s.Bool("nix-shell-shebang-arguments-relative-to-script") {
		n.eval.base = n.base()
	}
	mode := "impure"
	if n.pure {
		mode = "pure"
	}
	n.env = n.env.with("IN_NIX_SHELL", mode)
	e, err := n.eval.openWith(ctx, n.env, readWrite, s)
	if err != nil {
		return err
	}
	if e.store == nil {
		return withClose(usageErrorf("nothing can be built in the store '%s'", n.eval.store), e)
	}
	drvPath, err := n.find(e, args)
	if err == nil {
		err = n.enter(ctx, e, drvPath)
	}
	return withClose(err, e)
}

// find evaluates the arguments, which must come to one derivation.
func (n *nixShell) find(e *evaluation, args []string) (store.Path, error) {
	exprs := n.exprs
	switch {
	case n.pkgs:
		text := "{...}@args: with import <nixpkgs> args; (pkgs.runCommandCC or pkgs.runCommand) \"shell\" { buildInputs = [ "
		for _, a := range args {
			text += "(" + a + ") "
		}
		args, exprs = []string{text + "]; } \"\""}, true
	case !exprs && len(args) == 0:
		args = []string{"."}
		if !exists(n.env.abs("shell.nix")) && !exists(n.env.abs("default.nix")) {
			return store.Path{}, errors.New("no argument specified and no 'shell.nix' or 'default.nix' file found in the working directory")
		}
		if !e.settings.Bool("nix-shell-always-looks-for-shell-nix") && exists(n.env.abs("shell.nix")) {
			args = []string{"shell.nix"}
		}
	}
	attrs := n.attrs
	if len(attrs) == 0 {
		attrs = []string{""}
	}
	var found []store.Path
	for _, arg := range args {
		if p, err := followToStore(n.env, e.storeDir(), resolved(n.env, withoutOutputs(arg))); !exprs && err == nil && p.IsDerivation() {
			found = append(found, p)
			continue
		}
		v, err := n.evaluate(e, arg, exprs)
		if err != nil {
			return store.Path{}, err
		}
		for _, attr := range attrs {
			paths, err := n.derivations(e, v, attr)
			if err != nil {
				return store.Path{}, err
			}
			found = append(found, paths...)
		}
	}
	if len(found) != 1 {
		return store.Path{}, usageErrorf("nix-shell requires a single derivation, but this is %d", len(found))
	}
	return found[0], nil
}

// withoutOutputs is a derivation without the outputs that may follow it: x.drv!dev.
func withoutOutputs(arg string) string {
	if i := strings.LastIndexAny(arg, "!^"); i >= 0 && strings.HasSuffix(arg[:i], store.DrvExtension) {
		return arg[:i]
	}
	return arg
}

// resolved is the name of a file without symlinks, or the argument itself.
func resolved(env *Env, arg string) string {
	if full, err := filepath.EvalSymlinks(env.abs(arg)); err == nil {
		return full
	}
	return arg
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func (n *nixShell) evaluate(e *evaluation, arg string, exprs bool) (eval.Value, error) {
	switch {
	case exprs:
		return e.text(arg)
	case arg == "-":
		return e.file(arg)
	case strings.HasPrefix(arg, "<") && strings.HasSuffix(arg, ">"):
		p, err := e.st.FindFile(e.st.Options().SearchPath, arg[1:len(arg)-1], 0)
		if err != nil {
			return eval.Value{}, e.fail(err)
		}
		arg = p
	case strings.HasPrefix(arg, "http://") || strings.HasPrefix(arg, "https://"):
		return e.file(arg)
	case n.env.script != nil && !filepath.IsAbs(arg):
		arg = filepath.Join(n.base(), arg)
	}
	file, err := n.shellFile(e, n.env.abs(arg))
	if err != nil {
		return eval.Value{}, err
	}
	return e.mainFile(file)
}

// shellFile is the file that a name stands for: in a directory shell.nix, or else
// default.nix.
func (n *nixShell) shellFile(e *evaluation, name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		return name, nil // evaluating it says what is wrong
	}
	file := filepath.Join(name, "shell.nix")
	if exists(file) {
		if e.settings.Bool("nix-shell-always-looks-for-shell-nix") {
			return file, nil
		}
		const setting = "nix-shell-always-looks-for-shell-nix"
		warnf(n.env, "Skipping '%s', because the setting '%s' is disabled. This is a deprecated behavior. Consider enabling '%s'.", file, setting, setting)
	}
	if file = filepath.Join(name, "default.nix"); exists(file) {
		return file, nil
	}
	return "", fmt.Errorf("neither 'shell.nix' nor 'default.nix' found in '%s'", name)
}

// derivations are those at an attribute path. A function that asks whether it is
// evaluated for a shell (inNixShell) is told so.
func (n *nixShell) derivations(e *evaluation, v eval.Value, attr string) ([]store.Path, error) {
	v, _, ferr := e.st.Select(v, attr, n.autoArgs(e, v))
	if ferr != nil {
		return nil, e.fail(ferr)
	}
	v, err := e.value(e.st.Force(v))
	if err != nil {
		return nil, err
	}
	pkgs, ferr := e.st.Packages(v, n.autoArgs(e, v))
	if ferr != nil {
		return nil, e.fail(ferr)
	}
	var paths []store.Path
	for _, p := range pkgs {
		drvPath, err := e.storeDir().Parse(p.DrvPath)
		if err != nil {
			return nil, err
		}
		paths = append(paths, drvPath)
	}
	return paths, nil
}

func (n *nixShell) autoArgs(e *evaluation, v eval.Value) *eval.Attrs {
	f, ok := e.st.DescribeFunction(v)
	if !ok || !slices.ContainsFunc(f.Formals, func(f eval.FunctionFormal) bool { return f.Name == "inNixShell" }) {
		return e.auto
	}
	args := e.st.NewAttrs(8)
	args.Set("inNixShell", eval.Bool(true))
	for _, at := range e.st.Sorted(e.auto) {
		if e.st.SymName(at.Sym) != "inNixShell" {
			args.Add(at.Sym, at.Pos, *at.Value)
		}
	}
	return args.Build()
}

// inputs are the dependencies that a shell needs.
func (n *nixShell) inputs(e *evaluation, d *drv.Derivation) ([]builder.Target, error) {
	var excluded []*regexp.Regexp
	for _, x := range n.exclude {
		re, err := regexp.Compile(x)
		if err != nil {
			return nil, usageErrorf("flag '--exclude': %v", err)
		}
		excluded = append(excluded, re)
	}
	var targets []builder.Target
	for _, in := range d.InputDrvs {
		name := e.storeDir().Format(in.Path)
		if len(in.Outputs) > 0 && !slices.ContainsFunc(excluded, func(re *regexp.Regexp) bool { return re.MatchString(name) }) {
			targets = append(targets, builder.Target{Drv: in.Path, Outputs: in.Outputs})
		}
	}
	for _, p := range d.InputSrcs {
		targets = append(targets, builder.Target{Path: p})
	}
	return targets, nil
}

// bash says which shell to start, and what has to be built for it.
func (n *nixShell) bash(e *evaluation) (program string, need *builder.Target) {
	if sh := n.env.Getenv("NIX_BUILD_SHELL"); sh != "" {
		return sh, nil
	}
	t, err := e.bashTarget()
	if err != nil {
		printError(n.env, err)
		fmt.Fprintln(n.env.Stderr, "will use bash from your environment")
		return "bash", nil
	}
	return "", &t
}

// enter builds what the derivation needs and becomes its shell.
func (n *nixShell) enter(ctx context.Context, e *evaluation, drvPath store.Path) error {
	if err := e.flush(ctx); err != nil {
		return err
	}
	stored, err := e.readDerivation(drvPath)
	if err != nil {
		return err
	}
	d := *stored
	targets, err := n.inputs(e, &d)
	if err != nil {
		return err
	}
	program, need := n.bash(e)
	if need != nil {
		targets = append(targets, *need)
	}
	if err := e.finish(ctx); err != nil {
		return err
	}
	b, err := e.session()
	if err != nil {
		return err
	}
	if n.dryRun || e.settings.Bool("print-missing") {
		if err := b.printMissing(ctx, targets, builder.LevelInfo); err != nil || n.dryRun {
			return err
		}
	}
	results, err := b.build(ctx, targets, builder.Normal)
	b.ui.stop()
	if err != nil {
		return err
	}
	built := map[store.Path]map[string]store.Path{}
	inputs := slices.Clone(d.InputSrcs)
	for _, r := range results {
		switch {
		case need != nil && r.Target.Drv == need.Drv:
			program = e.storeDir().Format(r.Outputs["out"]) + "/bin/bash"
		case !r.Target.Drv.IsZero():
			built[r.Target.Drv] = r.Outputs
			for _, p := range r.Outputs {
				inputs = append(inputs, p)
			}
		}
	}
	shell.Resolve(&d, built, e.storeDir())

	tmp, err := n.env.tempDir("nix-shell.")
	if err != nil {
		return err
	}
	x, err := n.prepare(ctx, e, drvPath, &d, inputs, tmp, program)
	if err == nil {
		err = e.enter(x)
	}
	return errors.Join(err, os.RemoveAll(tmp))
}

// prepare writes the files of the shell.
func (n *nixShell) prepare(ctx context.Context, e *evaluation, drvPath store.Path, d *drv.Derivation, inputs []store.Path, tmp, program string) (entry, error) {
	jsonText, attrsText, structured, err := e.building.worker.StructuredFiles(ctx, drvPath, d, inputs)
	if err != nil {
		return entry{}, err
	}
	l := shell.Legacy{
		TmpDir: tmp, Shell: program, Pure: n.pure, Root: os.Geteuid() == 0, TZ: n.env.Getenv("TZ"),
		Command: n.run, Structured: attrsText,
	}
	if l.Remove, err = lookProgram("rm", n.env.Getenv("PATH"), n.env.Dir); err != nil {
		l.Remove = "rm"
	}
	if n.interp != "" {
		l.Command = shell.Interpreter(n.interp, n.env.script.name, n.env.script.args)
	}
	user := n.env.Environ
	if n.pure {
		user = slices.DeleteFunc(slices.Clone(user), func(kv string) bool {
			name, _, _ := strings.Cut(kv, "=")
			return !slices.Contains(shell.KeptInPure, name) && !slices.Contains(n.keep, name)
		})
	}
	environ, files := l.Variables(user, d, e.storeDir(), e.building.worker.Settings.Cores)
	if structured {
		files[".attrs.json"], files[".attrs.sh"] = jsonText, attrsText
	}
	files["rc"] = l.Script()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(tmp, name), []byte(text), 0o600); err != nil {
			return entry{}, err
		}
	}
	argv := []string{"bash", tmp + "/rc"}
	if !n.quiet && n.env.stdinIsTerminal() && terminal(n.env.Stderr) {
		argv = []string{"bash", "--rcfile", tmp + "/rc"}
	}
	if !strings.Contains(program, "/") {
		if program, err = lookProgram(program, n.env.Getenv("PATH"), n.env.Dir); err != nil {
			return entry{}, err
		}
	}
	return entry{program, argv, environ}, nil
}
