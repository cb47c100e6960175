package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
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
		w := &whyRebuild{env: env, s: st, out: env.Stdout, seen: map[[2]store.Path]bool{}}
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
	if w.seen[[2]store.Path{old, new}] {
		w.say(indent, "(explained above)")
		return nil
	}
	w.seen[[2]store.Path{old, new}] = true
	a, err := w.s.ReadDerivation(old)
	if err != nil {
		return err
	}
	b, err := w.s.ReadDerivation(new)
	if err != nil {
		return err
	}
	if indent == "" {
		w.say("", "%s is built anew because", b.Name)
		indent = "  "
	}
	found := false
	note := func(format string, args ...any) {
		found = true
		w.say(indent, format, args...)
	}
	if a.Name != b.Name {
		note("its name was '%s' and is '%s'", a.Name, b.Name)
	}
	if a.System != b.System {
		note("its system was '%s' and is '%s'", a.System, b.System)
	}
	// Paths of changed inputs appear in attributes too: that is no change of its own.
	same := w.pathPairs(a, b)
	if !sameText(a.Builder, b.Builder, same) {
		note("its builder was '%s' and is '%s'", a.Builder, b.Builder)
	}
	if !sameText(strings.Join(a.Args, "\n"), strings.Join(b.Args, "\n"), same) {
		note("its builder's arguments changed:")
		w.diff(strings.Join(a.Args, "\n"), strings.Join(b.Args, "\n"), indent+"  ")
	}
	w.attributes(a, b, same, note, indent)
	if err := w.sources(a, b, note, indent); err != nil {
		return err
	}
	return w.inputs(a, b, note, &found, indent)
}

// pathPairs maps the hash parts of outputs and inputs of a to those that took
// their place in b.
func (w *whyRebuild) pathPairs(a, b *drv.Derivation) map[string]string {
	pairs := map[string]string{}
	for _, o := range a.Outputs {
		if n := b.Output(o.Name); n != nil && !o.Path.IsZero() && !n.Path.IsZero() {
			pairs[o.Path.HashPart()] = n.Path.HashPart()
		}
	}
	for _, in := range a.InputDrvs {
		to, ok := matchingInput(b, in.Path)
		if !ok || to == in.Path {
			continue
		}
		x, err1 := w.s.ReadDerivation(in.Path)
		y, err2 := w.s.ReadDerivation(to)
		if err1 != nil || err2 != nil {
			continue
		}
		pairs[in.Path.HashPart()] = to.HashPart()
		for _, o := range x.Outputs {
			if n := y.Output(o.Name); n != nil && !o.Path.IsZero() && !n.Path.IsZero() {
				pairs[o.Path.HashPart()] = n.Path.HashPart()
			}
		}
	}
	for _, p := range a.InputSrcs {
		if to, ok := matchingSource(a, b, p); ok {
			pairs[p.HashPart()] = to.HashPart()
		}
	}
	return pairs
}

func sameText(a, b string, pairs map[string]string) bool {
	for from, to := range pairs {
		a = strings.ReplaceAll(a, from, to)
	}
	return a == b
}

func (w *whyRebuild) attributes(a, b *drv.Derivation, same map[string]string, note func(string, ...any), indent string) {
	for _, e := range a.Env {
		now, ok := b.Getenv(e.Name)
		switch {
		case !ok:
			note("the attribute '%s' is gone", e.Name)
		case sameText(e.Value, now, same):
		case strings.Contains(e.Value+now, "\n"):
			note("the attribute '%s' changed:", e.Name)
			w.diff(e.Value, now, indent+"  ")
		default:
			note("the attribute '%s' was '%s' and is '%s'", e.Name, shorten(e.Value), shorten(now))
		}
	}
	for _, e := range b.Env {
		if _, ok := a.Getenv(e.Name); !ok {
			note("there is a new attribute '%s' = '%s'", e.Name, shorten(e.Value))
		}
	}
}

func shorten(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

// matchingSource finds the source of b that took the place of one of a.
func matchingSource(a, b *drv.Derivation, p store.Path) (store.Path, bool) {
	if slices.Contains(b.InputSrcs, p) {
		return p, false
	}
	for _, q := range b.InputSrcs {
		if q.Name() == p.Name() && !slices.Contains(a.InputSrcs, q) {
			return q, true
		}
	}
	return store.Path{}, false
}

func (w *whyRebuild) sources(a, b *drv.Derivation, note func(string, ...any), indent string) error {
	for _, p := range a.InputSrcs {
		if slices.Contains(b.InputSrcs, p) {
			continue
		}
		q, ok := matchingSource(a, b, p)
		if !ok {
			note("the source '%s' is gone", p.Name())
			continue
		}
		note("the source '%s' changed:", p.Name())
		w.trees(w.s.RealPath(p), w.s.RealPath(q), "", indent+"  ")
	}
	for _, q := range b.InputSrcs {
		if !slices.ContainsFunc(a.InputSrcs, func(p store.Path) bool { return p.Name() == q.Name() }) {
			note("there is a new source '%s'", q.Name())
		}
	}
	return nil
}

// trees says which files of two sources differ.
func (w *whyRebuild) trees(a, b, rel, indent string) {
	sa, ea := os.Lstat(a)
	sb, eb := os.Lstat(b)
	label := rel
	if label != "" {
		label += ": "
	}
	switch {
	case ea != nil && eb != nil:
		w.say(indent, "%sneither is in the store any more", label)
	case ea != nil:
		w.say(indent, "%snew", label)
	case eb != nil:
		w.say(indent, "%sgone", label)
	case sa.IsDir() && sb.IsDir():
		var names []string
		for _, d := range []string{a, b} {
			entries, _ := os.ReadDir(d)
			for _, e := range entries {
				names = append(names, e.Name())
			}
		}
		slices.Sort(names)
		for _, n := range slices.Compact(names) {
			w.trees(a+"/"+n, b+"/"+n, strings.TrimPrefix(rel+"/"+n, "/"), indent)
		}
	case sa.Mode().Type() != sb.Mode().Type():
		w.say(indent, "%sanother kind of file", label)
	case sa.Mode().IsRegular():
		x, _ := os.ReadFile(a)
		y, _ := os.ReadFile(b)
		if string(x) == string(y) {
			if sa.Mode() != sb.Mode() {
				w.say(indent, "%sexecutable in one of them only", label)
			}
			return
		}
		if rel != "" {
			w.say(indent, "%s:", rel)
			indent += "  "
		}
		w.diff(string(x), string(y), indent)
	default:
		x, _ := os.Readlink(a)
		y, _ := os.Readlink(b)
		if x != y {
			w.say(indent, "%spointed to %s, points to %s", label, x, y)
		}
	}
}

// diff shows the lines that changed, at most a screen full.
func (w *whyRebuild) diff(a, b, indent string) {
	const most = 40
	if strings.IndexByte(a, 0) >= 0 || strings.IndexByte(b, 0) >= 0 {
		w.say(indent, "binary contents differ (%d and %d bytes)", len(a), len(b))
		return
	}
	d := diffmatchpatch.New()
	x, y, lines := d.DiffLinesToChars(a, b)
	n, line := 0, 1
	for _, part := range d.DiffCharsToLines(d.DiffMain(x, y, false), lines) {
		text := strings.Split(strings.TrimSuffix(part.Text, "\n"), "\n")
		if part.Type == diffmatchpatch.DiffEqual {
			line += len(text)
			continue
		}
		for _, l := range text {
			if n++; n > most {
				w.say(indent, "...")
				return
			}
			if part.Type == diffmatchpatch.DiffDelete {
				w.say(indent, "%4d - %s", line, l)
				line++
			} else {
				w.say(indent, "     + %s", l)
			}
		}
	}
}

// matchingInput finds the input of b that took the place of one of a: itself, or
// the only one with its name.
func matchingInput(b *drv.Derivation, p store.Path) (store.Path, bool) {
	var found store.Path
	for _, in := range b.InputDrvs {
		if in.Path == p {
			return p, true
		}
		if in.Path.Name() == p.Name() {
			if !found.IsZero() {
				return store.Path{}, false
			}
			found = in.Path
		}
	}
	return found, !found.IsZero()
}

func (w *whyRebuild) inputs(a, b *drv.Derivation, note func(string, ...any), found *bool, indent string) error {
	taken := map[store.Path]bool{}
	for _, in := range a.InputDrvs {
		q, ok := matchingInput(b, in.Path)
		taken[q] = ok
		switch {
		case !ok:
			note("it no longer needs %s", strings.TrimSuffix(in.Path.Name(), store.DrvExtension))
		case q != in.Path:
			note("its input %s changed, because", strings.TrimSuffix(in.Path.Name(), store.DrvExtension))
			if err := w.explain(in.Path, q, indent+"  "); err != nil {
				return err
			}
		}
	}
	for _, in := range b.InputDrvs {
		if !taken[in.Path] {
			note("it now needs %s", strings.TrimSuffix(in.Path.Name(), store.DrvExtension))
		}
	}
	if !*found {
		w.say(indent, "of something that cannot be seen in the derivations")
	}
	return nil
}
