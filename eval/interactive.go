package eval

import "gonix.dev/gonix/parser/ast"

// EvalTree evaluates a parsed text with more names in scope, those of a set; vars
// may be nil. The tree must not be used afterwards.
func (st *State) EvalTree(f *ast.File, dir string, vars *Attrs) (Value, *Error) {
	if vars == nil {
		return st.evalParsed(f, dir, nil, nil)
	}
	s, env := st.attrsScope(vars)
	return st.evalParsed(f, dir, s, env)
}

// GlobalNames are the names that every expression can use, without those that
// begin with two underscores.
func (st *State) GlobalNames() []string { return st.globalNames() }

// ForgetFiles makes later imports read files again.
func (st *State) ForgetFiles() {
	clear(st.fileCache)
	clear(st.resolved)
	clear(st.copied)
	clear(st.searchCache)
}
