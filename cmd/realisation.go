package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

func newRealisationCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "realisation",
		Short: "Show what content-addressed outputs came to be",
	}
	c.AddCommand(newRealisationInfoCmd(env))
	return c
}

func newRealisationInfoCmd(env *Env) *cobra.Command {
	var asJSON bool
	var t targetArgs
	c := &cobra.Command{
		Use:   "info INSTALLABLE...",
		Short: "Print the realisations of outputs, which are built if need be",
		Long: `Print which store paths outputs of derivations came to be, one a line behind the
name that the output has for realisations: the hash of its derivation and its own
name. Other store paths stand alone. It takes the experimental feature
ca-derivations.`,
		Example: `  gonix realisation info -f . hello
  gonix realisation info -f . --json hello^dev`,
	}
	t.add(env, c)
	_ = c.Flags().MarkHidden("derivation")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, with signatures and what was built with")
	c.RunE = func(c *cobra.Command, args []string) error {
		s, err := t.flags.load(env)
		if err != nil {
			return err
		}
		if !s.Feature("ca-derivations") {
			return errors.New("experimental Nix feature 'ca-derivations' is disabled; use '--extra-experimental-features ca-derivations' to override")
		}
		return t.with(c, env, args, func(_ context.Context, src store.Source, paths []store.Path) error {
			dir := src.StoreDir()
			list := []any{}
			for _, r := range t.realised {
				list = append(list, r)
				if !asJSON {
					fmt.Fprintln(env.Stdout, r.ID, dir.Format(r.Path))
				}
			}
			for _, p := range paths {
				if slices.ContainsFunc(t.realised, func(r *store.Realisation) bool { return r.Path == p }) {
					continue
				}
				list = append(list, map[string]string{"opaquePath": dir.Format(p)})
				if !asJSON {
					fmt.Fprintln(env.Stdout, dir.Format(p))
				}
			}
			if !asJSON {
				return nil
			}
			text, err := json.Marshal(list)
			if err == nil {
				_, err = fmt.Fprintln(env.Stdout, string(text))
			}
			return err
		})
	}
	return c
}

// realisations finds what is known in a place of outputs of the derivation at p; nil
// outputs are all. There are none without the experimental feature.
func (e *evaluation) realisations(ctx context.Context, at any, p store.Path, outputs []string) (map[string]*store.Realisation, error) {
	src, ok := at.(store.RealisationSource)
	if !ok || !e.settings.Feature("ca-derivations") {
		return nil, nil
	}
	d, err := e.readDerivation(p)
	if err != nil {
		return nil, err
	}
	if e.hasher == nil {
		e.hasher = &drv.RealisationHasher{Dir: e.storeDir(), Read: e.readDerivation}
	}
	known := map[string]*store.Realisation{}
	for _, o := range d.Outputs {
		if outputs != nil && !slices.Contains(outputs, o.Name) {
			continue
		}
		sum, err := e.hasher.OutputHash(p, o.Name)
		if err != nil {
			return nil, err
		}
		r, err := src.QueryRealisation(ctx, store.DrvOutput{Hash: sum, Output: o.Name})
		if err != nil {
			return nil, err
		}
		if r != nil {
			known[o.Name] = r
		}
	}
	return known, nil
}

// outputsAt are the paths of a derivation's outputs, as far as they are known: from
// the derivation, or as they came to be at a place.
func (e *evaluation) outputsAt(ctx context.Context, at any, t builder.Target) (map[string]store.Path, []*store.Realisation, error) {
	outs, err := e.knownOutputs(t)
	if err != nil {
		return nil, nil, err
	}
	known, err := e.realisations(ctx, at, t.Drv, t.Outputs)
	if err != nil {
		return nil, nil, err
	}
	var all []*store.Realisation
	for _, name := range sortedNames(known) {
		outs[name] = known[name].Path
		all = append(all, known[name])
	}
	return outs, all, nil
}
