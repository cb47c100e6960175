package eval

import "strconv"

// Package is a derivation found in a value.
type Package struct {
	AttrPath   string
	Attrs      *Attrs
	DrvPath    string // full store path
	OutputName string
}

// Packages finds the derivations in a value: itself, or those in a set that it
// is, in the order of their attribute names, and in nested sets that ask for it
// with recurseForDerivations.
func (st *State) Packages(v Value, auto *Attrs) ([]Package, *Error) {
	f := packageFinder{st: st, auto: auto, seen: make(map[*Attrs]bool)}
	err := f.find(v, "")
	return f.found, err
}

type packageFinder struct {
	st    *State
	auto  *Attrs
	seen  map[*Attrs]bool
	found []Package
}

func (f *packageFinder) find(v Value, path string) *Error {
	st := f.st
	if err := st.enterCall(0); err != nil {
		return err
	}
	defer func() { st.depth-- }()
	v, err := st.AutoCall(v, f.auto)
	if err != nil {
		return err
	}
	switch v.Kind() {
	case KindList:
		for i := range v.AsList() {
			if err := f.find(v.AsList()[i], joinPath(path, strconv.Itoa(i))); err != nil {
				return err
			}
		}
		return nil
	case KindAttrs:
	default:
		return st.Errorf(ErrType, 0, "expression does not evaluate to a derivation (or a set or list of those)")
	}
	set := v.AsAttrs()
	is, err := st.IsDerivation(set)
	if err != nil {
		return err
	}
	if is {
		return f.add(set, path)
	}
	for _, at := range st.Sorted(set) {
		name := st.SymName(at.Sym)
		if !isPathComponent(name) {
			continue
		}
		child, err := st.ForceSlot(at.Value)
		if err != nil {
			return err.AddTrace(at.Pos, "while evaluating the attribute '%s'", name)
		}
		if child.Kind() != KindAttrs {
			continue
		}
		is, err := st.IsDerivation(child.AsAttrs())
		if err != nil {
			return err
		}
		if !is {
			r := child.AsAttrs().GetAttr(st.wk.recurseForDerivations)
			if r.Value == nil {
				continue
			}
			into, err := st.ForceBool(*r.Value, r.Pos, "while evaluating the attribute `recurseForDerivations`")
			if err != nil {
				return err
			}
			if !into {
				continue
			}
		}
		if err := f.find(child, joinPath(path, name)); err != nil {
			return err.AddTrace(at.Pos, "while evaluating the attribute '%s'", name)
		}
	}
	return nil
}

func (f *packageFinder) add(set *Attrs, path string) *Error {
	if f.seen[set] {
		return nil
	}
	f.seen[set] = true
	p, err := f.st.PackageOf(set)
	if err != nil {
		return err
	}
	p.AttrPath = path
	f.found = append(f.found, p)
	return nil
}

// PackageOf describes a derivation.
func (st *State) PackageOf(set *Attrs) (Package, *Error) {
	p := Package{Attrs: set}
	drv := set.GetAttr(st.wk.drvPath)
	if drv.Value == nil {
		return p, st.Errorf(ErrEval, 0, "derivation does not contain a 'drvPath' attribute")
	}
	var err *Error
	if p.DrvPath, _, err = st.CoerceToString(*drv.Value, drv.Pos, "while evaluating the 'drvPath' attribute of a derivation", 0); err != nil {
		return p, err
	}
	if at := set.GetAttr(st.wk.outputName); at.Value != nil {
		p.OutputName, err = st.ForceStringNoContext(*at.Value, at.Pos, "while evaluating the output name of a derivation")
	}
	return p, err
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func isPathComponent(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '+'):
		default:
			return false
		}
	}
	return s != ""
}
