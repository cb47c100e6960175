package builtins

import (
	"slices"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
)

// derivationSource is the function `derivation`: derivationStrict does the work
// when somebody asks for a path, and the attributes that were passed are there
// without it.
const derivationSource = `drvAttrs@{ outputs ? [ "out" ], ... }:
let
  strict = derivationStrict drvAttrs;
  common = drvAttrs // builtins.listToAttrs outputsList // {
    all = map (o: o.value) outputsList;
    inherit drvAttrs;
  };
  outputsList = map (outputName: {
    name = outputName;
    value = common // {
      outPath = builtins.getAttr outputName strict;
      drvPath = strict.drvPath;
      type = "derivation";
      inherit outputName;
    };
  }) outputs;
in (builtins.head outputsList).value
`

func derivations() []eval.Builtin {
	return global(
		lazyConstant("derivation", func(st *eval.State) (eval.Value, *eval.Error) {
			return st.EvalText("«nix-internal»/derivation-internal.nix", derivationSource, "/")
		}),
		op1("derivationStrict", 0, derivationStrict),
		op1("placeholder", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			name, err := st.ForceStringNoContext(a, pos, "while evaluating the first argument passed to builtins.placeholder")
			if err != nil {
				return eval.Value{}, err
			}
			return eval.String(store.OutputPlaceholder(name)), nil
		}),
	)
}

func derivationStrict(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, pos, "while evaluating the argument passed to builtins.derivationStrict")
	if err != nil {
		return eval.Value{}, err
	}
	at := set.GetAttr(st.Sym("name"))
	if at.Value == nil {
		return eval.Value{}, st.MissingAttr(set, "name", 0).AddTrace(0, "in the attrset passed as argument to builtins.derivationStrict")
	}
	name, err := st.ForceStringNoContext(*at.Value, pos, "while evaluating the `name` attribute passed to builtins.derivationStrict")
	if err != nil {
		return eval.Value{}, err.AddTrace(at.Pos, "while evaluating the derivation attribute 'name'")
	}
	b := drvBuilder{st: st, pos: pos, set: set, name: name}
	v, err := b.build()
	if err != nil {
		err.Trace = append(err.Trace, eval.Frame{
			Msg:    "while evaluating derivation '" + name + "'\n  whose name attribute is located at " + st.DescribePos(at.Pos),
			Forced: true,
		})
		return eval.Value{}, err
	}
	return v, nil
}

// drvBuilder turns an attribute set into a derivation.
type drvBuilder struct {
	st   *eval.State
	pos  eval.Pos
	set  *eval.Attrs
	name string

	drv        drv.Derivation
	ctx        *eval.Context
	json       []byte // of structured attributes, without the braces
	structured bool

	contentAddressed, impure bool
	outputHash               *string
	algo                     hash.Algo
	method                   store.Method
	hasMethod                bool
	outputs                  []string
}

func (b *drvBuilder) errorf(format string, args ...any) *eval.Error {
	return b.st.Errorf(eval.ErrEval, b.pos, format, args...)
}

func (b *drvBuilder) flag(name string) (bool, *eval.Error) {
	at := b.set.GetAttr(b.st.Sym(name))
	if at.Value == nil {
		return false, nil
	}
	return b.st.ForceBool(*at.Value, b.pos, "while evaluating the `"+name+"` attribute passed to builtins.derivationStrict")
}

func (b *drvBuilder) build() (eval.Value, *eval.Error) {
	if err := store.CheckName(b.name); err != nil {
		return eval.Value{}, b.st.Errorf(eval.ErrEval, 0, "invalid derivation name: %s. Please pass a different 'name'.", err)
	}
	var err *eval.Error
	if b.structured, err = b.flag("__structuredAttrs"); err != nil {
		return eval.Value{}, err
	}
	ignoreNulls, err := b.flag("__ignoreNulls")
	if err != nil {
		return eval.Value{}, err
	}
	b.drv.Name = b.name
	b.outputs = []string{"out"}
	attrs := b.st.Sorted(b.set)
	b.drv.Env = make([]drv.EnvVar, 0, len(attrs)+2)
	for _, at := range attrs {
		key := b.st.SymName(at.Sym)
		if key == "__ignoreNulls" {
			continue
		}
		if err := b.attr(key, at, ignoreNulls); err != nil {
			return eval.Value{}, err.AddTrace(at.Pos, "while evaluating attribute '%s' of derivation '%s'", b.st.ShowName(at.Sym), b.name)
		}
	}
	if b.structured {
		b.drv.Env = append(b.drv.Env, drv.EnvVar{Name: drv.StructuredAttrsVar, Value: "{" + string(b.json) + "}"})
	}
	if err := b.inputs(); err != nil {
		return eval.Value{}, err
	}
	if b.drv.Builder == "" {
		return eval.Value{}, b.errorf("required attribute 'builder' missing")
	}
	if b.drv.System == "" {
		return eval.Value{}, b.errorf("required attribute 'system' missing")
	}
	if strings.HasSuffix(b.name, store.DrvExtension) &&
		!(b.hasMethod && b.method == store.Text && len(b.outputs) == 1 && b.outputs[0] == "out") {
		return eval.Value{}, b.errorf("derivation names are allowed to end in '%s' only if they produce a single derivation file", store.DrvExtension)
	}
	if err := b.addOutputs(); err != nil {
		return eval.Value{}, err
	}
	p, werr := b.st.WriteDerivation(&b.drv)
	if werr != nil {
		return eval.Value{}, b.st.StoreError(werr, b.pos)
	}
	return b.result(p), nil
}

// attr takes one attribute in.
func (b *drvBuilder) attr(key string, at eval.Attr, ignoreNulls bool) *eval.Error {
	st := b.st
	v := *at.Value
	if ignoreNulls {
		var err *eval.Error
		if v, err = st.ForceSlot(at.Value); err != nil {
			return err
		}
		if v.Kind() == eval.KindNull {
			return nil
		}
	}
	switch key {
	case "__contentAddressed":
		is, err := st.ForceBool(v, b.pos, "")
		if err != nil {
			return err
		}
		b.contentAddressed = is
		if is {
			return st.RequireFeature("ca-derivations", b.pos)
		}
		return nil
	case "__impure":
		is, err := st.ForceBool(v, b.pos, "")
		if err != nil {
			return err
		}
		b.impure = is
		if is {
			return st.RequireFeature("impure-derivations", b.pos)
		}
		return nil
	case "args":
		l, err := st.ForceList(v, b.pos, "")
		if err != nil {
			return err
		}
		for i := range l {
			s, ctx, err := st.CoerceToString(l[i], b.pos, "while evaluating an element of the argument list", eval.CoerceMore|eval.CopyToStore)
			if err != nil {
				return err
			}
			b.ctx = b.ctx.Union(ctx)
			b.drv.Args = append(b.drv.Args, s)
		}
		return nil
	}
	if b.structured {
		return b.structuredAttr(key, v)
	}
	s, ctx, err := st.CoerceToString(v, 0, "", eval.CoerceMore|eval.CopyToStore)
	if err != nil {
		return err
	}
	b.ctx = b.ctx.Union(ctx)
	b.drv.Env = append(b.drv.Env, drv.EnvVar{Name: key, Value: s})
	if key == drv.StructuredAttrsVar {
		st.Warn("In derivation '%s': setting structured attributes via '__json' is deprecated, and may be disallowed in future versions of Nix. Set '__structuredAttrs = true' instead.", b.name)
		return nil
	}
	if key == "outputs" {
		return b.setOutputs(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }))
	}
	return b.special(key, s)
}

// structuredAttr adds an attribute to the JSON, and reads those that mean
// something to Nix.
func (b *drvBuilder) structuredAttr(key string, v eval.Value) *eval.Error {
	st := b.st
	if key == "__structuredAttrs" {
		return nil
	}
	s, ctx, err := ToJSON(st, v, b.pos, true)
	if err != nil {
		return err
	}
	b.ctx = b.ctx.Union(ctx)
	if len(b.json) > 0 {
		b.json = append(b.json, ',')
	}
	if b.json, err = appendJSONString(st, b.json, key); err != nil {
		return err
	}
	b.json = append(append(b.json, ':'), s...)
	switch key {
	case "builder":
		s, ctx, err := st.ForceString(v, b.pos, "")
		if err != nil {
			return err
		}
		b.ctx = b.ctx.Union(ctx)
		b.drv.Builder = s
	case "system", "outputHash", "outputHashAlgo", "outputHashMode":
		s, err := st.ForceStringNoContext(v, b.pos, "")
		if err != nil {
			return err
		}
		return b.special(key, s)
	case "outputs":
		l, err := st.ForceList(v, b.pos, "")
		if err != nil {
			return err
		}
		names := make([]string, len(l))
		for i := range l {
			if names[i], err = st.ForceStringNoContext(l[i], b.pos, ""); err != nil {
				return err
			}
		}
		return b.setOutputs(names)
	case "allowedReferences", "allowedRequisites", "disallowedReferences", "disallowedRequisites", "maxSize", "maxClosureSize":
		st.Warn("In derivation '%s': 'structuredAttrs' disables the effect of the derivation attribute '%s'; use 'outputChecks.<output>.%s' instead", b.name, key, key)
	}
	return nil
}

// special takes note of the attributes that mean something to Nix.
func (b *drvBuilder) special(key, s string) *eval.Error {
	switch key {
	case "builder":
		b.drv.Builder = s
	case "system":
		b.drv.System = s
	case "outputHash":
		b.outputHash = &s
	case "outputHashAlgo":
		// As in Nix, an unknown algorithm (such as "") counts as not given.
		b.algo, _ = hash.ParseAlgo(s)
	case "outputHashMode":
		m, err := store.ParseMethod(s)
		if err != nil {
			return b.errorf("invalid value '%s' for 'outputHashMode' attribute", s)
		}
		b.method, b.hasMethod = m, true
		switch m {
		case store.Text:
			return b.st.RequireFeature("dynamic-derivations", b.pos)
		case store.Git:
			return b.st.RequireFeature("git-hashing", b.pos)
		}
	}
	return nil
}

func (b *drvBuilder) setOutputs(names []string) *eval.Error {
	b.outputs = nil
	for _, n := range names {
		if slices.Contains(b.outputs, n) {
			return b.errorf("duplicate derivation output '%s'", n)
		}
		if n == "drvPath" {
			return b.errorf("invalid derivation output name 'drvPath'")
		}
		b.outputs = append(b.outputs, n)
	}
	if len(b.outputs) == 0 {
		return b.errorf("derivation cannot have an empty set of outputs")
	}
	return nil
}

// inputs makes inputs of the context of all strings.
func (b *drvBuilder) inputs() *eval.Error {
	dir := b.st.StoreDir()
	for _, e := range b.ctx.Elems() {
		switch e.Kind {
		case eval.ContextPath:
			p, err := dir.Parse(e.Path)
			if err != nil {
				return b.st.StoreError(err, b.pos)
			}
			b.drv.InputSrcs = append(b.drv.InputSrcs, p)
		case eval.ContextOutput:
			in, err := inputOf(dir, e)
			if err != nil {
				return b.st.StoreError(err, b.pos)
			}
			b.drv.InputDrvs = append(b.drv.InputDrvs, in)
		default:
			p, err := dir.Parse(e.Path)
			if err != nil {
				return b.st.StoreError(err, b.pos)
			}
			if err := b.deepInputs(p, make(map[store.Path]bool)); err != nil {
				return b.st.StoreError(err, b.pos)
			}
		}
	}
	return nil
}

// inputOf makes the input for an output, also of a dynamic derivation.
func inputOf(dir store.Dir, e *eval.ContextElem) (drv.InputDrv, error) {
	node := drv.InputNode{Outputs: []string{e.Output}}
	for e.Base != nil {
		e = e.Base
		node = drv.InputNode{Dynamic: []drv.DynamicInput{{Output: e.Output, InputNode: node}}}
	}
	p, err := dir.Parse(e.Path)
	return drv.InputDrv{Path: p, InputNode: node}, err
}

// deepInputs adds a derivation, everything below it, and all outputs.
func (b *drvBuilder) deepInputs(p store.Path, seen map[store.Path]bool) error {
	if seen[p] {
		return nil
	}
	seen[p] = true
	b.drv.InputSrcs = append(b.drv.InputSrcs, p)
	if !p.IsDerivation() {
		return nil
	}
	d, err := b.st.Derivation(p)
	if err != nil {
		return err
	}
	var outs []string
	for _, o := range d.Outputs {
		outs = append(outs, o.Name)
	}
	b.drv.InputDrvs = append(b.drv.InputDrvs, drv.InputDrv{Path: p, InputNode: drv.InputNode{Outputs: outs}})
	for _, in := range d.InputDrvs {
		if err := b.deepInputs(in.Path, seen); err != nil {
			return err
		}
	}
	for _, src := range d.InputSrcs {
		if err := b.deepInputs(src, seen); err != nil {
			return err
		}
	}
	return nil
}

// addOutputs makes the outputs, and computes their paths where they are known.
func (b *drvBuilder) addOutputs() *eval.Error {
	switch {
	case b.outputHash != nil:
		if len(b.outputs) != 1 || b.outputs[0] != "out" {
			return b.errorf("multiple outputs are not supported in fixed-output derivations")
		}
		h, err := b.fixedHash(*b.outputHash)
		if err != nil {
			return err
		}
		b.drv.Outputs = []drv.Output{{Name: "out", Kind: drv.CAFixed, Method: b.method, Hash: h, Algo: h.Algo}}
		b.setEnv("out", "")
	case b.contentAddressed || b.impure:
		if b.contentAddressed && b.impure {
			return b.errorf("derivation cannot be both content-addressed and impure")
		}
		o := drv.Output{Kind: drv.CAFloating, Method: store.Recursive, Algo: hash.SHA256}
		if b.impure {
			o.Kind = drv.Impure
		}
		if b.hasMethod {
			o.Method = b.method
		}
		if b.algo != 0 {
			o.Algo = b.algo
		}
		for _, name := range b.outputs {
			o.Name = name
			b.drv.Outputs = append(b.drv.Outputs, o)
			b.setEnv(name, store.OutputPlaceholder(name))
		}
	default:
		for _, name := range b.outputs {
			b.drv.Outputs = append(b.drv.Outputs, drv.Output{Name: name})
			b.setEnv(name, "")
		}
	}
	b.drv.Normalize()
	if err := b.st.Hasher().FillOutputs(&b.drv); err != nil {
		return b.st.StoreError(err, b.pos)
	}
	return nil
}

// setEnv sets a variable while Env is not sorted yet.
func (b *drvBuilder) setEnv(name, value string) {
	for i := range b.drv.Env {
		if b.drv.Env[i].Name == name {
			b.drv.Env[i].Value = value
			return
		}
	}
	b.drv.Env = append(b.drv.Env, drv.EnvVar{Name: name, Value: value})
}

// fixedHash reads outputHash. An empty one stands for a hash that is not known
// yet: all zeros.
func (b *drvBuilder) fixedHash(s string) (hash.Hash, *eval.Error) {
	if s == "" {
		if b.algo == 0 {
			return hash.Hash{}, b.st.Errorf(eval.ErrEval, 0, "empty hash requires explicit hash algorithm")
		}
		h := hash.FromBytes(b.algo, make([]byte, b.algo.Size()))
		b.st.Warn("found empty hash, assuming '%s'", hash.Format(h, hash.SRI))
		return h, nil
	}
	h, err := hash.Parse(s, b.algo)
	if err != nil {
		return hash.Hash{}, b.st.StoreError(err, 0)
	}
	return h, nil
}

// result is the set { drvPath, OUTPUT... }.
func (b *drvBuilder) result(p store.Path) eval.Value {
	st, dir := b.st, b.st.StoreDir()
	full := dir.Format(p)
	out := st.NewAttrs(1 + len(b.drv.Outputs))
	out.Set("drvPath", st.NewString(full, eval.NewContext(st.ContextElem(eval.ContextDrvDeep, full, "", nil))))
	for _, o := range b.drv.Outputs {
		text := store.UpstreamPlaceholder(p, o.Name).String()
		if !o.Path.IsZero() {
			text = dir.Format(o.Path)
		}
		out.Set(o.Name, st.NewString(text, eval.NewContext(st.ContextElem(eval.ContextOutput, full, o.Name, nil))))
	}
	return out.Value()
}

// outputPlaceholder is what stands for an output whose path is not known.
func outputPlaceholder(st *eval.State, e *eval.ContextElem) string {
	if e.Base == nil {
		p, err := st.StoreDir().Parse(e.Path)
		if err != nil {
			return ""
		}
		return store.UpstreamPlaceholder(p, e.Output).String()
	}
	return placeholderOf(st, e).String()
}

func placeholderOf(st *eval.State, e *eval.ContextElem) store.Placeholder {
	if e.Base == nil {
		p, _ := st.StoreDir().Parse(e.Path)
		return store.UpstreamPlaceholder(p, e.Output)
	}
	return placeholderOf(st, e.Base).OutputOf(e.Output)
}

// importDerivation is import of a .drv file in the store: a set with its
// outputs. ok is false when name is no such file.
func importDerivation(st *eval.State, name string, pos eval.Pos) (v eval.Value, ok bool, err *eval.Error) {
	p, perr := st.StoreDir().Parse(name)
	if perr != nil || !p.IsDerivation() {
		return eval.Value{}, false, nil
	}
	d, derr := st.Derivation(p)
	if derr != nil {
		return eval.Value{}, false, nil
	}
	deep := st.NewString(name, eval.NewContext(st.ContextElem(eval.ContextDrvDeep, name, "", nil)))
	env, _ := d.Getenv("name")
	base := st.NewAttrs(4+len(d.Outputs)).Set("drvPath", deep).Set("name", eval.String(env)).Set("type", eval.String("derivation"))
	var names []eval.Value
	for _, o := range d.Outputs {
		text := store.UpstreamPlaceholder(p, o.Name).String()
		if !o.Path.IsZero() {
			text = st.StoreDir().Format(o.Path)
		}
		names = append(names, eval.String(o.Name))
		base.Set(o.Name, st.NewString(text, eval.NewContext(st.ContextElem(eval.ContextOutput, name, o.Name, nil))))
	}
	base.Set("outputs", st.NewList(names))
	v, err = importedDerivation(st, base.Value())
	return v, true, err
}

// importedSource gives the set of an imported derivation its outputs as sets.
const importedSource = `attrs@{ drvPath, outputs, name, ... }:
let
  common = attrs // builtins.listToAttrs outputsList // { all = map (o: o.value) outputsList; };
  outputsList = map (outputName: {
    name = outputName;
    value = common // {
      outPath = builtins.getAttr outputName attrs;
      inherit drvPath name outputName;
      type = "derivation";
    };
  }) outputs;
in (builtins.head outputsList).value
`

func importedDerivation(st *eval.State, set eval.Value) (eval.Value, *eval.Error) {
	f, err := st.EvalText("«nix-internal»/imported-drv-to-derivation.nix", importedSource, "/")
	if err != nil {
		return eval.Value{}, err
	}
	return st.Call1(f, set, 0)
}
