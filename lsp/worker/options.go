package worker

import (
	"path/filepath"
	"sort"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/lsp/modules"
)

// optionNames lists the options, and sets of options, below a path.
func (e *evaluator) optionNames(req *Request) ([]Attr, bool, error) {
	l, err := e.optionsOf(req)
	if err != nil {
		return nil, false, err
	}
	at := l.locate(req.Steps)
	if at.set == nil {
		return nil, false, nil
	}
	var out []Attr
	prefix := strings.ToLower(req.Prefix)
	for _, a := range at.set.All() {
		name := e.st.SymName(a.Sym)
		if !strings.HasPrefix(strings.ToLower(name), prefix) || strings.HasPrefix(name, "_") {
			continue
		}
		out = append(out, Attr{Name: name})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	more := req.Limit > 0 && len(out) > req.Limit
	if more {
		out = out[:req.Limit]
	}
	shown := out[:0]
	for _, a := range out {
		opt := e.sub(at.set, a.Name)
		if opt == nil || !e.isOption(opt) {
			shown = append(shown, a)
			continue
		}
		if e.hidden(opt) {
			continue
		}
		a.Option = true
		if typ := e.sub(opt, "type"); typ != nil {
			a.Detail, a.Type, a.Choices = e.text(typ, "description"), e.text(typ, "name"), l.choices(typ)
		}
		shown = append(shown, a)
	}
	return shown, more, nil
}

// hidden reports whether an option is kept from manuals: it was renamed or
// removed, or is not for users.
func (e *evaluator) hidden(opt *eval.Attrs) bool {
	for name, hides := range map[string]bool{"visible": false, "internal": true} {
		slot := e.st.Get(opt, name)
		if slot == nil {
			continue
		}
		if v, err := e.st.ForceSlot(slot); err == nil && v.Kind() == eval.KindBool && v.AsBool() == hides {
			return true
		}
	}
	return false
}

// choices returns the values of an enumeration, in Nix syntax.
func (l *lookup) choices(typ *eval.Attrs) []string {
	e := l.e
	for kind, inner := l.typeOf(typ); kind == wrapped; kind, inner = l.typeOf(typ) {
		typ = inner
	}
	if typ == nil || e.text(typ, "name") != "enum" {
		return nil
	}
	functor := e.sub(typ, "functor")
	if functor == nil {
		return nil
	}
	slot := e.st.Get(functor, "payload")
	if slot == nil {
		return nil
	}
	v, err := e.st.ForceSlot(slot)
	if err == nil && v.Kind() == eval.KindAttrs {
		if slot = e.st.Get(v.AsAttrs(), "values"); slot == nil {
			return nil
		}
		v, err = e.st.ForceSlot(slot)
	}
	if err != nil || v.Kind() != eval.KindList {
		return nil
	}
	var out []string
	for _, item := range v.AsList() {
		text, err := e.st.Print(item, eval.PrintOptions{Force: true, MaxDepth: 1})
		if err != nil || len(out) == 100 {
			break
		}
		out = append(out, text)
	}
	return out
}

// option describes one option.
func (e *evaluator) option(req *Request) (*Option, error) {
	l, err := e.optionsOf(req)
	if err != nil {
		return nil, err
	}
	at := l.locate(req.Steps)
	set := at.option
	if set == nil || at.inside && at.typ == nil || at.unknown >= 0 {
		return nil, e.st.Errorf(eval.ErrEval, 0, "'%s' is no option", modules.Show(req.Steps))
	}
	out := &Option{
		Path: strings.Join(at.path, "."), Description: e.description(set),
		Default: e.shown(set, "defaultText"), Example: e.shown(set, "example"),
	}
	if out.Default == "" {
		out.Default = e.shown(set, "default")
	}
	if slot := e.st.Get(set, "readOnly"); slot != nil {
		v, err := e.st.ForceSlot(slot)
		out.ReadOnly = err == nil && v.Kind() == eval.KindBool && v.AsBool()
	}
	typ := e.sub(set, "type")
	if at.inside && at.typ != nil {
		typ = at.typ
	}
	if typ != nil {
		out.Type, out.TypeName, out.Choices = e.text(typ, "description"), e.text(typ, "name"), l.choices(typ)
	}
	out.Declarations = e.places(set, "declarations", "declarationPositions")
	out.Declared = e.declaredAt(set)
	out.Definitions = e.places(set, "files", "definitionsWithLocations")
	return out, nil
}

// declaredAt returns the place of one of the attributes that an option was
// declared with, unless a function of the library did that.
func (e *evaluator) declaredAt(opt *eval.Attrs) *Place {
	for _, name := range []string{"type", "default", "description", "example", "defaultText", "apply"} {
		at := e.place(opt.GetAttr(e.st.Sym(name)).Pos)
		if at != nil && strings.HasPrefix(at.File, "/") && filepath.Base(filepath.Dir(at.File)) != "lib" {
			return at
		}
	}
	return nil
}

// shown prints an attribute; literal examples are their text.
func (e *evaluator) shown(set *eval.Attrs, name string) string {
	slot := e.st.Get(set, name)
	if slot == nil {
		return ""
	}
	v, err := e.st.ForceSlot(slot)
	if err != nil {
		return ""
	}
	if v.Kind() == eval.KindAttrs {
		if t := e.text(v.AsAttrs(), "_type"); strings.HasPrefix(t, "literal") {
			return strings.TrimSpace(e.text(v.AsAttrs(), "text"))
		}
		if isDrv, err := e.st.IsDerivation(v.AsAttrs()); err != nil || isDrv {
			return "«derivation " + e.text(v.AsAttrs(), "name") + "»"
		}
	}
	text, perr := e.st.Print(v, eval.PrintOptions{Force: true, MaxDepth: 3, MaxAttrs: 20, MaxItems: 20, MaxString: 400, Indent: 2, Errors: eval.ErrorsInline})
	if perr != nil {
		return ""
	}
	return text
}

// places returns the files that a list of an option names, with lines where the
// option knows them.
func (e *evaluator) places(set *eval.Attrs, names, positions string) []Place {
	var out []Place
	add := func(p Place) {
		if p.File == "" || !strings.HasPrefix(p.File, "/") {
			return
		}
		for _, q := range out {
			if p == q {
				return
			}
		}
		out = append(out, p)
	}
	for _, item := range e.items(set, positions) {
		at, err := e.st.ForceAttrs(item, 0, "")
		if err != nil {
			continue
		}
		p := Place{File: e.text(at, "file"), Line: 1, Column: 1}
		for name, n := range map[string]*int{"line": &p.Line, "column": &p.Column} {
			if slot := e.st.Get(at, name); slot != nil {
				if i, err := e.st.ForceInt(*slot, 0, ""); err == nil {
					*n = int(i)
				}
			}
		}
		add(p)
	}
	if len(out) > 0 {
		return out
	}
	for _, item := range e.items(set, names) {
		v, err := e.st.Force(item)
		if err != nil {
			continue
		}
		switch v.Kind() {
		case eval.KindString:
			add(Place{File: v.AsString(), Line: 1, Column: 1})
		case eval.KindPath:
			add(Place{File: v.AsPath(), Line: 1, Column: 1})
		}
	}
	return out
}

func (e *evaluator) items(set *eval.Attrs, name string) []eval.Value {
	slot := e.st.Get(set, name)
	if slot == nil {
		return nil
	}
	list, err := e.st.ForceList(*slot, 0, "")
	if err != nil {
		return nil
	}
	return list
}
