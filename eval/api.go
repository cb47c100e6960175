package eval

import (
	"context"
	"errors"

	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/store"
)

// What follows is for builtins and for programs around the evaluator.

// CheckAccess refuses paths that pure or restricted evaluation may not see.
func (st *State) CheckAccess(path string, pos Pos) *Error { return st.checkAccess(path, pos) }

// FileError words an error of the World about a path.
func (st *State) FileError(err error, path string, pos Pos) *Error {
	return st.fileError(err, path, pos)
}

// StoreError wraps an error of the store.
func (st *State) StoreError(err error, pos Pos) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return st.storeError(err, pos)
}

// DescribePos prints a position as FILE:LINE:COLUMN.
func (st *State) DescribePos(p Pos) string { return st.describePos(p) }

// RequireFeature is an error unless an experimental feature is on.
func (st *State) RequireFeature(name string, pos Pos) *Error {
	if st.opts.Features[name] {
		return nil
	}
	return st.Errorf(ErrEval, 0, "experimental Nix feature '%s' is disabled; add '--extra-experimental-features %s' to enable it", name, name)
}

// ShowForTrace prints a value for builtins.trace: what is evaluated of it.
func (st *State) ShowForTrace(v Value) string {
	s, err := st.Print(v, PrintOptions{})
	if err != nil {
		return "«error: " + err.Msg + "»"
	}
	return s
}

// Intersect returns the attributes of upper that lower has too.
func (st *State) Intersect(lower, upper *Attrs) Value {
	// Walk the smaller one and look things up in the other.
	if lower.upperLen() < upper.upperLen() {
		st.flatten(lower)
		out := st.NewAttrs(len(lower.vals()))
		for _, k := range lower.shape.keys() {
			if v, pos := upper.getPos(k); v != nil {
				out.Add(k, pos, *v)
			}
		}
		return out.Value()
	}
	st.flatten(upper)
	out := st.NewAttrs(len(upper.vals()))
	for i, k := range upper.shape.keys() {
		if lower.get(k) != nil {
			out.Add(k, upper.shape.posAt(int32(i)), upper.vals()[i])
		}
	}
	return out.Value()
}

// FunctionPos is where a function written in Nix begins, 0 for other values.
func (st *State) FunctionPos(f Value) Pos {
	if f.Kind() != KindLambda {
		return 0
	}
	c := f.asClosure()
	return c.fn.params[c.have].pos
}

// FunctionArgs is builtins.functionArgs of a forced value; ok is false when it
// is no function.
func (st *State) FunctionArgs(v Value) (_ Value, ok bool) {
	switch v.Kind() {
	case KindLambda:
		fn := v.asClosure().fn
		out := st.NewAttrs(len(fn.formals))
		for i := range fn.formals {
			f := &fn.formals[i]
			out.Add(f.sym, f.pos, Bool(f.def != nil))
		}
		return out.Value(), true
	case KindPrimOp, KindPrimOpApp:
		return AttrsValue(&emptyAttrsObj), true
	}
	return Value{}, false
}

// IsLessThan reports whether a function is builtins.lessThan.
func (st *State) IsLessThan(f Value) bool {
	return f.Kind() == KindPrimOp && f.asPrimOp().Name == "lessThan"
}

// referrer is a store that knows what its paths refer to.
type referrer interface {
	References(ctx context.Context, p store.Path) ([]store.Path, error)
}

// FileContext is the context of a file's contents that were read from the store:
// the references of the store path that the text mentions.
func (st *State) FileContext(p store.Path, text []byte) *Context {
	r, ok := st.opts.Store.(referrer)
	if !ok {
		return nil
	}
	refs, err := r.References(st.opts.Context, p)
	if err != nil {
		return nil
	}
	var elems []*ContextElem
	for _, ref := range refs {
		if containsBytes(text, ref.HashPart()) {
			elems = append(elems, st.ContextElem(ContextPath, st.StoreDir().Format(ref), "", nil))
		}
	}
	return NewContext(elems...)
}

// Function describes a function written in Nix, or a builtin.
type Function struct {
	Name     string // "" if it has none
	Pos      Pos    // of a function written in Nix
	Arg      string // plain or @ argument
	Formals  []FunctionFormal
	Pattern  bool
	Ellipsis bool
	Builtin  string // name of the builtin
	Arity    int    // of a builtin: arguments still missing
}

// FunctionFormal is a formal of a [Function].
type FunctionFormal struct {
	Name     string
	Pos      Pos
	Optional bool
}

// DescribeFunction describes a forced function.
func (st *State) DescribeFunction(v Value) (Function, bool) {
	switch v.Kind() {
	case KindLambda:
		c := v.asClosure()
		fn, p := c.fn, c.fn.params[c.have]
		f := Function{Pos: p.pos, Pattern: fn.pattern, Ellipsis: fn.ellipsis}
		if fn.named {
			f.Name = st.SymName(fn.name)
		}
		if p.sym != 0 {
			f.Arg = st.SymName(p.sym)
		}
		for i := range fn.formals {
			f.Formals = append(f.Formals, FunctionFormal{st.SymName(fn.formals[i].sym), fn.formals[i].pos, fn.formals[i].def != nil})
		}
		return f, true
	case KindPrimOp:
		return Function{Builtin: v.asPrimOp().Name, Arity: v.asPrimOp().Arity}, true
	case KindPrimOpApp:
		a := v.asPrimOpApp()
		return Function{Builtin: a.op.Name, Arity: a.op.Arity - a.n}, true
	}
	return Function{}, false
}

// FilePos makes a position in a file of this State.
func (st *State) FilePos(f *ast.File, p ast.Pos) Pos {
	for _, r := range st.files {
		if r.file == f {
			return r.base + Pos(p)
		}
	}
	return 0
}

// Peek gives the value in a slot, forced if that has been done already.
func Peek(slot *Value) Value { return peekSlot(slot) }
