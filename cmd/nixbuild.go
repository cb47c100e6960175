package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/store"
)

// newNixBuild is nix-build.
func newNixBuild(env *Env, name string) *cobra.Command {
	var exprs, dryRun, check, repair bool
	var attrs []string
	var link, drvLink, addRoot string
	c := &cobra.Command{
		Use:   name + " [FILE]...",
		Short: "Build Nix expressions",
		Long: `Build evaluates expressions (./default.nix unless others are named), builds the
derivations they make, prints their outputs and links them as ./result.`,
		Example: `  ` + name + ` '<nixpkgs>' -A hello
  ` + name + ` -E 'with import <nixpkgs> {}; hello' --no-out-link
  ` + name + ` --check -K ./default.nix`,
		Version:       nixVersion,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetVersionTemplate(fmt.Sprintf("%s (Nix) {{.Version}}\n", name))
	conf := addBuildSettingsFlags(c)
	f := addEvalFlags(c, conf)
	f.talk = addTalkFlags(env, c, true)
	fl := c.Flags()
	fl.BoolVarP(&exprs, "expr", "E", false, "the arguments are Nix texts, not files")
	fl.StringArrayVarP(&attrs, "attr", "A", nil, "build the attribute `PATH`")
	fl.StringVarP(&link, "out-link", "o", "result", "link the outputs as `LINK`")
	noLink := func(string) error { link = ""; return nil }
	fl.BoolFunc("no-out-link", "make no links", noLink)
	fl.BoolFunc("no-link", "make no links", noLink)
	fl.BoolVar(&dryRun, "dry-run", false, "only say what would be built")
	fl.BoolVar(&check, "check", false, "build again what is there, and compare")
	fl.BoolVar(&repair, "repair", false, "build again what is damaged")
	fl.StringVar(&drvLink, "drv-link", "", "link the derivations as `LINK`")
	fl.StringVar(&addRoot, "add-root", "", "")
	fl.Bool("indirect", false, "")
	_ = fl.MarkHidden("no-link")
	_ = fl.MarkHidden("drv-link")
	_ = fl.MarkHidden("add-root")
	_ = fl.MarkHidden("indirect")
	c.RunE = func(c *cobra.Command, args []string) error {
		if addRoot != "" {
			link = addRoot
		}
		mode := builder.Normal
		switch {
		case check && repair:
			return usageErrorf("give one of --check and --repair")
		case check:
			mode = builder.Check
		case repair:
			mode = builder.Repair
		}
		ctx := c.Context()
		e, err := f.open(ctx, env, readWrite)
		if err != nil {
			return err
		}
		if e.place == nil {
			return usageErrorf("nothing can be built in the store '%s'", f.store)
		}
		targets, err := e.buildTargets(args, exprs, attrs)
		if err == nil {
			err = e.finish(ctx)
		}
		if err != nil {
			return withClose(err, e)
		}
		return withClose(e.nixBuild(ctx, targets, mode, dryRun, link, drvLink), e)
	}
	return c
}

// withClose closes the evaluation; its error matters only if there is no other.
func withClose(err error, e *evaluation) error {
	if cerr := e.close(); err == nil {
		return cerr
	}
	return err
}

// buildTargets evaluates the arguments of nix-build.
func (e *evaluation) buildTargets(args []string, exprs bool, attrs []string) ([]builder.Target, error) {
	if len(args) == 0 && !exprs {
		args = []string{"./default.nix"}
	}
	if len(attrs) == 0 {
		attrs = []string{""}
	}
	var targets []builder.Target
	for _, arg := range args {
		if t, ok, err := e.storeTarget(arg, exprs); err != nil {
			return nil, err
		} else if ok {
			targets = append(targets, t)
			continue
		}
		var v eval.Value
		var err error
		if exprs {
			v, err = e.text(arg)
		} else {
			v, err = e.file(arg)
		}
		if err != nil {
			return nil, err
		}
		for _, path := range attrs {
			at, err := e.selectPath(v, path)
			if err != nil {
				return nil, err
			}
			pkgs, ferr := e.st.Packages(at, e.auto)
			if ferr != nil {
				return nil, e.fail(ferr)
			}
			for _, p := range pkgs {
				drvPath, err := e.storeDir().Parse(p.DrvPath)
				if err != nil {
					return nil, err
				}
				if p.OutputName == "" {
					return nil, fmt.Errorf("derivation '%s' lacks an 'outputName' attribute", p.DrvPath)
				}
				targets = append(targets, builder.Target{Drv: drvPath, Outputs: []string{p.OutputName}})
			}
		}
	}
	return targets, nil
}

// storeTarget recognises an argument that is a derivation in the store, perhaps
// with one of its outputs: path.drv!dev. Otherwise it means the output that its
// environment names, or out.
func (e *evaluation) storeTarget(arg string, exprs bool) (builder.Target, bool, error) {
	if exprs || !strings.HasPrefix(arg, string(e.storeDir())+"/") {
		return builder.Target{}, false, nil
	}
	name, outputs, has := strings.Cut(arg, "!")
	if !strings.HasSuffix(name, store.DrvExtension) {
		return builder.Target{}, false, nil
	}
	p, err := e.storeDir().Parse(name)
	if err != nil {
		return builder.Target{}, false, err
	}
	if strings.Contains(outputs, ",") {
		return builder.Target{}, false, fmt.Errorf("building more than one derivation output is not supported, in '%s'", arg)
	}
	if !has {
		d, err := e.readDerivation(p)
		if err != nil {
			return builder.Target{}, false, err
		}
		if outputs, has = d.Getenv("outputName"); !has {
			outputs = "out"
		}
	}
	return builder.Target{Drv: p, Outputs: []string{outputs}}, true, nil
}

func (e *evaluation) nixBuild(ctx context.Context, targets []builder.Target, mode builder.Mode, dryRun bool, link, drvLink string) error {
	b, err := e.session()
	if err != nil {
		return err
	}
	if dryRun || e.settings.Bool("print-missing") && mode == builder.Normal {
		level := builder.LevelInfo
		if err := b.printMissing(ctx, targets, level); err != nil || dryRun {
			return err
		}
	}
	// One goal for each derivation, with all outputs that are wanted of it.
	results, err := b.build(ctx, targets, mode)
	b.ui.stop()
	if err != nil {
		return err
	}
	links := map[store.Path]int{} // numbers of the derivations
	for i, r := range results {
		outs := r.Target.Outputs
		if outs == nil {
			for name := range r.Outputs {
				outs = append(outs, name)
			}
			slices.Sort(outs)
		}
		n, seen := links[r.Target.Drv]
		if !seen {
			n = len(links)
			links[r.Target.Drv] = n
			if drvLink != "" && e.store != nil {
				if err := e.drvs().AddPermRoot(ctx, r.Target.Drv, e.env.abs(numbered(drvLink, n))); err != nil {
					return err
				}
			}
		}
		for _, name := range outs {
			p, ok := r.Outputs[name]
			if !ok {
				return fmt.Errorf("derivation '%s' has no output '%s'", e.storeDir().Format(targets[i].Drv), name)
			}
			if link != "" && e.store != nil {
				to := numbered(link, n)
				if name != "out" {
					to += "-" + name
				}
				if err := e.store.AddPermRoot(ctx, p, e.env.abs(to)); err != nil {
					return err
				}
			}
			fmt.Fprintln(e.env.Stdout, e.storeDir().Format(p))
		}
	}
	return nil
}

// numbered is the n-th link of a name: result, result-2, result-3.
func numbered(link string, n int) string {
	if n == 0 {
		return link
	}
	return fmt.Sprintf("%s-%d", link, n+1)
}
