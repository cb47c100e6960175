package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/builtins"
	"gonix.dev/gonix/flake"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/local"
)

// evalFlags are the flags that say what to evaluate, and how.
type evalFlags struct {
	conf      *settingsFlags
	file      string
	expr      string
	include   []string
	arg       []string
	argstr    []string
	showTrace bool
	impure    bool
	stats     bool
	store     string
	evalStore string     // where derivations and sources go, if not to store
	talk      *talkFlags // of commands that build
	pure      bool       // what Nix code may see depends on the arguments alone: they name flakes
	roles     flakeRoles // what the command looks for in a flake; packages if empty
	base      string     // what expressions of the command line are relative to, if not the working directory
}

// addEvalFlags gives a command the flags of evaluation. Those of the sources
// (--file, --expr) are for the commands of gonix; Nix's old tools have their own.
func addEvalFlags(c *cobra.Command, conf *settingsFlags) *evalFlags {
	f := &evalFlags{conf: conf}
	fl := c.Flags()
	fl.StringArrayVarP(&f.include, "include", "I", nil, "add `PATH` or NAME=PATH to where <NAME> is looked up")
	fl.StringArrayVar(&f.arg, "arg", nil, "pass `NAME EXPR` to the functions that are called on the way")
	fl.StringArrayVar(&f.argstr, "argstr", nil, "pass `NAME STRING` likewise, as a string")
	fl.BoolVar(&f.showTrace, "show-trace", false, "show the whole trace of an error")
	fl.BoolVar(&f.impure, "impure", false, "allow what makes results depend on this machine (the default)")
	fl.BoolVar(&f.stats, "show-stats", false, "print counts of the evaluation to stderr, as JSON")
	fl.StringVar(&f.evalStore, "eval-store", "", "put sources and derivations into the store at `URI` rather than the one that is built in")
	fl.StringVar(&f.store, "store", "", "evaluate for the store at `URI` (auto, local?root=DIR, /DIR, dummy://)")
	return f
}

func (f *evalFlags) addSources(c *cobra.Command) {
	c.Flags().StringVarP(&f.file, "file", "f", "", "evaluate `FILE` (- for standard input)")
	c.Flags().StringVarP(&f.expr, "expr", "E", "", "evaluate the Nix text `EXPR`")
}

// evaluation is an evaluator with what the command line gave it.
type evaluation struct {
	env      *Env
	base     string                  // what expressions of the command line are relative to
	flakes   map[string]*flake.Flake // opened, by URL
	st       *eval.State
	auto     *eval.Attrs // --arg and --argstr
	dir      store.Dir   // of store paths
	trace    bool
	stats    bool
	settings *settings.Settings
	profile  string // file to write a profile to, if any

	// Where derivations are built; nil if nothing is, or not in a local store.
	store *local.Store
	// The same, or a binary cache: what it has counts as built.
	place builder.Store
	// Where sources and derivations are written, if that is another store.
	evalStore *local.Store
	batch     *local.Batch // of that store
	talk      talkFlags
	building  *buildSession
	hasher    *drv.RealisationHasher // once realisations were asked for
}

// flush makes valid what the evaluation has written so far.
func (e *evaluation) flush(ctx context.Context) error {
	if e.batch == nil {
		return nil
	}
	return e.batch.Flush(ctx)
}

// session is what the evaluation's store is built in.
func (e *evaluation) session() (*buildSession, error) {
	if e.building == nil {
		b, err := newBuildSession(e.env, e.settings, e.place, e.talk)
		if err != nil {
			return nil, err
		}
		if e.evalStore != nil {
			b.worker.EvalStore = sourceStore{Store: e.evalStore, to: e.store}
		}
		e.building = b
	}
	return e.building, nil
}

// build makes targets, shows it, and ends the display.
func (e *evaluation) build(ctx context.Context, targets ...builder.Target) ([]builder.Result, error) {
	b, err := e.session()
	if err != nil {
		return nil, err
	}
	defer b.ui.stop()
	return b.build(ctx, targets, builder.Normal)
}

// evalMode says how an evaluation treats the store.
type evalMode uint8

const (
	readOnly  evalMode = iota // computes store paths and writes nothing
	readWrite                 // writes sources and derivations
)

// open makes the evaluator.
func (f *evalFlags) open(ctx context.Context, env *Env, mode evalMode) (*evaluation, error) {
	s, err := f.conf.load(env)
	if err != nil {
		return nil, err
	}
	return f.openWith(ctx, env, mode, s)
}

func (f *evalFlags) openWith(ctx context.Context, env *Env, mode evalMode, s *settings.Settings) (*evaluation, error) {
	deferCollection(env.Getenv)
	pure := (s.Bool("pure-eval") || f.pure) && !f.impure
	world, adder, st, err := openEvalStore(ctx, env, s, firstOf(f.evalStore, f.store), mode, pure)
	if err != nil {
		return nil, err
	}
	e := &evaluation{env: env, base: firstOf(f.base, env.Dir), trace: f.showTrace || s.Bool("show-trace"), stats: f.stats || env.Getenv("NIX_SHOW_STATS") != "", settings: s}
	opts := eval.Options{
		World:        world,
		Store:        adder,
		SearchPath:   f.searchPath(env, s),
		System:       evalSystem(s),
		Pure:         pure,
		Restricted:   s.Bool("restrict-eval"),
		MaxCallDepth: s.Int("max-call-depth"),
		Features:     make(map[string]bool),
		ReadOnly:     mode == readOnly,
		TraceVerbose: s.Bool("trace-verbose"),
		AbortOnWarn:  s.Bool("abort-on-warn"),
		Home:         env.Getenv("HOME"),
		Context:      ctx,
		Lint: eval.LintOptions{
			URLs:          lintLevel(s.String("lint-url-literals")),
			ShortPaths:    lintLevel(s.String("lint-short-path-literals")),
			AbsolutePaths: lintLevel(s.String("lint-absolute-path-literals")),
		},
		NoImportFromDerivation: !s.Bool("allow-import-from-derivation"),
		Trace:                  func(msg string) { showTrace(env, msg) },
		Warn:                   func(msg string) { evalWarning(env, msg) },
	}
	for _, name := range s.Strings("experimental-features") {
		opts.Features[name] = true
	}
	if s.String("eval-profiler") == "flamegraph" {
		opts.Profiler = eval.NewProfiler(s.Int("eval-profiler-frequency"))
		e.profile = inDir(env, s.String("eval-profile-file"))
	}
	e.talk = talkFlags{printLogs: true, legacy: true, verbosity: builder.LevelInfo}
	if f.talk != nil {
		e.talk = *f.talk
	}
	if err := e.openPlaces(ctx, f, adder, st, mode); err != nil {
		return nil, err
	}
	if e.store != nil {
		r := &evalRealiser{session: e.session, flush: e.flush, dir: e.store.StoreDir()}
		if e.evalStore != nil {
			r.bring = sourceStore{Store: e.store, to: e.evalStore, trusted: true}.Bring
		}
		opts.Realiser = r
	}
	e.st = eval.New(opts, builtins.All()...)
	e.dir = e.st.StoreDir()
	if err := e.addArgs(f); err != nil {
		return nil, err
	}
	return e, nil
}

func evalSystem(s *settings.Settings) string {
	if sys := s.String("eval-system"); sys != "" {
		return sys
	}
	return s.String("system")
}

func lintLevel(word string) eval.LintLevel {
	switch word {
	case "warn":
		return eval.LintWarn
	case "fatal":
		return eval.LintError
	}
	return eval.LintIgnore
}

// searchPath joins -I and the setting nix-path, which NIX_PATH has been read into. Who
// has neither finds the channels.
func (f *evalFlags) searchPath(env *Env, s *settings.Settings) []eval.SearchPathEntry {
	entries := append(slices.Clip(f.include), s.Strings("nix-path")...)
	if s.IsDefault("nix-path") && !hasVariable(env.Environ, "NIX_PATH") {
		entries = append(entries, channelPath(env, s)...)
	}
	var out []eval.SearchPathEntry
	for _, e := range entries {
		prefix, path, ok := strings.Cut(e, "=")
		if !ok {
			prefix, path = "", e
		}
		if !strings.Contains(path, ":") {
			path = inDir(env, path)
		}
		out = append(out, eval.SearchPathEntry{Prefix: prefix, Path: path})
	}
	return out
}

// channelPath is where <name> is looked up by default: in the channels there are.
func channelPath(env *Env, s *settings.Settings) []string {
	if env.Getenv("HOME") == "" || s.Bool("restrict-eval") || s.Bool("pure-eval") {
		return nil
	}
	channels := filepath.Join(firstOf(env.Getenv("NIX_STATE_DIR"), "/nix/var/nix"), rootProfiles, "channels")
	var found []string
	for _, e := range [][2]string{
		{"", filepath.Join(env.defExpr(s), "channels")},
		{"nixpkgs=", filepath.Join(channels, "nixpkgs")},
		{"", channels},
	} {
		if _, err := os.Stat(e[1]); err == nil {
			found = append(found, e[0]+e[1])
		}
	}
	return found
}

// addArgs evaluates --arg and --argstr, which functions are called with.
func (e *evaluation) addArgs(f *evalFlags) error {
	b := e.st.NewAttrs(len(f.arg) + len(f.argstr))
	for _, a := range f.arg {
		name, text, ok := strings.Cut(a, twoWordSep)
		if !ok {
			return usageErrorf("flag '--arg' needs two words, NAME and EXPR")
		}
		v := e.st.Lazy(func() (eval.Value, *eval.Error) { return e.st.EvalText("«command line argument»", text, e.base) })
		b.Set(name, v)
	}
	for _, a := range f.argstr {
		name, text, ok := strings.Cut(a, twoWordSep)
		if !ok {
			return usageErrorf("flag '--argstr' needs two words, NAME and STRING")
		}
		b.Set(name, eval.String(text))
	}
	e.auto = b.Build()
	return nil
}

// text evaluates an expression of the command line.
func (e *evaluation) text(expr string) (eval.Value, error) {
	return e.value(e.st.EvalText("«string»", expr, e.base))
}

// file evaluates a file: a path, <name>, or - for standard input.
func (e *evaluation) file(name string) (eval.Value, error) {
	if name == "-" {
		b, err := io.ReadAll(e.env.Stdin)
		if err != nil {
			return eval.Value{}, fmt.Errorf("read standard input: %w", err)
		}
		return e.value(e.st.EvalText("«stdin»", string(b), e.env.Dir))
	}
	if rest, ok := strings.CutPrefix(name, "<"); ok && strings.HasSuffix(rest, ">") {
		p, err := e.st.FindFile(e.st.Options().SearchPath, strings.TrimSuffix(rest, ">"), 0)
		if err != nil {
			return eval.Value{}, e.fail(err)
		}
		return e.mainFile(p)
	}
	return e.mainFile(inDir(e.env, name))
}

// mainFile evaluates a file that the user named: errors need not say that it was
// being evaluated.
func (e *evaluation) mainFile(name string) (eval.Value, error) {
	v, err := e.st.EvalFile(name, 0)
	if err != nil {
		if n := len(err.Trace); n > 0 && err.Trace[n-1].Pos == 0 && strings.HasPrefix(err.Trace[n-1].Msg, "while evaluating the file '") {
			err.Trace = err.Trace[:n-1]
		}
	}
	return e.value(v, err)
}

// source evaluates what --file and --expr say; without them, standard input if
// that is not a terminal, else default.nix.
func (e *evaluation) source(f *evalFlags) (eval.Value, error) {
	switch {
	case f.expr != "" && f.file != "":
		return eval.Value{}, usageErrorf("give one of --file and --expr")
	case f.expr != "":
		return e.text(f.expr)
	case f.file != "":
		return e.file(f.file)
	}
	if _, err := os.Stat(filepath.Join(e.env.Dir, "default.nix")); errors.Is(err, os.ErrNotExist) {
		return eval.Value{}, usageErrorf("there is no default.nix here; say what to evaluate with --file or --expr")
	}
	return e.file("./default.nix")
}

// selectPath follows a selection path; the result is forced.
func (e *evaluation) selectPath(v eval.Value, path string) (eval.Value, error) {
	v, _, err := e.st.Select(v, path, e.auto)
	if err != nil {
		return eval.Value{}, e.fail(err)
	}
	return e.value(e.st.Force(v))
}

func (e *evaluation) value(v eval.Value, err *eval.Error) (eval.Value, error) {
	if err != nil {
		return eval.Value{}, e.fail(err)
	}
	return v, nil
}

// fail makes an error that knows how to show itself.
func (e *evaluation) fail(err *eval.Error) error {
	return &evalError{env: e.env, st: e.st, err: err, full: e.trace}
}

// finish ends the evaluation where everything was evaluated, and only building is
// left. What it wrote is valid then, and its memory is for others to use.
func (e *evaluation) finish(ctx context.Context) error {
	if err := e.flush(ctx); err != nil {
		return err
	}
	if err := e.report(); err != nil {
		return err
	}
	e.st, e.auto, e.flakes = nil, nil, nil
	resumeCollection()
	return nil
}

// report writes the profile and the counts.
func (e *evaluation) report() error {
	if p := e.st.Options().Profiler; p != nil {
		if err := writeFileAtomic(e.profile, func(w io.Writer) error {
			_, err := p.WriteTo(w)
			return err
		}); err != nil {
			return fmt.Errorf("write profile: %w", err)
		}
	}
	if e.stats {
		printStats(e.env, e.st)
	}
	return nil
}

// close ends the evaluation and closes its store.
func (e *evaluation) close() error {
	var err error
	if e.st != nil {
		if err := e.report(); err != nil {
			return err
		}
		err = e.flush(context.WithoutCancel(e.st.Options().Context))
	}
	if e.building != nil {
		err = errors.Join(err, e.building.Close())
	}
	for _, s := range []*local.Store{e.store, e.evalStore} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

// storeDir is the directory store paths are computed for.
func (e *evaluation) storeDir() store.Dir { return e.dir }
