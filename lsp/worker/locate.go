package worker

import (
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/lsp/modules"
)

// lookup finds options of one system.
type lookup struct {
	e       *evaluator
	root    *root
	result  *eval.Attrs // of evalModules
	options *eval.Attrs
}

// located is what a path of steps leads to.
type located struct {
	// set are the options there are below the path, if it leads to a set of
	// options or to the values of a submodule.
	set *eval.Attrs
	// option is the option that the path leads to, or into; typ is the type of what
	// it leads to in the option's value, nil when that is not known.
	option, typ *eval.Attrs
	// inside says that the path leads into the option's value.
	inside bool
	// unknown is the index of the first step that there is nothing for, and known
	// are the names there are in its place; -1 when there is something, or when
	// anything may be there.
	unknown int
	known   *eval.Attrs
	// free says that what is there is free.
	free bool
	// path are the steps, with <name> and * for those that users choose.
	path []string
}

// syntax are attributes of modules that are no options, which submodules may have
// as well.
func syntax(name string) bool {
	switch name {
	case "imports", "config", "options", "_file", "_class", "key", "disabledModules", "freeformType", "_module":
		return true
	}
	return false
}

// locate follows a path.
func (l *lookup) locate(steps []modules.Step) located {
	e := l.e
	at := located{set: l.options, unknown: -1}
	module := true // at is the top of a module rather than a set of options
	top := l.options
	for i := 0; i < len(steps); i++ {
		if at.set == nil || steps[i].Any || steps[i].Elem {
			at.set, at.free = nil, true
			return at
		}
		if module {
			top = at.set
		}
		name := steps[i].Name
		slot := e.st.Get(at.set, name)
		if slot == nil || strings.HasPrefix(name, "_") {
			switch {
			case module && name == "config":
				continue
			case module && syntax(name), l.freeform(top):
				at.set, at.free = nil, true
			default:
				at.unknown, at.known, at.set = i, at.set, nil
			}
			return at
		}
		at.path = append(at.path, name)
		set, err := e.st.ForceAttrs(*slot, 0, "")
		if err != nil {
			at.set, at.free = nil, true
			return at
		}
		module = false
		if !e.isOption(set) {
			at.set = set
			continue
		}
		at.option, at.typ, at.inside, at.set = set, e.sub(set, "type"), false, nil
		typ := at.typ // without what wraps it, such as nullOr
		for {
			kind, inner := l.typeOf(typ)
			if kind == wrapped {
				typ = inner
				continue
			}
			if kind == submodule {
				at.set, module = l.subOptions(typ), true
				break
			}
			if i+1 == len(steps) {
				break
			}
			next := steps[i+1]
			if kind == byName && !next.Elem || kind == inList && next.Elem {
				i++
				if next.Elem {
					at.path = append(at.path, "*")
				} else {
					at.path = append(at.path, "<name>")
				}
				at.typ, at.inside, typ = inner, true, inner
				continue
			}
			if sub := l.made(steps[:i+1], steps[i+1:]); sub != nil {
				// Options of a system without names for its types.
				at.set, module = sub, true
				if !l.has(sub, next.Name) && !next.Elem {
					i++
					at.path, at.inside = append(at.path, "<name>"), true
				}
				at.typ = nil
				break
			}
			at.typ, at.free, at.inside = nil, true, true
			return at
		}
	}
	return at
}

func (l *lookup) has(set *eval.Attrs, name string) bool { return l.e.st.Get(set, name) != nil }

// typeKind says how a type is made of others.
type typeKind uint8

const (
	plain     typeKind = iota
	byName             // attrsOf
	inList             // listOf
	wrapped            // nullOr, and others with the same options
	submodule          // has options
)

// typeOf takes a type apart.
func (l *lookup) typeOf(typ *eval.Attrs) (typeKind, *eval.Attrs) {
	if typ == nil {
		return plain, nil
	}
	switch name := l.e.text(typ, "name"); name {
	case "attrsOf", "lazyAttrsOf", "loaOf", "attrsWith", "attrTag":
		return byName, l.elem(typ)
	case "listOf", "nonEmptyListOf":
		return inList, l.elem(typ)
	case "nullOr", "uniq", "unique", "coercedTo", "functionTo":
		if inner := l.elem(typ); inner != nil && name != "functionTo" {
			return wrapped, inner
		}
	case "submodule", "deferredModule":
		return submodule, nil
	case "":
		return plain, nil
	default:
		if l.subOptions(typ) != nil {
			return submodule, nil
		}
	}
	return plain, nil
}

// elem returns the type of what values of a type hold.
func (l *lookup) elem(typ *eval.Attrs) *eval.Attrs {
	e := l.e
	if nested := e.sub(typ, "nestedTypes"); nested != nil {
		for _, name := range []string{"elemType", "finalType"} {
			if t := e.sub(nested, name); t != nil {
				return t
			}
		}
	}
	if functor := e.sub(typ, "functor"); functor != nil {
		if payload := e.sub(functor, "payload"); payload != nil {
			if t := e.sub(payload, "elemType"); t != nil {
				return t
			}
		}
		return e.sub(functor, "wrapped")
	}
	return nil
}

// subOptions returns the options that values of a type have.
func (l *lookup) subOptions(typ *eval.Attrs) *eval.Attrs {
	e := l.e
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

// made returns the options of a submodule as some value of it has them: of a
// system that does not tell what options its types have. Evaluating the value
// makes them.
func (l *lookup) made(option, rest []modules.Step) *eval.Attrs {
	e := l.e
	prefix := names(option)
	e.probe = l.root
	l.force(prefix)
	e.probe = nil
	exact := strings.Join(prefix, "\x00")
	try := []string{exact}
	if len(rest) > 0 && rest[0].Name != "" {
		try = append(try, exact+"\x00"+rest[0].Name)
	}
	for key := range l.root.nested {
		if strings.HasPrefix(key, exact+"\x00") && strings.Count(key, "\x00") == len(prefix) {
			try = append(try, key) // another element
		}
	}
	for _, key := range try {
		s, ok := l.root.nested[key]
		if !ok {
			continue
		}
		if result, err := e.st.ForceAttrs(s.result, 0, ""); err == nil {
			if options := e.sub(result, "options"); options != nil {
				return options
			}
		}
	}
	return nil
}

// force evaluates the value of an option, and what it has by name.
func (l *lookup) force(path []string) {
	set := l.e.sub(l.result, "config")
	for _, name := range path {
		if set == nil {
			return
		}
		set = l.e.sub(set, name)
	}
	if set == nil {
		return
	}
	for _, a := range l.e.st.Sorted(set) {
		l.e.st.ForceSlot(a.Value)
	}
}

func names(steps []modules.Step) []string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = s.Name
	}
	return out
}

// freeform reports whether a module takes attributes that are no
// options.
func (l *lookup) freeform(top *eval.Attrs) bool {
	e := l.e
	module := e.sub(top, "_module")
	if module == nil {
		return false
	}
	typ := e.sub(module, "freeformType")
	return typ != nil && e.optionValue(typ) != nil
}

// optionValue returns what an option is set to, or nil.
func (e *evaluator) optionValue(opt *eval.Attrs) *eval.Value {
	slot := e.st.Get(opt, "value")
	if slot == nil {
		return nil
	}
	v, err := e.st.ForceSlot(slot)
	if err != nil || v.Kind() == eval.KindNull {
		return nil
	}
	return &v
}

func (e *evaluator) isOption(set *eval.Attrs) bool { return e.text(set, "_type") == "option" }
