package eval

import (
	"path"

	"gonix.dev/gonix/internal/suggest"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/print"
)

// missingAttr is the error of a select that found nothing.
func (st *State) missingAttr(set *Attrs, k Sym, pos Pos) *Error {
	name := st.SymName(k)
	err := st.Errorf(ErrMissingAttr, pos, "attribute '%s' missing", st.ShowName(k))
	var names []string
	for _, a := range st.Sorted(set) {
		names = append(names, st.SymName(a.Sym))
	}
	err.Suggestions = suggest.Best(names, name)
	return err
}

// MissingAttr is the error of a set that lacks an attribute.
func (st *State) MissingAttr(set *Attrs, name string, pos Pos) *Error {
	return st.missingAttr(set, st.Sym(name), pos)
}

// showExpr prints a part of a file that is an expression, for messages, in the
// notation of nix-instantiate --parse.
func showExpr(f *ast.File, from, to ast.Pos) string {
	text := f.Src[from:to]
	part := parser.Parse(f.Name, text, parser.PipeOperators)
	if len(part.Errors) > 0 {
		return text
	}
	shown, err := print.File(part, print.Options{Dir: path.Dir(f.Name)})
	if err != nil {
		return text
	}
	return shown
}

// explainInequality says where the two sides of a failed equality assertion
// differ; nil if it cannot tell.
func (st *State) explainInequality(n *eqNode, env *Env) *Error {
	x, err := n.x.eval(st, env)
	if err != nil {
		return err
	}
	y, err := n.y.eval(st, env)
	if err != nil {
		return err
	}
	return st.assertEqual(x, y, n.pos)
}

func (st *State) assertEqual(x, y Value, pos Pos) *Error {
	x, err := st.Force(x)
	if err != nil {
		return err
	}
	if y, err = st.Force(y); err != nil {
		return err
	}
	differ := func(format string, args ...any) *Error { return st.Errorf(ErrAssert, 0, format, args...) }
	number := func(v Value) bool { return v.isInt() || v.isFloat() }
	if number(x) && number(y) {
		if eq, err := st.Equal(x, y, pos, ""); err != nil || eq {
			return err
		}
		return differ("%s with value '%s' is not equal to %s with value '%s'", st.showType(x), st.showForError(x), st.showType(y), st.showForError(y))
	}
	if x.Kind() != y.Kind() && !(x.IsFunction() && y.IsFunction()) {
		return differ("%s of value '%s' is not equal to %s of value '%s'", st.showType(x), st.showForError(x), st.showType(y), st.showForError(y))
	}
	scalar := map[Kind]string{KindBool: "boolean", KindString: "string", KindPath: "path"}
	switch kind := x.Kind(); kind {
	case KindNull:
		return nil
	case KindBool, KindString, KindPath:
		if eq, err := st.Equal(x, y, pos, ""); err != nil || eq {
			return err
		}
		return differ("%s '%s' is not equal to %s '%s'", scalar[kind], st.showForError(x), scalar[kind], st.showForError(y))
	case KindList:
		a, b := x.AsList(), y.AsList()
		if len(a) != len(b) {
			return differ("list of size '%d' is not equal to list of size '%d', left hand side is '%s', right hand side is '%s'",
				len(a), len(b), st.showForError(x), st.showForError(y))
		}
		for i := range a {
			if err := st.assertEqual(a[i], b[i], pos); err != nil {
				return err.AddTrace(pos, "while comparing list element %d", i)
			}
		}
		return nil
	case KindAttrs:
		return st.assertEqualAttrs(x, y, pos)
	}
	return differ("distinct functions and immediate comparisons of identical functions compare as unequal")
}

func (st *State) assertEqualAttrs(x, y Value, pos Pos) *Error {
	a, b := x.AsAttrs(), y.AsAttrs()
	isA, err := st.IsDerivation(a)
	if err != nil {
		return err
	}
	isB, err := st.IsDerivation(b)
	if err != nil {
		return err
	}
	if pa, pb := a.get(st.wk.outPath), b.get(st.wk.outPath); isA && isB && pa != nil && pb != nil {
		if err := st.assertEqual(*pa, *pb, pos); err != nil {
			return err.AddTrace(pos, "while comparing a derivation by its 'outPath' attribute")
		}
		return nil
	}
	if a.Len() != b.Len() {
		return st.Errorf(ErrAssert, 0, "attribute names of attribute set '%s' differs from attribute set '%s'", st.showForError(x), st.showForError(y))
	}
	for _, at := range a.All() {
		if b.get(at.Sym) == nil {
			return st.Errorf(ErrAssert, 0, "attribute name '%s' is contained in '%s', but not in '%s'", st.SymName(at.Sym), st.showForError(x), st.showForError(y))
		}
	}
	for _, at := range b.All() {
		if a.get(at.Sym) == nil {
			return st.Errorf(ErrAssert, 0, "attribute name '%s' is missing in '%s', but is contained in '%s'", st.SymName(at.Sym), st.showForError(x), st.showForError(y))
		}
	}
	for _, at := range a.All() {
		other := b.GetAttr(at.Sym)
		if err := st.assertEqual(*at.Value, *other.Value, pos); err != nil {
			// The trace is shown from its end: the left side comes first.
			if other.Pos != 0 {
				err.AddTrace(other.Pos, "where right hand side is")
			}
			if at.Pos != 0 {
				err.AddTrace(at.Pos, "where left hand side is")
			}
			return err.AddTrace(pos, "while comparing attribute '%s'", st.ShowName(at.Sym))
		}
	}
	return nil
}
