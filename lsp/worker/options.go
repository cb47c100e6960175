package worker

import (
	"sort"
	"strings"

	"gonix.dev/gonix/eval"
)

// optionsOf returns the set of options that apply to a request: those of the
// project's own module system, else those of NixOS.
func (e *evaluator) optionsOf(req *Request) (eval.Value, error) {
	text := req.Text
	if text == "" {
		text = "__gonix.nixos.options"
	}
	if v, ok := e.options[text]; ok {
		return v, nil
	}
	v, err := e.st.EvalIn(Guess, text, "/", e.vars)
	if err != nil {
		return v, err
	}
	e.options[text] = v
	return v, nil
}

// walk follows the names of an option path. Where a set of submodules is passed
// (attrsOf submodule), any name leads on to the options of the submodule.
func (e *evaluator) walk(v eval.Value, path []string) (*eval.Attrs, error) {
	set, err := e.st.ForceAttrs(v, 0, "")
	if err != nil {
		return nil, err
	}
	for _, name := range path {
		if e.isOption(set) {
			sub := e.subOptions(set)
			if sub == nil {
				return nil, e.st.MissingAttr(set, name, 0)
			}
			named := e.collection(set)
			set = sub
			if named {
				continue // the name of an element, which users choose
			}
		}
		slot := e.st.Get(set, name)
		if slot == nil {
			return nil, e.st.MissingAttr(set, name, 0)
		}
		if set, err = e.st.ForceAttrs(*slot, 0, ""); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// collection reports whether an option holds many values by name.
func (e *evaluator) collection(opt *eval.Attrs) bool {
	typ := e.sub(opt, "type")
	if typ == nil {
		return false
	}
	switch e.text(typ, "name") {
	case "attrsOf", "lazyAttrsOf", "loaOf":
		return true
	}
	return false
}

func (e *evaluator) isOption(set *eval.Attrs) bool { return e.text(set, "_type") == "option" }

// subOptions returns the options of the submodules that an option holds.
func (e *evaluator) subOptions(opt *eval.Attrs) *eval.Attrs {
	typ := e.sub(opt, "type")
	if typ == nil {
		return nil
	}
	get := e.st.Get(typ, "getSubOptions")
	if get == nil {
		return nil
	}
	fn, err := e.st.ForceSlot(get)
	if err != nil {
		return nil
	}
	v, err := e.st.Call1(fn, eval.EmptyList, 0)
	if err != nil {
		return nil
	}
	if v, err = e.st.Force(v); err != nil || v.Kind() != eval.KindAttrs || v.AsAttrs().Len() == 0 {
		return nil
	}
	return v.AsAttrs()
}

// optionNames lists the options, and sets of options, below a path.
func (e *evaluator) optionNames(req *Request) ([]Attr, bool, error) {
	root, err := e.optionsOf(req)
	if err != nil {
		return nil, false, err
	}
	set, err := e.walk(root, req.Path)
	if err != nil {
		return nil, false, err
	}
	if e.isOption(set) {
		sub := e.subOptions(set)
		if sub == nil || e.collection(set) {
			return nil, false, nil
		}
		set = sub
	}
	var out []Attr
	prefix := strings.ToLower(req.Prefix)
	for _, a := range set.All() {
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
	for i := range out {
		slot := e.st.Get(set, out[i].Name)
		v, err := e.st.ForceSlot(slot)
		if err != nil || v.Kind() != eval.KindAttrs || !e.isOption(v.AsAttrs()) {
			continue
		}
		out[i].Option = true
		if typ := e.sub(v.AsAttrs(), "type"); typ != nil {
			out[i].Detail, out[i].Type = e.text(typ, "description"), e.text(typ, "name")
		}
	}
	return out, more, nil
}

// option describes one option.
func (e *evaluator) option(req *Request) (*Option, error) {
	root, err := e.optionsOf(req)
	if err != nil {
		return nil, err
	}
	set, err := e.walk(root, req.Path)
	if err != nil {
		return nil, err
	}
	if !e.isOption(set) {
		return nil, e.st.Errorf(eval.ErrEval, 0, "'%s' is no option", strings.Join(req.Path, "."))
	}
	out := &Option{Description: e.text(set, "description"), Default: e.shown(set, "defaultText"), Example: e.shown(set, "example")}
	if out.Default == "" {
		out.Default = e.shown(set, "default")
	}
	if typ := e.sub(set, "type"); typ != nil {
		out.Type = e.text(typ, "description")
	}
	out.Declarations = e.places(set, "declarations", "declarationPositions")
	out.Definitions = e.places(set, "files", "definitionsWithLocations")
	return out, nil
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
			return e.text(v.AsAttrs(), "text")
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
	if slot := e.st.Get(set, positions); slot != nil {
		if list, err := e.st.ForceList(*slot, 0, ""); err == nil {
			for _, item := range list {
				if at, err := e.st.ForceAttrs(item, 0, ""); err == nil {
					p := Place{File: e.text(at, "file"), Line: 1, Column: 1}
					if line := e.st.Get(at, "line"); line != nil {
						if n, err := e.st.ForceInt(*line, 0, ""); err == nil {
							p.Line = int(n)
						}
					}
					if p.File != "" {
						out = append(out, p)
					}
				}
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	if slot := e.st.Get(set, names); slot != nil {
		if list, err := e.st.ForceList(*slot, 0, ""); err == nil {
			for _, item := range list {
				if v, err := e.st.Force(item); err == nil {
					switch v.Kind() {
					case eval.KindString:
						out = append(out, Place{File: v.AsString(), Line: 1, Column: 1})
					case eval.KindPath:
						out = append(out, Place{File: v.AsPath(), Line: 1, Column: 1})
					}
				}
			}
		}
	}
	return out
}
