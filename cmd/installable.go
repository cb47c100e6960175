package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
)

func sortedNames[V any](m map[string]V) []string {
	var names []string
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// outputsSpec is what stands behind '^': nil for all.
func outputsSpec(s string) (outputs []string, err error) {
	if s == "*" {
		return nil, nil
	}
	if strings.Contains(s, "^") {
		return nil, errors.New("Building dynamic derivations in one shot is not yet implemented: build the derivation first, then what it makes")
	}
	for _, o := range strings.Split(s, ",") {
		if o == "" || strings.Trim(o, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._?=") != "" {
			return nil, usageErrorf("invalid outputs specifier '%s'", s)
		}
		outputs = append(outputs, o)
	}
	return outputs, nil
}

// installables finds out what arguments stand for. Store paths are themselves;
// others select attributes of what --file or --expr evaluates to.
func (e *evaluation) installables(f *evalFlags, args []string) ([]builder.Target, error) {
	var targets []builder.Target
	var source eval.Value
	evaluated := false
	for _, arg := range args {
		name, spec, hasSpec := strings.Cut(arg, "^")
		outputs := []string(nil)
		var err error
		if hasSpec {
			if outputs, err = outputsSpec(spec); err != nil {
				return nil, err
			}
		}
		if t, ok, err := e.installedPath(f, name, outputs, hasSpec); err != nil {
			return nil, err
		} else if ok {
			targets = append(targets, t)
			continue
		}
		var v eval.Value
		if f.isFlake(name) {
			v, err = e.flakeValue(name, f.roles)
		} else {
			if !evaluated {
				if source, err = e.source(f); err != nil {
					return nil, err
				}
				evaluated = true
			}
			v, err = e.selectPath(source, name)
		}
		if err != nil {
			return nil, err
		}
		more, err := e.valueTargets(v, outputs, hasSpec)
		if err != nil {
			return nil, err
		}
		targets = append(targets, more...)
	}
	return targets, nil
}

// installedPath recognises store paths, and links to such.
func (e *evaluation) installedPath(f *evalFlags, name string, outputs []string, hasSpec bool) (builder.Target, bool, error) {
	if !strings.Contains(name, "/") {
		return builder.Target{}, false, nil
	}
	if !e.storeDir().Contains(name) {
		if f.file != "" || f.expr != "" {
			return builder.Target{}, false, nil
		}
		// A link such as ./result, if it is no flake.
		if _, err := followToStore(e.env, e.storeDir(), name); err != nil {
			return builder.Target{}, false, nil
		}
	}
	p, err := followToStore(e.env, e.storeDir(), name)
	if err != nil {
		return builder.Target{}, false, err
	}
	if hasSpec || p.IsDerivation() && hasSpec {
		d, err := e.readDerivation(p)
		if err != nil {
			return builder.Target{}, false, err
		}
		for _, o := range outputs {
			if d.Output(o) == nil {
				return builder.Target{}, false, fmt.Errorf("derivation '%s' does not have wanted outputs '%s'", e.storeDir().Format(p), o)
			}
		}
		return builder.Target{Drv: p, Outputs: outputs}, true, nil
	}
	return builder.Target{Path: p}, true, nil
}

// valueTargets are the targets that a value stands for: a derivation or a set of
// them, a path, or a string that refers to one store path.
func (e *evaluation) valueTargets(v eval.Value, outputs []string, hasSpec bool) ([]builder.Target, error) {
	switch v.Kind() {
	case eval.KindPath:
		_, ctx, err := e.st.CoerceToString(v, 0, "while evaluating an installable", 0)
		if err != nil {
			return nil, e.fail(err)
		}
		t, xerr := e.contextTarget(v.AsPath(), ctx)
		return []builder.Target{t}, xerr
	case eval.KindString:
		t, err := e.contextTarget(v.AsString(), v.Context())
		return []builder.Target{t}, err
	}
	pkgs, err := e.st.Packages(v, e.auto)
	if err != nil {
		return nil, e.fail(err)
	}
	var targets []builder.Target
	for _, p := range pkgs {
		drvPath, perr := e.storeDir().Parse(p.DrvPath)
		if perr != nil {
			return nil, perr
		}
		t := builder.Target{Drv: drvPath, Outputs: outputs}
		if !hasSpec {
			if t.Outputs, perr = e.installedOutputs(p.Attrs); perr != nil {
				return nil, perr
			}
		}
		// What several attributes want of one derivation is built once.
		i := slices.IndexFunc(targets, func(o builder.Target) bool { return o.Drv == t.Drv })
		switch {
		case i < 0:
			targets = append(targets, t)
		case t.Outputs == nil || targets[i].Outputs == nil:
			targets[i].Outputs = nil
		default:
			targets[i].Outputs = append(targets[i].Outputs, t.Outputs...)
			slices.Sort(targets[i].Outputs)
			targets[i].Outputs = slices.Compact(targets[i].Outputs)
		}
	}
	return targets, nil
}

// installedOutputs are the outputs of a package that its users get: the one that
// was selected, those of meta.outputsToInstall, or all.
func (e *evaluation) installedOutputs(set *eval.Attrs) ([]string, error) {
	if chosen := e.st.Get(set, "outputSpecified"); chosen != nil {
		if v, err := e.st.Force(*chosen); err == nil && v.Kind() == eval.KindBool && v.AsBool() {
			if out := e.st.Get(set, "outputName"); out != nil {
				s, err := e.st.ForceStringNoContext(*out, 0, "while evaluating the output name of a derivation")
				if err != nil {
					return nil, e.fail(err)
				}
				return []string{s}, nil
			}
		}
	}
	meta := e.st.Get(set, "meta")
	if meta == nil {
		return e.allOutputs(set)
	}
	m, err := e.st.Force(*meta)
	if err != nil || m.Kind() != eval.KindAttrs {
		return e.allOutputs(set)
	}
	list := e.st.Get(m.AsAttrs(), "outputsToInstall")
	if list == nil {
		return e.allOutputs(set)
	}
	items, err := e.st.ForceList(*list, 0, "while evaluating 'meta.outputsToInstall'")
	if err != nil {
		return nil, e.fail(err)
	}
	outputs := []string{}
	for _, item := range items {
		s, err := e.st.ForceStringNoContext(item, 0, "while evaluating 'meta.outputsToInstall'")
		if err != nil {
			return nil, e.fail(err)
		}
		outputs = append(outputs, s)
	}
	if len(outputs) == 0 {
		outputs = []string{"out"}
	}
	return outputs, nil
}

// allOutputs is nil, or the only output of a derivation without `outputs`.
func (e *evaluation) allOutputs(set *eval.Attrs) ([]string, error) {
	if e.st.Get(set, "outputs") == nil {
		if out := e.st.Get(set, "outputName"); out != nil {
			s, err := e.st.ForceStringNoContext(*out, 0, "while evaluating the output name of a derivation")
			if err != nil {
				return nil, e.fail(err)
			}
			return []string{s}, nil
		}
	}
	return nil, nil
}

// contextTarget is the only thing that a string refers to.
func (e *evaluation) contextTarget(s string, ctx *eval.Context) (builder.Target, error) {
	elems := ctx.Elems()
	if len(elems) != 1 {
		return builder.Target{}, fmt.Errorf("string '%s' has %d entries in its context. It should only have exactly one entry", s, len(elems))
	}
	el := elems[0]
	if el.Kind == eval.ContextDrvDeep {
		return builder.Target{}, fmt.Errorf("string '%s' has a context which refers to a complete source and binary closure. This is not supported at this time", s)
	}
	if el.Base != nil {
		return builder.Target{}, fmt.Errorf("string '%s' refers to an output of a dynamic derivation, which is not supported", s)
	}
	p, err := e.storeDir().Parse(el.Path)
	if err != nil {
		return builder.Target{}, err
	}
	if el.Kind == eval.ContextOutput {
		return builder.Target{Drv: p, Outputs: []string{el.Output}}, nil
	}
	return builder.Target{Path: p}, nil
}
