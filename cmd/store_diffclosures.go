package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/closure"
)

// sizeThreshold is the change of size, in bytes, below which a package of equal
// versions counts as unchanged; Nix has the same.
const sizeThreshold = 8 << 10

func newStoreDiffClosuresCmd(env *Env) *cobra.Command {
	var asJSON bool
	var target targetArgs
	c := &cobra.Command{
		Use:   "diff-closures BEFORE AFTER",
		Short: "Show which packages and versions differ between two closures",
		Example: `  gonix store diff-closures /nix/var/nix/profiles/system-41-link /nix/var/nix/profiles/system-42-link
  gonix store diff-closures ./result-old ./result`,
		Args: cobra.ExactArgs(2),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	target.add(env, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return target.with(c, env, args, func(ctx context.Context, src store.Source, paths []store.Path) error {
			changes, err := diffClosures(ctx, src, paths[0], paths[1])
			if err != nil {
				return err
			}
			if asJSON {
				return printChangesJSON(env, changes)
			}
			printChanges(env, changes, "")
			return nil
		})
	}
	return c
}

func diffClosures(ctx context.Context, src store.Source, from, to store.Path) ([]closure.Change, error) {
	before, err := closure.Compute(ctx, src, []store.Path{from})
	if err != nil {
		return nil, err
	}
	after, err := closure.Compute(ctx, src, []store.Path{to})
	if err != nil {
		return nil, err
	}
	return closure.Diff(before, after, sizeThreshold), nil
}

func printChanges(env *Env, changes []closure.Change, indent string) {
	for _, ch := range changes {
		var items []string
		if len(ch.Removed)+len(ch.Added) > 0 {
			items = append(items, versionList(ch.Removed)+" → "+versionList(ch.Added))
		}
		if max(ch.SizeDelta, -ch.SizeDelta) >= sizeThreshold {
			items = append(items, sizeDelta(env, ch.SizeDelta))
		}
		fmt.Fprintf(env.Stdout, "%s%s: %s\n", indent, ch.Name, strings.Join(items, ", "))
	}
}

func versionList(versions []string) string {
	if len(versions) == 0 {
		return "∅"
	}
	shown := make([]string, len(versions))
	for i, v := range versions {
		shown[i] = firstOf(v, "ε")
	}
	return strings.Join(shown, ", ")
}

func sizeDelta(env *Env, n int64) string {
	style, sign := "\x1b[32;1m", "-"
	if n > 0 {
		style, sign = "\x1b[31;1m", "+"
	}
	return env.paint(env.Stdout, style, sign+byteSize(max(n, -n)))
}

func printChangesJSON(env *Env, changes []closure.Change) error {
	packages := map[string]any{}
	for _, ch := range changes {
		packages[ch.Name] = map[string]any{
			"versionsBefore": append([]string{}, ch.Removed...),
			"versionsAfter":  append([]string{}, ch.Added...),
			"sizeDelta":      ch.SizeDelta,
		}
	}
	return json.NewEncoder(env.Stdout).Encode(map[string]any{"packages": packages, "schema": "diff-closures-v1"})
}
