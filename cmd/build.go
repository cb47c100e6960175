package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store"
)

func newBuildCmd(env *Env) *cobra.Command {
	var o buildOptions
	c := &cobra.Command{
		Use:   "build [INSTALLABLE]...",
		Short: "Build derivations, or fetch store paths",
		Long: `Build makes outputs of derivations: from binary caches where they have them, and
otherwise by building. An installable is an attribute path of what --file or --expr
(or else ./default.nix) evaluates to, or a store path. Behind '^' it says which
outputs: 'hello^bin,dev' or 'hello^*'. The outputs are linked as ./result.`,
		Example: `  gonix build -f ./examples greet
  gonix build --expr 'import ./default.nix {}' --no-link --print-out-paths
  gonix build -f '<nixpkgs>' 'hello^*' openssl.dev -o deps
  gonix build --rebuild -f . mypackage`,
	}
	conf := addBuildSettingsFlags(c)
	f := addEvalFlags(c, conf)
	f.addSources(c)
	f.talk = addTalkFlags(env, c, false)
	fl := c.Flags()
	fl.StringArrayVarP(&o.attrs, "attr", "A", nil, "build the attribute `PATH`")
	fl.StringVarP(&o.link, "out-link", "o", "result", "link the outputs as `LINK`")
	fl.BoolFunc("no-link", "make no links", func(string) error { o.link = ""; return nil })
	fl.BoolVar(&o.dryRun, "dry-run", false, "only say what would be built")
	fl.BoolVar(&o.printPaths, "print-out-paths", false, "print the outputs' paths")
	fl.BoolVar(&o.json, "json", false, "print what was built as JSON")
	fl.BoolVar(&o.rebuild, "rebuild", false, "build again what is there, and compare")
	fl.BoolVar(&o.repair, "repair", false, "build again what is damaged")
	fl.BoolVar(&o.stdin, "stdin", false, "read installables from standard input, one a line")
	fl.StringVar(&o.profile, "profile", "", "make what is built a new generation of the profile `PATH`")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		if o.stdin {
			s := bufio.NewScanner(env.Stdin)
			for s.Scan() {
				args = append(args, s.Text())
			}
			if err := s.Err(); err != nil {
				return fmt.Errorf("read standard input: %w", err)
			}
			if len(args) == 0 && o.json {
				_, err := fmt.Fprintln(env.Stdout, "[]")
				return err
			}
		}
		f.lookAt(args)
		e, err := f.open(ctx, env, readWrite)
		if err != nil {
			return err
		}
		if e.place == nil {
			return usageErrorf("nothing can be built in the store '%s'", f.store)
		}
		args = append(args, o.attrs...)
		if len(args) == 0 && !o.stdin {
			args = []string{""}
		}
		wanted, err := e.installables(f, args)
		if err == nil {
			err = e.finish(ctx)
		}
		if err == nil {
			err = o.run(ctx, e, wanted)
		}
		return withClose(err, e)
	}
	return c
}

type buildOptions struct {
	attrs                    []string
	link, profile            string
	dryRun, printPaths, json bool
	rebuild, repair, stdin   bool
}

func (o *buildOptions) run(ctx context.Context, e *evaluation, wanted []builder.Target) error {
	b, err := e.session()
	if err != nil {
		return err
	}
	mode := builder.Normal
	switch {
	case o.rebuild && o.repair:
		return usageErrorf("give one of --rebuild and --repair")
	case o.rebuild:
		mode = builder.Check
	case o.repair:
		mode = builder.Repair
	}
	var results []builder.Result
	if o.dryRun {
		if err := b.printMissing(ctx, wanted, builder.LevelError); err != nil {
			return err
		}
		if results, err = b.planned(wanted); err != nil {
			return err
		}
	} else {
		if results, err = b.build(ctx, wanted, mode); err != nil {
			// `nix build` has no exit statuses of its own.
			if x, ok := err.(*exitError); ok {
				x.Code = 1
			}
			b.ui.stop()
			return err
		}
	}
	b.ui.stop()
	if o.profile != "" && !o.dryRun {
		if err := o.updateProfile(ctx, b, results); err != nil {
			return err
		}
	}
	if o.json {
		return o.printJSON(e.env.Stdout, b, results)
	}
	dir := b.store.StoreDir()
	for i, r := range results {
		if r.Target.Drv.IsZero() {
			if err := o.linkAndPrint(ctx, b, dir.Format(r.Target.Path), numberedDash(o.link, i)); err != nil {
				return err
			}
			continue
		}
		for _, name := range sortedNames(r.Outputs) {
			to := numberedDash(o.link, i)
			if name != "out" {
				to += "-" + name
			}
			if err := o.linkAndPrint(ctx, b, dir.Format(r.Outputs[name]), to); err != nil {
				return err
			}
		}
	}
	return nil
}

// updateProfile makes the one path that was built the profile's next generation.
func (o *buildOptions) updateProfile(ctx context.Context, b *buildSession, results []builder.Result) error {
	var paths []store.Path
	for _, r := range results {
		if r.Target.Drv.IsZero() {
			paths = append(paths, r.Target.Path)
		}
		for _, name := range sortedNames(r.Outputs) {
			paths = append(paths, r.Outputs[name])
		}
	}
	if len(paths) != 1 {
		return usageErrorf("'--profile' requires that the arguments produce a single store path, but there are %d", len(paths))
	}
	if b.local == nil {
		return usageErrorf("profiles are made in a local store, not in '%s'", b.store.StoreDir())
	}
	return addGeneration(ctx, b.local, b.env.abs(o.profile), paths[0])
}

// numberedDash is the n-th link of `nix build`: result, result-1, result-2.
func numberedDash(link string, n int) string {
	if n == 0 {
		return link
	}
	return fmt.Sprintf("%s-%d", link, n)
}

func (o *buildOptions) linkAndPrint(ctx context.Context, b *buildSession, path, link string) error {
	if !o.dryRun && o.link != "" && b.local != nil {
		p, err := b.store.StoreDir().Parse(path)
		if err != nil {
			return err
		}
		if err := b.local.AddPermRoot(ctx, p, b.env.abs(link)); err != nil {
			return err
		}
	}
	if o.printPaths {
		if _, err := fmt.Fprintln(b.env.Stdout, path); err != nil {
			return err
		}
	}
	return nil
}

// printJSON prints results as Nix does: a path by itself, outputs with their
// derivation and times.
func (o *buildOptions) printJSON(w io.Writer, b *buildSession, results []builder.Result) error {
	list := []any{}
	dir := b.store.StoreDir()
	for _, r := range results {
		if r.Target.Drv.IsZero() {
			list = append(list, dir.Format(r.Target.Path))
			continue
		}
		outs := map[string]any{}
		for name, p := range r.Outputs {
			if p.IsZero() {
				outs[name] = nil
			} else {
				outs[name] = dir.Format(p)
			}
		}
		doc := map[string]any{"drvPath": dir.Format(r.Target.Drv), "outputs": outs}
		if !r.Start.IsZero() {
			doc["startTime"], doc["stopTime"] = r.Start.Unix(), r.Stop.Unix()
		}
		list = append(list, doc)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(list)
}

// planned are the results that a build would have, as far as they are known.
func (b *buildSession) planned(targets []builder.Target) ([]builder.Result, error) {
	var out []builder.Result
	for _, t := range targets {
		r := builder.Result{Target: t}
		if !t.Drv.IsZero() {
			d, err := b.readDerivation(t.Drv)
			if err != nil {
				return nil, err
			}
			r.Outputs = map[string]store.Path{}
			for _, o := range d.Outputs {
				if t.Outputs == nil || strings.Contains(","+strings.Join(t.Outputs, ",")+",", ","+o.Name+",") {
					r.Outputs[o.Name] = o.Path
				}
			}
		}
		out = append(out, r)
	}
	return out, nil
}
