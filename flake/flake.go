// Package flake evaluates flakes: folders whose flake.nix says what they need
// (inputs) and gives a function that makes of those what they offer (outputs).
//
// A flake is copied to the store and evaluated there, so that nothing depends on
// where it came from. Only local folders without inputs are supported yet; the
// others are an error that says so.
package flake

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/flakeref"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// Flake is a flake that has been opened.
type Flake struct {
	Ref     *flakeref.Ref
	OutPath string     // of its source in the store
	Outputs eval.Value // what it offers, a forced set
}

// Source is the folder that a reference names.
type Source struct {
	Dir string // absolute, below which flake.nix is in the reference's dir
	// Modified tells the newest modification of a file; it is asked only if the
	// flake wants to know.
	Modified func() (time.Time, error)
}

// Dir is the folder of a reference, without its ?dir=. It is an error if the
// reference is not one to a local folder.
func Dir(ref *flakeref.Ref) (string, error) {
	attrs := ref.Attrs()
	p, _ := attrs["path"].(string)
	if attrs["type"] != "path" || !path.IsAbs(p) {
		url, err := ref.URL()
		if err != nil {
			url = fmt.Sprint(attrs["type"])
		}
		return "", fmt.Errorf("gonix cannot fetch flakes yet, such as '%s': only local folders (path:/DIR)", url)
	}
	return path.Clean(p), nil
}

// Open copies a flake to the store and evaluates it.
func Open(st *eval.State, ref *flakeref.Ref, src Source) (*Flake, *eval.Error) {
	if err := st.RequireFeature("flakes", 0); err != nil {
		return nil, err
	}
	sub, _ := ref.Attrs()["dir"].(string)
	if _, err := st.Options().World.Lstat(path.Join(src.Dir, sub, "flake.nix")); err != nil {
		return nil, st.Errorf(eval.ErrEval, 0, "'%s' is not a flake: it has no flake.nix", path.Join(src.Dir, sub))
	}
	outPath, err := st.AddSource(src.Dir, eval.SourceOptions{Name: "source", Method: store.Recursive, Unguarded: true})
	if err != nil {
		return nil, err
	}
	f := &Flake{Ref: ref, OutPath: outPath}
	file := path.Join(outPath, sub, "flake.nix")
	v, err := st.EvalFile(file, 0)
	if err != nil {
		return nil, err
	}
	set, err := st.ForceAttrs(v, 0, "while evaluating the file '"+file+"'")
	if err != nil {
		return nil, err
	}
	outputs := st.Get(set, "outputs")
	if outputs == nil {
		return nil, st.Errorf(eval.ErrEval, 0, "flake '%s' lacks attribute 'outputs'", file)
	}
	fn, err := st.Force(*outputs)
	if err != nil {
		return nil, err
	}
	if err := checkInputs(st, file, set, fn); err != nil {
		return nil, err
	}
	f.Outputs, err = f.call(st, set, path.Join(outPath, sub), src)
	return f, err
}

// checkInputs refuses a flake that needs others.
func checkInputs(st *eval.State, file string, set *eval.Attrs, fn eval.Value) *eval.Error {
	var names []string
	if in := st.Get(set, "inputs"); in != nil {
		inputs, err := st.ForceAttrs(*in, 0, "while evaluating the inputs of flake '"+file+"'")
		if err != nil {
			return err
		}
		for _, at := range st.Sorted(inputs) {
			names = append(names, st.SymName(at.Sym))
		}
	}
	desc, ok := st.DescribeFunction(fn)
	if !ok {
		return st.Errorf(eval.ErrType, 0, "the 'outputs' of flake '%s' are %s, not a function", file, st.ShowType(fn))
	}
	for _, formal := range desc.Formals {
		if !formal.Optional {
			names = append(names, formal.Name)
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "self" })
	if len(names) > 0 {
		slices.Sort(names)
		return st.Errorf(eval.ErrUnsupported, 0, "flake '%s' has inputs, which gonix cannot fetch yet: %s", file, strings.Join(slices.Compact(names), ", "))
	}
	return nil
}

// callFlake ties the knot: a flake is one of its own inputs.
const callFlake = `flake: sourceInfo: outPath:
let
  inputs = { };
  outputs = flake.outputs (inputs // { self = result; });
  result = outputs // sourceInfo // { inherit outPath inputs outputs sourceInfo; _type = "flake"; };
in result`

// call makes the outputs.
func (f *Flake) call(st *eval.State, set *eval.Attrs, dir string, src Source) (eval.Value, *eval.Error) {
	inStore := func(p string) eval.Value {
		return st.NewString(p, eval.NewContext(st.ContextElem(eval.ContextPath, f.OutPath, "", nil)))
	}
	modified := func(show func(time.Time) eval.Value) eval.Value {
		return st.Lazy(func() (eval.Value, *eval.Error) {
			t, err := src.Modified()
			if err != nil {
				return eval.Value{}, st.StoreError(err, 0)
			}
			return show(t), nil
		})
	}
	info := st.NewAttrs(4)
	info.Set("outPath", inStore(f.OutPath))
	info.Set("lastModified", modified(func(t time.Time) eval.Value { return eval.Int(t.Unix()) }))
	info.Set("lastModifiedDate", modified(func(t time.Time) eval.Value {
		return st.NewString(t.UTC().Format("20060102150405"), nil)
	}))
	info.Set("narHash", st.Lazy(func() (eval.Value, *eval.Error) {
		h, err := st.HashSource(f.OutPath)
		if err != nil {
			return eval.Value{}, err
		}
		return st.NewString(hash.Format(h, hash.SRI), nil), nil
	}))
	v, err := st.EvalText("«flakes-internal»/call-flake.nix", callFlake, "/")
	for _, arg := range []eval.Value{eval.AttrsValue(set), info.Value(), inStore(dir)} {
		if err != nil {
			return eval.Value{}, err
		}
		v, err = st.Call1(v, arg, 0)
	}
	if err != nil {
		return eval.Value{}, err
	}
	result, err := st.ForceAttrs(v, 0, "while evaluating a flake")
	if err != nil {
		return eval.Value{}, err
	}
	return st.Force(*st.Get(result, "outputs"))
}

// Find selects the first of several attribute paths that the outputs have, which
// must have one of them.
func (f *Flake) Find(st *eval.State, paths []string) (eval.Value, *eval.Error) {
	var near []string // names
	for _, p := range paths {
		v, _, err := st.Select(f.Outputs, p, nil)
		if err == nil {
			return st.Force(v)
		}
		if err.Kind != eval.ErrMissingAttr {
			return eval.Value{}, err
		}
		near = append(near, err.Suggestions...)
	}
	url, _ := f.Ref.URL()
	err := st.Errorf(eval.ErrMissingAttr, 0, "flake '%s' does not provide attribute '%s'", url, strings.Join(paths, "', '"))
	slices.Sort(near)
	err.Suggestions = slices.Compact(near)
	return eval.Value{}, err
}
