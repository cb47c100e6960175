package eval

import "gonix.dev/gonix/parser/quote"

// Sym is an interned name. Symbols of one State are comparable; their order is
// that of their first appearance, not of their text.
type Sym uint32

type symbols struct {
	ids   map[string]Sym
	names []string
	vals  []Value // the names as string values, made on demand
}

// Sym interns a name.
func (st *State) Sym(name string) Sym {
	if s, ok := st.syms.ids[name]; ok {
		return s
	}
	s := Sym(len(st.syms.names))
	st.syms.ids[name] = s
	st.syms.names = append(st.syms.names, name)
	st.syms.vals = append(st.syms.vals, Value{})
	return s
}

// lookupSym returns the symbol of a name if anything has that name.
func (st *State) lookupSym(name string) (Sym, bool) {
	s, ok := st.syms.ids[name]
	return s, ok
}

// SymName returns the text of a symbol.
func (st *State) SymName(s Sym) string { return st.syms.names[s] }

// ShowName returns a symbol as messages show attribute names: quoted unless it is
// an identifier.
func (st *State) ShowName(s Sym) string { return quote.Identifier(st.SymName(s)) }

// SymValue returns the text of a symbol as a string value, always the same one.
func (st *State) SymValue(s Sym) Value {
	if v := st.syms.vals[s]; v.IsValid() {
		return v
	}
	v := String(st.syms.names[s])
	st.syms.vals[s] = v
	return v
}

// wellKnown are the symbols the evaluator itself looks for.
type wellKnown struct {
	outPath, drvPath, typ, name, value, functor, toString, overrides, body Sym
	success, file, line, column, right, wrong, path, outputName            Sym
	recurseForDerivations                                                  Sym
}

func (st *State) initWellKnown() {
	w := &st.wk
	for _, k := range []struct {
		name string
		sym  *Sym
	}{
		{"outPath", &w.outPath}, {"drvPath", &w.drvPath}, {"type", &w.typ}, {"name", &w.name},
		{"value", &w.value}, {"__functor", &w.functor}, {"__toString", &w.toString},
		{"__overrides", &w.overrides}, {"body", &w.body}, {"success", &w.success},
		{"file", &w.file}, {"line", &w.line}, {"column", &w.column}, {"right", &w.right},
		{"wrong", &w.wrong}, {"path", &w.path}, {"outputName", &w.outputName},
		{"recurseForDerivations", &w.recurseForDerivations},
	} {
		*k.sym = st.Sym(k.name)
	}
}
