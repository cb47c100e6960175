package cmd

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/local"
	"gonix.dev/gonix/store/sign"
)

// talkFlags say how a command that builds tells what happens.
type talkFlags struct {
	format    string // of --log-format; "" chooses
	printLogs bool
	quietLogs bool // -Q
	legacy    bool // one of Nix's old tools: lines of logs stand alone
	verbosity builder.Level
}

// logFormats are the words of --log-format.
var logFormats = []string{"bar", "bar-with-logs", "multiline", "multiline-with-logs", "raw", "raw-with-logs", "internal-json"}

// showsLogs says whether lines of logs are told as they come.
func (t talkFlags) showsLogs() bool {
	switch t.format {
	case "internal-json":
		return true
	case "raw-with-logs", "bar-with-logs", "multiline-with-logs":
		return !t.quietLogs
	case "":
		return t.printLogs && !t.quietLogs
	}
	return t.printLogs && !t.legacy
}

// addTalkFlags gives a command that builds its flags of output. legacy tools
// print build logs unless told otherwise.
func addTalkFlags(env *Env, c *cobra.Command, legacy bool) *talkFlags {
	t := &talkFlags{printLogs: legacy, legacy: legacy, verbosity: builder.LevelInfo}
	fl := c.Flags()
	fl.Func("log-format", "`FORMAT` of what is told: bar, bar-with-logs, raw, internal-json", func(word string) error {
		if !slices.Contains(logFormats, word) {
			return fmt.Errorf("unknown log format '%s': use %s", word, strings.Join(logFormats, ", "))
		}
		t.format, env.jsonTalk = word, word == "internal-json"
		return nil
	})
	fl.BoolVarP(&t.printLogs, "print-build-logs", "L", legacy, "show build logs")
	fl.BoolFuncP("verbose", "v", "say more", func(string) error { t.verbosity++; return nil })
	fl.BoolFunc("quiet", "say less", func(string) error { t.verbosity = max(0, t.verbosity-1); return nil })
	fl.BoolFunc("debug", "say everything", func(string) error { t.verbosity = builder.LevelDebug; return nil })
	if legacy {
		fl.BoolVarP(&t.quietLogs, "no-build-output", "Q", false, "do not show build logs")
	}
	return t
}

// buildSession is a store with all that is needed to build in it.
type buildSession struct {
	env    *Env
	set    *settings.Settings
	store  builder.Store
	local  *local.Store // store, if it is one
	stores *stores
	worker *builder.Worker
	ui     buildUI
	talk   talkFlags
}

// newBuildSession makes a worker for a store that is open.
func newBuildSession(env *Env, s *settings.Settings, st builder.Store, talk talkFlags) (*buildSession, error) {
	b := &buildSession{env: env, set: s, store: st, talk: talk, stores: newStores(env, s, local.Level(talk.verbosity))}
	b.local, _ = st.(*local.Store)
	sub, err := b.stores.substituter()
	if err != nil {
		return nil, err
	}
	b.ui = newBuildUI(env, talk, st.StoreDir())
	set, err := buildSettings(env, s, talk)
	if err != nil {
		return nil, err
	}
	b.worker = &builder.Worker{Store: st, Settings: set, Observe: b.ui.observe}
	if len(sub.Origins) > 0 {
		sub.Dir = st.StoreDir()
		b.stores.warn = func(msg string) {
			b.ui.observe(builder.Event{Action: builder.Message, Level: builder.LevelWarn, Text: msg})
		}
		to, ok := st.(store.Store)
		if !ok {
			return nil, errors.New("substitutes cannot be copied to this store")
		}
		b.worker.Substituter = cacheSubstituter{sub, to}
	}
	if l := b.local; l != nil {
		if l.Settings().AutoOptimise {
			b.worker.Optimise = l.OptimisePath
		}
		if s.Size("min-free") > 0 {
			b.worker.AutoGC = func(ctx context.Context) error { return l.AutoGC(ctx, false) }
		}
	}
	if files := strings.Fields(s.String("secret-key-files")); len(files) > 0 {
		var keys []sign.SecretKey
		for _, f := range files {
			k, err := secretKey(env, f)
			if err != nil {
				return nil, err
			}
			keys = append(keys, k)
		}
		b.worker.Sign = func(i *store.PathInfo) error {
			fp, err := i.Fingerprint(st.StoreDir())
			if err != nil {
				return err
			}
			for _, k := range keys {
				i.Sigs = append(i.Sigs, k.Sign(fp))
			}
			return nil
		}
		b.worker.SignRealisation = func(r *store.Realisation) {
			for _, k := range keys {
				r.AddSigs(k.Sign(r.Fingerprint()))
			}
		}
	}
	return b, nil
}

// readDerivation reads a derivation that may have been evaluated elsewhere.
func (b *buildSession) readDerivation(p store.Path) (*drv.Derivation, error) {
	if from := b.worker.EvalStore; from != nil {
		d, err := from.ReadDerivation(p)
		if !isInvalidPath(err) {
			return d, err
		}
	}
	return b.store.ReadDerivation(p)
}

// Close ends the display and closes caches. The store stays open.
func (b *buildSession) Close() error {
	b.ui.stop()
	return b.stores.Close()
}

// buildSettings puts settings into the words of package builder.
func buildSettings(env *Env, s *settings.Settings, talk talkFlags) (builder.Settings, error) {
	seconds := func(name string) time.Duration {
		return time.Duration(min(s.Size(name), 1<<32)) * time.Second
	}
	mode := map[string]builder.SandboxMode{"true": builder.SandboxOn, "relaxed": builder.SandboxRelaxed, "false": builder.SandboxOff}[s.String("sandbox")]
	group, allocate := buildUsers(s)
	b := builder.Settings{
		System: s.String("system"), ExtraPlatforms: s.Strings("extra-platforms"), SystemFeatures: s.Strings("system-features"),
		MaxJobs: s.Int("max-jobs"), MaxSubstitutionJobs: s.Int("max-substitution-jobs"), Cores: s.Int("cores"),
		KeepGoing: s.Bool("keep-going"), KeepFailed: s.Bool("keep-failed"), Fallback: s.Bool("fallback"),
		Substitute: s.Bool("substitute"), AlwaysAllowSubstitutes: s.Bool("always-allow-substitutes"),
		Timeout: seconds("timeout"), MaxSilentTime: seconds("max-silent-time"),
		MaxLogSize: int64(min(s.Size("max-build-log-size"), 1<<62)), LogLines: s.Int("log-lines"),
		KeepLog: s.Bool("keep-build-log"), CompressLog: s.Bool("compress-build-log"),
		PrintLogs: talk.showsLogs(),
		Sandbox:   mode, SandboxFallback: s.Bool("sandbox-fallback"),
		SandboxBuildDir: s.String("sandbox-build-dir"), SandboxShmSize: s.String("sandbox-dev-shm-size"),
		AllowedImpureHostDeps: s.Strings("allowed-impure-host-deps"),
		FilterSyscalls:        s.Bool("filter-syscalls"), AllowNewPrivileges: s.Bool("allow-new-privileges"),
		RequireDropGroups: s.Bool("require-drop-supplementary-groups"),
		UseCgroups:        s.Bool("use-cgroups"), BuildDir: firstOf(s.String("build-dir"), env.Getenv("TMPDIR"), "/tmp"),
		BuildUsersGroup: group, AutoAllocateUIDs: allocate,
		StartID: uint32(s.Size("start-id")), IDCount: uint32(s.Size("id-count")),
		DiffHook: s.String("diff-hook"), RunDiffHook: s.Bool("run-diff-hook"),
		PostBuildHook: s.String("post-build-hook"), PreBuildHook: s.String("pre-build-hook"),
		HashedMirrors: s.Strings("hashed-mirrors"), ImpureEnv: s.Map("impure-env"),
		Transport: fetchTransport(env, s), Retry: retrySettings(s), CAFile: s.String("ssl-cert-file"),
		CADerivations: s.Feature("ca-derivations"), ImpureDerivations: s.Feature("impure-derivations"),
		LogCommand: "nix-store -l", Getenv: env.Getenv, Environ: env.Environ,
	}
	switch {
	case !talk.legacy:
		b.LogCommand = "gonix log"
	case s.Feature("nix-command"):
		b.LogCommand = "nix log"
	}
	if b.Cores == 0 {
		b.Cores = runtime.NumCPU()
	}
	b.MaxProcesses, b.MaxMemory = buildLimits()
	for _, p := range s.SandboxPaths() {
		word := p.Inside + "=" + p.Outside
		if p.Optional {
			word += "?"
		}
		b.SandboxPaths = append(b.SandboxPaths, word)
	}
	b.Shell, b.ShellLibraries = sandboxShell()
	return b, nil
}

// targetsOf are the targets that store paths stand for: all outputs of a
// derivation, any other path itself.
func targetsOf(paths []store.Path) []builder.Target {
	var out []builder.Target
	for _, p := range paths {
		if p.IsDerivation() {
			out = append(out, builder.Target{Drv: p})
		} else {
			out = append(out, builder.Target{Path: p})
		}
	}
	return out
}

// build makes targets. The error has Nix's exit status if legacy is set.
func (b *buildSession) build(ctx context.Context, targets []builder.Target, mode builder.Mode) ([]builder.Result, error) {
	out, err := b.worker.Build(ctx, targets, mode)
	if err == nil {
		err = out.Err(b.store.StoreDir(), b.worker.Observe)
	} else if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted by the user")
	}
	if f, ok := errors.AsType[*builder.Failure](err); ok && f.Told {
		return nil, &exitError{Code: out.ExitCode()}
	}
	if err != nil {
		return nil, &exitError{out.ExitCode(), indented(err)}
	}
	return out.Results, nil
}

// indented is an error whose further lines stand below its first, as Nix has it.
func indented(err error) error {
	msg := err.Error()
	if !strings.Contains(msg, "\n") {
		return err
	}
	lines := strings.Split(msg, "\n")
	for i := 1; i < len(lines); i++ {
		if lines[i] != "" {
			lines[i] = "       " + lines[i]
		}
	}
	return &shownError{strings.Join(lines, "\n"), err}
}

type shownError struct {
	msg string
	err error
}

func (e *shownError) Error() string { return e.msg }

func (e *shownError) Unwrap() error { return e.err }

// printMissing says what will be done.
func (b *buildSession) printMissing(ctx context.Context, targets []builder.Target, level builder.Level) error {
	if level > b.talk.verbosity {
		return nil
	}
	m, err := b.worker.Missing(ctx, targets)
	if err != nil {
		return err
	}
	say := func(text string) {
		b.ui.observe(builder.Event{Action: builder.Message, Level: level, Text: text, Fields: []any{"plain"}})
	}
	list := func(paths []store.Path) {
		for _, p := range paths {
			say("  " + b.store.StoreDir().Format(p))
		}
	}
	switch n := len(m.Build); {
	case n == 1:
		say("this derivation will be built:")
	case n > 1:
		say(fmt.Sprintf("these %d derivations will be built:", n))
	}
	list(m.Build)
	mib := func(n int64) string { return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20)) }
	switch n := len(m.Substitute); {
	case n == 1:
		say(fmt.Sprintf("this path will be fetched (%s download, %s unpacked):", mib(m.DownloadSize), mib(m.NarSize)))
	case n > 1:
		say(fmt.Sprintf("these %d paths will be fetched (%s download, %s unpacked):", n, mib(m.DownloadSize), mib(m.NarSize)))
	}
	list(m.Substitute)
	if len(m.Unknown) > 0 {
		say("don't know how to build these paths:")
		list(m.Unknown)
	}
	return nil
}

// cacheSubstituter lets a worker use substituters.
type cacheSubstituter struct {
	sub *cache.Substituter
	to  store.Store
}

func (c cacheSubstituter) Query(ctx context.Context, p store.Path, ca store.ContentAddress) (*builder.Substitutable, error) {
	f, err := c.sub.Query(ctx, p, ca)
	if err != nil || f == nil {
		return nil, err
	}
	from, url := f.Origin.URI(), ""
	if _, web := f.Origin.(*cache.Cache); web && !strings.HasPrefix(from, "file:") {
		url = strings.TrimSuffix(from, "/") + "/" + f.URL
	}
	return &builder.Substitutable{
		From: from, URL: url, References: f.References, Deriver: f.Deriver,
		DownloadSize: f.FileSize, NarSize: f.NarSize,
	}, nil
}

func (c cacheSubstituter) QueryRealisation(ctx context.Context, id store.DrvOutput, accept func(string, *store.Realisation) bool) (*store.Realisation, error) {
	return c.sub.QueryRealisation(ctx, id, accept)
}

func (c cacheSubstituter) Substitute(ctx context.Context, p store.Path, ca store.ContentAddress, progress func(done, total int64)) error {
	err := c.sub.Substitute(ctx, p, ca, c.to, progress)
	if errors.Is(err, cache.ErrGone) {
		return fmt.Errorf("%w: %w", builder.ErrSubstituteGone, err)
	}
	return err
}
