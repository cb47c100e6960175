package cmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/local"
)

func newWhyRebuildCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "why-rebuild OLD NEW",
		Short: "Explain what changed between two derivations",
		Long: `Why-rebuild says in words why NEW has to be built although OLD has been: which
inputs, attributes and sources changed, down to the changed lines of build scripts
and files. Both are derivations, or what derivations have made; the derivation of an
output is the one that made it.`,
		Example: "  gonix why-rebuild ./result $(gonix-instantiate .)\n  gonix why-rebuild /nix/store/OLD.drv /nix/store/NEW.drv",
		Args:    cobra.ExactArgs(2),
	}
	conf := addSettingsFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		s, err := conf.load(env)
		if err != nil {
			return err
		}
		st, err := openStore(c.Context(), env, s, local.Warn)
		if err != nil {
			return err
		}
		defer st.Close()
		w := &whyRebuild{env: env, s: st, out: env.Stdout, seen: map[[2]store.Path]bool{}, drvs: map[store.Path]*drv.Derivation{}}
		var drvs [2]store.Path
		for i, arg := range args {
			if drvs[i], err = w.derivation(c.Context(), arg); err != nil {
				return err
			}
		}
		if drvs[0] == drvs[1] {
			_, err := fmt.Fprintf(env.Stdout, "nothing changed: both are %s\n", st.StoreDir().Format(drvs[0]))
			return err
		}
		return w.explain(drvs[0], drvs[1], "")
	}
	return c
}

type whyRebuild struct {
	env  *Env
	s    *local.Store
	out  io.Writer
	seen map[[2]store.Path]bool
	drvs map[store.Path]*drv.Derivation // that were read; nil if they are gone
	all  bool                           // also what does not change what is built
}

// derivation is what a command line argument means: a derivation, or the one
// that made a path.
func (w *whyRebuild) derivation(ctx context.Context, arg string) (store.Path, error) {
	p, err := followToStore(w.env, w.s.StoreDir(), arg)
	if err != nil || p.IsDerivation() {
		return p, err
	}
	info, err := w.s.QueryPathInfo(ctx, p)
	if err != nil {
		return p, err
	}
	if info.Deriver.IsZero() {
		return p, fmt.Errorf("it is not known which derivation made '%s'", w.s.StoreDir().Format(p))
	}
	return info.Deriver, nil
}

func (w *whyRebuild) say(indent, format string, args ...any) {
	fmt.Fprintf(w.out, indent+format+"\n", args...)
}

// explain compares two derivations, and then those of their inputs that differ.
func (w *whyRebuild) explain(old, new store.Path, indent string) error {
	w.seen[[2]store.Path{old, new}] = true
	a, b := w.read(old), w.read(new)
	for p, d := range map[store.Path]*drv.Derivation{old: a, new: b} {
		if d == nil && indent == "" {
			_, err := w.s.ReadDerivation(p)
			return err
		} else if d == nil {
			w.say(indent, "(its derivation %s is not in the store any more)", p.Name())
			return nil
		}
	}
	if indent == "" {
		indent = "  "
		if w.all = sameOutputs(a, b); w.all {
			w.say("", "%s need not be built anew: its outputs stay the same, although", b.Name)
		} else {
			w.say("", "%s is built anew because", b.Name)
		}
	}
	c := &comparison{whyRebuild: w, a: a, b: b, pairs: w.pairs(a, b), indent: indent}
	c.itself()
	c.attributes()
	c.fromSources()
	if err := c.fromInputs(); err != nil {
		return err
	}
	if !c.found {
		w.say(indent, "of something that cannot be seen in the derivations")
	}
	return nil
}

// comparison is of two derivations.
type comparison struct {
	*whyRebuild
	*pairs
	a, b   *drv.Derivation
	indent string
	found  bool // something that differs
}

func (c *comparison) note(format string, args ...any) {
	c.found = true
	c.say(c.indent, format, args...)
}

// itself compares all but the attributes. Paths of inputs that changed appear in
// other places too: that is no change of its own.
func (c *comparison) itself() {
	a, b := c.a, c.b
	if a.Name != b.Name {
		c.note("its name was '%s' and is '%s'", a.Name, b.Name)
	}
	if a.System != b.System {
		c.note("its system was '%s' and is '%s'", a.System, b.System)
	}
	if c.renew(a.Builder) != b.Builder {
		c.note("its builder was '%s' and is '%s'", a.Builder, b.Builder)
	}
	c.arguments()
	var was, is []string
	for _, o := range a.Outputs {
		was = append(was, o.Name)
	}
	for _, o := range b.Outputs {
		is = append(is, o.Name)
	}
	if !slices.Equal(was, is) {
		c.note("its outputs were %s and are %s", strings.Join(was, ", "), strings.Join(is, ", "))
		return
	}
	for i, o := range a.Outputs {
		if n := b.Outputs[i]; o.Hash != n.Hash {
			c.note("the hash that its output '%s' must have was '%s' and is '%s'", o.Name, hash.WithPrefix(o.Hash, hash.SRI), hash.WithPrefix(n.Hash, hash.SRI))
		}
	}
}

// arguments compares one by one, so that lines are those of a build script.
func (c *comparison) arguments() {
	was, is := c.a.Args, c.b.Args
	if len(was) != len(is) {
		was, is = []string{strings.Join(was, "\n")}, []string{strings.Join(is, "\n")}
	}
	told := false
	for i := range was {
		before := c.renew(was[i])
		if before == is[i] {
			continue
		}
		if !told {
			c.note("its builder's arguments changed:")
			told = true
		}
		c.diff(before, is[i], c.indent+"  ", true)
	}
}

func (c *comparison) attributes() {
	was, is := ownAttributes(c.a), ownAttributes(c.b)
	for _, name := range sortedNames(was) {
		now, ok := is[name]
		before := c.renew(was[name])
		switch {
		case !ok:
			c.note("the attribute '%s' is gone", name)
		case before == now || slices.Contains(fixedOutput, name) && c.b.Outputs[0].Kind == drv.CAFixed:
		case strings.Contains(before+now, "\n"):
			c.note("the attribute '%s' changed:", name)
			c.diff(before, now, c.indent+"  ", true)
		case len(before) < 60 && len(now) < 60 || !strings.Contains(before+now, " "):
			c.note("the attribute '%s' was '%s' and is '%s'", name, shorten(was[name]), shorten(now))
		default:
			c.note("words of the attribute '%s' changed:", name)
			c.diff(strings.ReplaceAll(before, " ", "\n"), strings.ReplaceAll(now, " ", "\n"), c.indent+"  ", false)
		}
	}
	for _, name := range sortedNames(is) {
		if _, ok := was[name]; !ok {
			c.note("there is a new attribute '%s' = '%s'", name, shorten(is[name]))
		}
	}
}

// fixedOutput are the attributes that a fixed output's hash is said in.
var fixedOutput = []string{"outputHash", "outputHashAlgo", "outputHashMode", "sha256"}

func shorten(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

func (c *comparison) fromSources() {
	taken := map[store.Path]bool{}
	for _, p := range c.a.InputSrcs {
		q, ok := c.sources[p]
		taken[q] = ok
		switch {
		case slices.Contains(c.b.InputSrcs, p):
			taken[p] = true
		case !ok:
			c.note("the source '%s' is gone", p.Name())
		default:
			as := ""
			if p.Name() != q.Name() {
				as = fmt.Sprintf(" (and is called '%s')", q.Name())
			}
			c.note("the source '%s' changed%s:", p.Name(), as)
			c.trees(c.s.RealPath(p), c.s.RealPath(q), "", c.indent+"  ")
		}
	}
	for _, q := range c.b.InputSrcs {
		if !taken[q] {
			c.note("there is a new source '%s'", q.Name())
		}
	}
}

func (c *comparison) fromInputs() error {
	taken := map[store.Path]bool{}
	var again []string
	for _, in := range c.a.InputDrvs {
		q, ok := c.inputs[in.Path]
		taken[q] = ok
		switch {
		case slices.ContainsFunc(c.b.InputDrvs, func(x drv.InputDrv) bool { return x.Path == in.Path }):
			taken[in.Path] = true
		case !ok:
			c.note("it no longer needs %s", drvName(in.Path))
		case !c.all && sameOutputs(c.read(in.Path), c.read(q)):
			// What is built from it cannot tell.
		case c.seen[[2]store.Path{in.Path, q}]:
			again = append(again, drvName(in.Path))
		default:
			as := ""
			if drvName(in.Path) != drvName(q) {
				as = " into " + drvName(q)
			}
			c.note("its input %s changed%s, because", drvName(in.Path), as)
			if err := c.explain(in.Path, q, c.indent+"  "); err != nil {
				return err
			}
		}
	}
	switch len(again) {
	case 0:
	case 1:
		c.note("its input %s changed, as explained above", again[0])
	default:
		c.note("its inputs %s changed, as explained above", strings.Join(again, ", "))
	}
	for _, in := range c.b.InputDrvs {
		if !taken[in.Path] {
			c.note("it now needs %s", drvName(in.Path))
		}
	}
	return nil
}
