package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/local"
)

func newDerivationCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "derivation",
		Short: "Show and add derivations",
	}
	c.AddCommand(newDerivationAddCmd(env), newDerivationShowCmd(env))
	return c
}

func newDerivationShowCmd(env *Env) *cobra.Command {
	var recursive bool
	t := targetArgs{derivation: true}
	c := &cobra.Command{
		Use:   "show INSTALLABLE...",
		Short: "Print derivations as JSON",
		Long: `Print derivations as JSON, in version 4 of Nix's format.

An INSTALLABLE is a .drv file, anything that was built from one, or an attribute of what
--file or --expr evaluates to.`,
		Example: `  gonix derivation show /nix/store/...-hello-2.10.drv
  gonix derivation show -r ./result
  gonix derivation show -f '<nixpkgs>' hello`,
		Args: cobra.MinimumNArgs(1),
	}
	t.add(env, c)
	_ = c.Flags().MarkHidden("derivation")
	c.Flags().BoolVarP(&recursive, "recursive", "r", false, "also the derivations that these depend on")
	c.RunE = func(c *cobra.Command, args []string) error {
		return t.with(c, env, args, func(ctx context.Context, src store.Source, paths []store.Path) error {
			s, ok := src.(*local.Store)
			if !ok {
				return usageErrorf("derivations can be shown of a local store only")
			}
			var err error
			if recursive {
				if paths, err = s.Closure(ctx, paths, local.ClosureOptions{}); err != nil {
					return err
				}
			}
			all := map[store.Path]*drv.Derivation{}
			for _, p := range paths {
				if !p.IsDerivation() {
					continue
				}
				if all[p], err = s.ReadDerivation(p); err != nil {
					return err
				}
			}
			return printCompactJSON(env, map[string]any{"version": drv.JSONVersion, "derivations": all})
		})
	}
	return c
}

func newDerivationAddCmd(env *Env) *cobra.Command {
	var dryRun bool
	c := &cobra.Command{
		Use:   "add",
		Short: "Add the derivation whose JSON is on standard input",
		Long: `Add the derivation whose JSON is on standard input, and print its path.

The JSON is that of one derivation in version 4 of Nix's format, or what derivation show
prints of one.`,
		Example: `  gonix derivation add < hello.json
  gonix derivation show hello.drv | jq '.derivations[].env.FLAG = "x"' | gonix derivation add`,
		Args: cobra.NoArgs,
	}
	flags := addSettingsFlags(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "print the path without adding anything")
	c.RunE = func(c *cobra.Command, args []string) error {
		text, err := io.ReadAll(env.Stdin)
		if err != nil {
			return err
		}
		d, err := derivationFromJSON(text)
		if err != nil {
			return fmt.Errorf("read derivation from standard input: %w", err)
		}
		return withStore(c, env, flags, func(ctx context.Context, s *local.Store) error {
			if err := s.Hasher().FillOutputs(d); err != nil {
				return err
			}
			if err := s.Hasher().Check(d); err != nil {
				return fmt.Errorf("while checking derivation from JSON with name '%s': %w", d.Name, err)
			}
			var to store.Adder = s
			if dryRun {
				to = store.Compute{Dir: s.StoreDir()}
			}
			p, err := d.Write(ctx, to)
			if err != nil {
				return err
			}
			fmt.Fprintln(env.Stdout, s.StoreDir().Format(p))
			return nil
		})
	}
	return c
}

// derivationFromJSON reads a derivation, by itself or as derivation show prints one.
func derivationFromJSON(text []byte) (*drv.Derivation, error) {
	var shown struct {
		Derivations map[string]json.RawMessage `json:"derivations"`
	}
	if json.Unmarshal(text, &shown) == nil && shown.Derivations != nil {
		if n := len(shown.Derivations); n != 1 {
			return nil, fmt.Errorf("there are %d derivations instead of one", n)
		}
		for _, one := range shown.Derivations {
			text = one
		}
	}
	d := &drv.Derivation{}
	return d, json.Unmarshal(text, d)
}

// newShowDerivationCmd is `derivation show` under its old name.
func newShowDerivationCmd(env *Env) *cobra.Command {
	c := newDerivationShowCmd(env)
	c.Use = "show-derivation INSTALLABLE..."
	c.Hidden = true
	return c
}
