package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// nixStore is one run of nix-store: an operation, its flags in the order they were
// given, and where it works.
type nixStore struct {
	env      *Env
	name     string
	settings *settings.Settings
	store    *local.Store
	realiser Realiser // made on first use

	flags    []string // of the operation, without dashes
	values   map[string]string
	addRoot  string
	noOutput bool
	verbose  local.Level
}

type storeOperation struct {
	name, short, usage string
	flags              string // that it takes, separated by spaces
	minArgs, maxArgs   int    // maxArgs -1: any number
	noStore            bool   // works without a store
	run                func(*nixStore, context.Context, []string) error
}

// queryFlags are the flags of --query.
const queryFlags = "outputs requisites references referrers referers referrers-closure referers-closure deriver valid-derivers " +
	"binding hash size tree graph graphml resolve roots use-output force-realise force-realize include-outputs"

// storeOperations are the operations of nix-store. The builder's are in another
// file.
var storeOperations = []storeOperation{
	{name: "query", short: "q", usage: "print information about store paths", flags: queryFlags, maxArgs: -1, run: (*nixStore).query},
	{name: "add", short: "A", usage: "copy files to the store", maxArgs: -1, run: (*nixStore).add},
	{name: "add-fixed", usage: "copy files to the store as a fixed output: ALGO FILE...", flags: "recursive", minArgs: 1, maxArgs: -1, run: (*nixStore).addFixed},
	{name: "print-fixed-path", usage: "print the path of a fixed output: ALGO HASH NAME", flags: "recursive", minArgs: 3, maxArgs: 3, run: (*nixStore).printFixedPath},
	{name: "delete", usage: "delete store paths if possible", flags: "ignore-liveness", maxArgs: -1, run: (*nixStore).delete},
	{name: "gc", usage: "delete garbage", flags: "print-roots print-live print-dead max-freed", run: (*nixStore).gc},
	{name: "dump", usage: "write the NAR of a file to standard output", minArgs: 1, maxArgs: 1, noStore: true, run: (*nixStore).dump},
	{name: "restore", usage: "write the NAR on standard input to a file", minArgs: 1, maxArgs: 1, noStore: true, run: (*nixStore).restore},
	{name: "export", usage: "write store paths to standard output for --import", maxArgs: -1, run: (*nixStore).export},
	{name: "import", usage: "add the store paths on standard input", run: (*nixStore).importPaths},
	{name: "init", usage: "make the store", run: func(*nixStore, context.Context, []string) error { return nil }},
	{name: "verify", usage: "compare the database with the disk", flags: "check-contents repair", run: (*nixStore).verify},
	{name: "verify-path", usage: "check the contents of store paths", maxArgs: -1, run: (*nixStore).verifyPath},
	{name: "repair-path", usage: "make store paths anew", maxArgs: -1, run: (*nixStore).repairPath},
	{name: "optimise", usage: "hard-link equal files", run: (*nixStore).optimise},
	{name: "read-log", short: "l", usage: "print the build logs of store paths", maxArgs: -1, run: (*nixStore).readLog},
	{name: "print-env", usage: "print the environment of a derivation", minArgs: 1, maxArgs: 1, run: (*nixStore).printEnv},
	{name: "dump-db", usage: "print the database", maxArgs: -1, run: (*nixStore).dumpDB},
	{name: "load-db", usage: "load what --dump-db printed", run: (*nixStore).loadDB},
	{name: "register-validity", usage: "make complete paths valid", flags: "reregister hash-given", run: (*nixStore).registerValidity},
	{name: "check-validity", usage: "fail if a path is not valid", flags: "print-invalid", maxArgs: -1, run: (*nixStore).checkValidity},
	{name: "generate-binary-cache-key", usage: "make a key: NAME SECRET-FILE PUBLIC-FILE", minArgs: 3, maxArgs: 3, noStore: true, run: (*nixStore).generateKey},
	{name: "realise", short: "r", usage: "build or substitute store paths", flags: "dry-run ignore-unknown check", maxArgs: -1, run: (*nixStore).realise},
}

// storeAliases are other names of operations.
var storeAliases = map[string]string{"realize": "realise", "optimize": "optimise"}

// newNixStore is nix-store.
func newNixStore(env *Env, name string) *cobra.Command {
	n := &nixStore{env: env, name: name, values: map[string]string{}, verbose: local.Info}
	var op *storeOperation
	c := &cobra.Command{
		Use:   name + " --OPERATION [FLAGS] ARGS...",
		Short: "Work on the Nix store",
		Example: "  " + name + " --query --tree ./result\n  " + name + " -qR $(" + name + " --add ./src)\n" +
			"  " + name + " --gc --print-dead\n  " + name + " --verify --check-contents",
		Version:       nixVersion,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetVersionTemplate(name + " (Nix) {{.Version}}\n")
	set := addBuildSettingsFlags(c)
	for i := range storeOperations {
		o := &storeOperations[i]
		choose := func(string) error {
			if op != nil && op != o {
				return fmt.Errorf("only one operation may be specified")
			}
			op = o
			return nil
		}
		c.Flags().BoolFuncP(o.name, o.short, o.usage, choose)
		for alias, of := range storeAliases {
			if of == o.name {
				c.Flags().BoolFunc(alias, "", choose)
				c.Flags().Lookup(alias).Hidden = true
			}
		}
	}
	short := map[string]string{"requisites": "R", "deriver": "d", "binding": "b", "use-output": "u", "force-realise": "f"}
	withValue := map[string]bool{"max-freed": true, "binding": true}
	for _, f := range operationFlags() {
		note := func(v string) error {
			n.flags = append(n.flags, f)
			n.values[f] = v
			return nil
		}
		if withValue[f] {
			c.Flags().FuncP(f, short[f], "see the manual of nix-store", note)
		} else {
			c.Flags().BoolFuncP(f, short[f], "see the manual of nix-store", note)
		}
		c.Flags().Lookup(f).Hidden = true
	}
	c.Flags().StringVar(&n.addRoot, "add-root", "", "make `LINK` to the result, a root of the garbage collector")
	c.Flags().Bool("indirect", false, "")
	c.Flags().Lookup("indirect").Hidden = true
	c.Flags().BoolVar(&n.noOutput, "no-output", false, "do not print the output paths")
	c.Flags().BoolFuncP("verbose", "v", "say more", func(string) error { n.verbose++; return nil })
	c.Flags().BoolFunc("quiet", "say less", func(string) error { n.verbose--; return nil })
	c.RunE = func(c *cobra.Command, args []string) error {
		if op == nil {
			return usageErrorf("no operation specified\nTry '%s --help'", name)
		}
		for _, f := range n.flags {
			if !slices.Contains(strings.Fields(op.flags), f) {
				return usageErrorf("unknown flag '--%s' of operation '--%s'", f, op.name)
			}
		}
		if len(args) < op.minArgs || op.maxArgs >= 0 && len(args) > op.maxArgs {
			return usageErrorf("wrong number of arguments for '--%s'", op.name)
		}
		return n.start(c.Context(), set, op, args)
	}
	return c
}

// operationFlags are the flags of all operations, each once.
func operationFlags() []string {
	var all []string
	for _, o := range storeOperations {
		all = append(all, strings.Fields(o.flags)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (n *nixStore) start(ctx context.Context, set *settingsFlags, op *storeOperation, args []string) (err error) {
	if n.settings, err = set.load(n.env); err != nil {
		return err
	}
	if op.noStore {
		return op.run(n, ctx, args)
	}
	if n.store, err = openStore(ctx, n.env, n.settings, n.verbose); err != nil {
		return err
	}
	defer func() {
		if cerr := n.store.Close(); err == nil {
			err = cerr
		}
	}()
	return op.run(n, ctx, args)
}

func (n *nixStore) has(flag string) bool { return slices.Contains(n.flags, flag) }

// path is the store path that an argument means.
func (n *nixStore) path(arg string) (store.Path, error) {
	return followToStore(n.env, n.store.StoreDir(), arg)
}

func (n *nixStore) paths(args []string) ([]store.Path, error) {
	ps := make([]store.Path, len(args))
	for i, a := range args {
		var err error
		if ps[i], err = n.path(a); err != nil {
			return nil, err
		}
	}
	return ps, nil
}

func (n *nixStore) print(p store.Path) {
	fmt.Fprintln(n.env.Stdout, n.store.StoreDir().Format(p))
}

// realise makes paths valid, with a realiser that is made when it is needed.
func (n *nixStore) realisePaths(ctx context.Context, paths ...store.Path) error {
	if err := n.needRealiser(); err != nil {
		return err
	}
	return n.realiser.Realise(ctx, paths)
}

func (n *nixStore) needRealiser() (err error) {
	if n.realiser == nil {
		n.realiser, err = newRealiser(n.env, n.settings, n.store)
	}
	return err
}
