package drv

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// Derivation is a build step. Lists documented as sorted must be when it is
// written or hashed: Normalize sorts them.
type Derivation struct {
	Name      string // without ".drv"
	Outputs   []Output
	InputDrvs []InputDrv   // sorted by Path
	InputSrcs []store.Path // sorted
	System    string
	Builder   string
	Args      []string
	Env       []EnvVar // sorted by Name; with structured attributes it has StructuredAttrsVar
}

// StructuredAttrsVar is the environment variable that carries the structured
// attributes as JSON.
const StructuredAttrsVar = "__json"

// EnvVar is a variable of the builder's environment.
type EnvVar struct {
	Name, Value string
}

// OutputKind is how an output's path comes about.
type OutputKind uint8

// The kinds of outputs.
const (
	// Deferred outputs are input-addressed, but their path is not known: it
	// depends on a content-addressed output that is not built yet, or
	// Hasher.FillOutputs was not called.
	Deferred OutputKind = iota
	// InputAddressed outputs have a path that follows from the derivation.
	InputAddressed
	// CAFixed outputs must have the contents that CA says.
	CAFixed
	// CAFloating outputs get the path that their contents give.
	CAFloating
	// Impure outputs are like CAFloating ones, but built anew each time.
	Impure
)

// Output is an output of a derivation. Outputs are sorted by Name.
type Output struct {
	Name   string
	Kind   OutputKind
	Path   store.Path   // InputAddressed, CAFixed
	Method store.Method // CAFixed, CAFloating, Impure
	Algo   hash.Algo    // CAFloating, Impure; for CAFixed it is Hash's
	Hash   hash.Hash    // CAFixed
}

// FixedAddress is the content address of a CAFixed output, zero for others.
func (o *Output) FixedAddress() store.ContentAddress {
	if o.Kind != CAFixed {
		return store.ContentAddress{}
	}
	return store.ContentAddress{Method: o.Method, Hash: o.Hash}
}

// InputDrv is a derivation whose outputs are needed.
type InputDrv struct {
	Path store.Path
	InputNode
}

// InputNode says which outputs are needed, and which outputs of outputs that are
// themselves derivations (dynamic derivations).
type InputNode struct {
	Outputs []string       // sorted
	Dynamic []DynamicInput // sorted by Output
}

// DynamicInput is an output that is a derivation, and what is needed of it.
type DynamicInput struct {
	Output string
	InputNode
}

// Normalize sorts everything that must be, and merges what is double.
func (d *Derivation) Normalize() {
	slices.SortFunc(d.Outputs, func(a, b Output) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(d.Env, func(a, b EnvVar) int { return strings.Compare(a.Name, b.Name) })
	d.InputSrcs = store.SortPaths(d.InputSrcs)
	slices.SortStableFunc(d.InputDrvs, func(a, b InputDrv) int { return a.Path.Compare(b.Path) })
	merged := d.InputDrvs[:0]
	for _, in := range d.InputDrvs {
		if n := len(merged); n > 0 && merged[n-1].Path == in.Path {
			merged[n-1].merge(in.InputNode)
		} else {
			merged = append(merged, in)
		}
	}
	d.InputDrvs = merged
	for i := range d.InputDrvs {
		d.InputDrvs[i].normalize()
	}
}

func (n *InputNode) merge(m InputNode) {
	n.Outputs = append(slices.Clip(n.Outputs), m.Outputs...)
	n.Dynamic = append(slices.Clip(n.Dynamic), m.Dynamic...)
}

func (n *InputNode) normalize() {
	slices.Sort(n.Outputs)
	n.Outputs = slices.Compact(n.Outputs)
	slices.SortStableFunc(n.Dynamic, func(a, b DynamicInput) int { return strings.Compare(a.Output, b.Output) })
	merged := n.Dynamic[:0]
	for _, in := range n.Dynamic {
		if k := len(merged); k > 0 && merged[k-1].Output == in.Output {
			merged[k-1].merge(in.InputNode)
		} else {
			merged = append(merged, in)
		}
	}
	n.Dynamic = merged
	for i := range n.Dynamic {
		n.Dynamic[i].normalize()
	}
}

// Output returns the output called name, or nil.
func (d *Derivation) Output(name string) *Output {
	for i := range d.Outputs {
		if d.Outputs[i].Name == name {
			return &d.Outputs[i]
		}
	}
	return nil
}

// Getenv returns the value of an environment variable.
func (d *Derivation) Getenv(name string) (string, bool) {
	i, ok := d.findEnv(name)
	if !ok {
		return "", false
	}
	return d.Env[i].Value, true
}

// Setenv sets an environment variable. Env must be sorted, and stays so.
func (d *Derivation) Setenv(name, value string) {
	i, ok := d.findEnv(name)
	if ok {
		d.Env[i].Value = value
	} else {
		d.Env = slices.Insert(d.Env, i, EnvVar{name, value})
	}
}

func (d *Derivation) findEnv(name string) (int, bool) {
	return slices.BinarySearchFunc(d.Env, name, func(e EnvVar, n string) int { return strings.Compare(e.Name, n) })
}

// StructuredAttrs returns the JSON of the structured attributes, if there are any.
func (d *Derivation) StructuredAttrs() (json string, ok bool) {
	return d.Getenv(StructuredAttrsVar)
}

// IsBuiltin says whether the builder is part of Nix: "builtin:fetchurl" and such.
func (d *Derivation) IsBuiltin() bool { return strings.HasPrefix(d.Builder, "builtin:") }

// IsFixed says whether the derivation has a fixed output. It may use the network.
func (d *Derivation) IsFixed() bool {
	return len(d.Outputs) == 1 && d.Outputs[0].Kind == CAFixed
}

// Kind is the kind of all outputs; an error if there is none, if they differ, or
// if there are several fixed ones.
func (d *Derivation) Kind() (OutputKind, error) {
	if len(d.Outputs) == 0 {
		return 0, fmt.Errorf("must have at least one output")
	}
	k := d.Outputs[0].Kind
	for i, o := range d.Outputs {
		if o.Kind != k {
			return 0, fmt.Errorf("can't mix derivation output types")
		}
		if k == CAFixed && i > 0 {
			return 0, fmt.Errorf("only one fixed output is allowed for now")
		}
		if k == CAFixed && o.Name != "out" {
			return 0, fmt.Errorf("single fixed output must be named \"out\"")
		}
		if k == CAFloating && o.Algo != d.Outputs[0].Algo {
			return 0, fmt.Errorf("all floating outputs must use the same hash algorithm")
		}
	}
	return k, nil
}

// References are the store paths that the .drv file refers to, sorted: input
// derivations and sources. Outputs are none.
func (d *Derivation) References() []store.Path {
	refs := make([]store.Path, 0, len(d.InputSrcs)+len(d.InputDrvs))
	refs = append(refs, d.InputSrcs...)
	for _, in := range d.InputDrvs {
		refs = append(refs, in.Path)
	}
	return store.SortPaths(refs)
}

// StorePath is the path of the .drv file. text is d.ATerm(dir).
func (d *Derivation) StorePath(dir store.Dir, text []byte) (store.Path, error) {
	return dir.TextPath(d.Name+store.DrvExtension, hash.Sum(hash.SHA256, text), d.References())
}

// Write adds the .drv file to a store.
func (d *Derivation) Write(ctx context.Context, to store.Adder) (store.Path, error) {
	text := d.ATerm(to.StoreDir())
	return to.AddText(ctx, d.Name+store.DrvExtension, unsafe.String(unsafe.SliceData(text), len(text)), d.References())
}

// NameOf is the name of the derivation at path p, without ".drv".
func NameOf(p store.Path) (string, error) {
	if !p.IsDerivation() {
		return "", fmt.Errorf("store path '%s' is not a valid derivation path", p)
	}
	return strings.TrimSuffix(p.Name(), store.DrvExtension), nil
}
