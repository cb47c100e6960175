package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/closure"
)

// The branches of trees, as Nix draws them.
const (
	treeConn = "├───"
	treeLast = "└───"
	treeLine = "│   "
	treeNull = "    "
)

func newWhyDependsCmd(env *Env) *cobra.Command {
	var all, brief, precise bool
	var target targetArgs
	c := &cobra.Command{
		Use:   "why-depends PACKAGE DEPENDENCY",
		Short: "Show why a path has another one in its closure",
		Long: `Show a shortest chain of references from one path to another, and for each the
file, the line and the text where it stands. With --all show every reference
that leads there.`,
		Example: `  gonix why-depends ./result /nix/store/...-glibc-2.31
  gonix why-depends --all ./result ./result-dev`,
		Args: cobra.ExactArgs(2),
	}
	c.Flags().BoolVarP(&all, "all", "a", false, "show all references that lead to the dependency")
	c.Flags().BoolVar(&precise, "precise", false, "show where each reference stands (the default, unless called as nix)")
	c.Flags().BoolVar(&brief, "brief", false, "show only the paths")
	target.add(env, c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return target.with(c, env, args, func(ctx context.Context, src store.Source, paths []store.Path) error {
			set, err := closure.Compute(ctx, src, paths[:1])
			if err != nil {
				return err
			}
			w := &whyPrinter{ctx: ctx, env: env, src: src, all: all, why: closure.NewWhy(set, paths[1]), from: paths[0], seen: map[store.Path]bool{}}
			w.precise = precise || !brief && env.Program != "nix"
			if set[paths[1]] == nil {
				printError(env, fmt.Errorf("'%s' does not depend on '%s'", args[0], args[1]))
				return nil
			}
			if !w.precise {
				fmt.Fprintln(env.Stdout, src.StoreDir().Format(paths[0]))
			}
			_, err = w.node(paths[0], "", "")
			return err
		})
	}
	return c
}

type whyPrinter struct {
	ctx          context.Context
	env          *Env
	src          store.Source
	why          *closure.Why
	from         store.Path
	all, precise bool
	seen         map[store.Path]bool
}

// node prints p and what it refers to on the way. It says whether all that was
// asked for has been printed.
func (w *whyPrinter) node(p store.Path, first, rest string) (done bool, err error) {
	dir := w.src.StoreDir()
	if w.precise {
		arrow := ""
		if first != "" {
			arrow = "→ "
		}
		fmt.Fprintf(w.env.Stdout, "%s%s%s\n", first, arrow, dir.Format(p))
	}
	if p == w.why.To && !w.all && w.from != w.why.To {
		return true, nil
	}
	if w.seen[p] {
		return false, nil
	}
	w.seen[p] = true
	next := w.why.Next(p)
	var where map[store.Path][]closure.Mention
	if w.precise && len(next) > 0 {
		if where, err = closure.Mentions(w.ctx, w.src, p, next); err != nil {
			return false, err
		}
	}
	for i, r := range next {
		last := !w.all || i == len(next)-1
		conn, pad := treeConn, treeLine
		if last {
			conn, pad = treeLast, treeNull
		}
		for j, m := range where[r] {
			if j > 0 && !w.all {
				break
			}
			branch := conn
			if j > 0 {
				branch = pad
			}
			fmt.Fprintf(w.env.Stdout, "%s%s%s\n", rest, branch, w.mention(m))
		}
		if !w.precise {
			fmt.Fprintf(w.env.Stdout, "%s%s%s\n", rest, conn, dir.Format(r))
		}
		if done, err := w.node(r, rest+pad, rest+pad); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// mention is one line about a place where a reference stands.
func (w *whyPrinter) mention(m closure.Mention) string {
	hash := w.env.paint(w.env.Stdout, "\x1b[32;1m", m.Hash)
	file := m.File
	if file == "" {
		file = "/"
	}
	if m.Symlink {
		return fmt.Sprintf("%s -> %s%s%s", file, printable(m.Before), hash, printable(m.After))
	}
	at := fmt.Sprintf("byte %d", m.Offset)
	if m.Line > 0 {
		at = fmt.Sprintf("line %d", m.Line)
	}
	return fmt.Sprintf("%s: …%s%s%s… (%s)", file, printable(m.Before), hash, printable(m.After), at)
}

// printable replaces what is not ASCII text by dots.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, strings.ToValidUTF8(s, "."))
}
