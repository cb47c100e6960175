package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/parser/quote"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/local"
)

// ready is what things are built in, once everything that was evaluated is there.
func (u *userEnv) ready(ctx context.Context) (*buildSession, error) {
	if err := u.eval.flush(ctx); err != nil {
		return nil, err
	}
	return u.eval.session()
}

// make builds the environment of some packages and makes it the profile's newest
// generation.
func (u *userEnv) make(ctx context.Context, els []envElement) error {
	if u.dryRun {
		return nil
	}
	b, err := u.ready(ctx)
	if err != nil {
		return err
	}
	dir := u.eval.storeDir()
	var targets []builder.Target
	var refs []store.Path
	for _, el := range els {
		var outs []string
		for _, o := range el.Outputs {
			p, err := dir.Parse(o.Path)
			if err != nil {
				return err
			}
			refs = append(refs, p)
			outs = append(outs, o.Name)
			if el.DrvPath == "" {
				targets = append(targets, builder.Target{Path: p})
			}
		}
		if el.DrvPath != "" {
			p, err := dir.Parse(el.DrvPath)
			if err != nil {
				return err
			}
			targets = append(targets, builder.Target{Drv: p, Outputs: outs})
		}
	}
	if _, err := b.build(ctx, targets, builder.Normal); err != nil {
		return err
	}
	out, err := u.buildEnvironment(ctx, b, els, refs)
	if err != nil {
		return err
	}
	return u.addGeneration(ctx, out)
}

// buildEnvironment builds the derivation user-environment.
func (u *userEnv) buildEnvironment(ctx context.Context, b *buildSession, els []envElement, refs []store.Path) (store.Path, error) {
	s := u.eval.store
	dir := s.StoreDir()
	manifest, err := s.AddText(ctx, "env-manifest.nix", manifestText(els), refs)
	if err != nil {
		return store.Path{}, err
	}
	var words []string
	for _, el := range els {
		active := strconv.FormatBool(el.flag("active") != "false")
		words = append(words, active, firstOf(el.flag("priority"), "5"), strconv.Itoa(len(el.Outputs)))
		for _, o := range el.Outputs {
			words = append(words, o.Path)
		}
	}
	d := &drv.Derivation{
		Name: "user-environment", System: "builtin", Builder: "builtin:buildenv",
		Outputs:   []drv.Output{{Name: "out"}},
		InputSrcs: []store.Path{manifest},
		Env: []drv.EnvVar{
			{Name: "allowSubstitutes"}, {Name: "builder", Value: "builtin:buildenv"},
			{Name: "derivations", Value: strings.Join(words, " ")}, {Name: "manifest", Value: dir.Format(manifest)},
			{Name: "name", Value: "user-environment"}, {Name: "out"}, {Name: "preferLocalBuild", Value: "1"}, {Name: "system", Value: "builtin"},
		},
	}
	if err := s.Hasher().FillOutputs(d); err != nil {
		return store.Path{}, err
	}
	p, err := d.Write(ctx, s)
	if err != nil {
		return store.Path{}, err
	}
	results, err := b.build(ctx, []builder.Target{{Drv: p, Outputs: []string{"out"}}}, builder.Normal)
	if err != nil {
		return store.Path{}, err
	}
	return results[0].Outputs["out"], nil
}

// manifestText is the list of packages as a Nix expression.
func manifestText(els []envElement) string {
	var b strings.Builder
	b.WriteString("[ ")
	for _, el := range els {
		b.WriteString("{ ")
		if el.DrvPath != "" {
			fmt.Fprintf(&b, "drvPath = %s; ", quote.String(el.DrvPath))
		}
		b.WriteString("meta = { ")
		for _, name := range sortedNames(el.Meta) {
			fmt.Fprintf(&b, "%s = %s; ", quote.String(name), nixLiteral(el.Meta[name]))
		}
		fmt.Fprintf(&b, "}; name = %s; ", quote.String(el.Name))
		var names []string
		for _, o := range el.Outputs {
			fmt.Fprintf(&b, "%s = { outPath = %s; }; ", quote.String(o.Name), quote.String(o.Path))
			names = append(names, quote.String(o.Name))
		}
		fmt.Fprintf(&b, "outPath = %s; outputs = [ %s ]; ", quote.String(el.OutPath), strings.Join(names, " "))
		if el.System != "" {
			fmt.Fprintf(&b, "system = %s; ", quote.String(el.System))
		}
		b.WriteString("type = \"derivation\"; } ")
	}
	b.WriteString("]")
	return b.String()
}

// nixLiteral writes plain JSON, without objects, in Nix.
func nixLiteral(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "null"
	}
	switch v := v.(type) {
	case string:
		return quote.String(v)
	case []any:
		parts := []string{"["}
		for _, e := range v {
			b, err := json.Marshal(e)
			if err == nil {
				parts = append(parts, nixLiteral(b))
			}
		}
		return strings.Join(append(parts, "]"), " ")
	}
	return string(raw)
}

// addGeneration links a path as the next generation of the profile.
func (u *userEnv) addGeneration(ctx context.Context, p store.Path) error {
	return addGeneration(ctx, u.eval.store, u.profile, p)
}

// addGeneration links a path as the next generation of a profile, and switches to
// it. The same path again is no new generation.
func addGeneration(ctx context.Context, s *local.Store, profile string, p store.Path) error {
	if err := os.MkdirAll(filepath.Dir(profile), 0o755); err != nil {
		return err
	}
	return local.WithProfileLock(ctx, profile, func() error {
		gens, _, err := local.Generations(profile)
		if err != nil {
			return err
		}
		next := 1
		if len(gens) > 0 {
			last := gens[len(gens)-1]
			next = last.Number + 1
			if target, err := os.Readlink(last.Path); err == nil && target == s.StoreDir().Format(p) {
				return linkAtomically(profile, last.Path)
			}
		}
		link := fmt.Sprintf("%s-%d-link", profile, next)
		if err := s.AddPermRoot(ctx, p, link); err != nil {
			return err
		}
		return linkAtomically(profile, link)
	})
}
