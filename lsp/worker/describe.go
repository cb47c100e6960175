package worker

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"gonix.dev/gonix/eval"
)

// How much of a value is shown.
const (
	maxShownAttrs  = 20
	maxShownItems  = 10
	maxShownString = 400
	maxShownDepth  = 2
)

// failure describes an error for the server.
func (e *evaluator) failure(err error) *Failure {
	var ee *eval.Error
	if !errors.As(err, &ee) {
		return &Failure{Msg: err.Error(), Kind: "other"}
	}
	kinds := map[eval.ErrorKind]string{
		eval.ErrThrow: "throw", eval.ErrAssert: "assert", eval.ErrAbort: "abort", eval.ErrSyntax: "syntax",
		eval.ErrCancelled: "cancelled", eval.ErrUnsupported: "unsupported", eval.ErrUndefined: "undefined",
	}
	f := &Failure{Msg: ee.Msg, Kind: kinds[ee.Kind], Pos: e.place(ee.Pos)}
	if f.Kind == "" {
		f.Kind = "eval"
	}
	if len(ee.Suggestions) > 0 {
		f.Msg += "; did you mean '" + ee.Suggestions[0] + "'?"
	}
	for _, t := range ee.Trace {
		if len(f.Trace) == 30 {
			break
		}
		f.Trace = append(f.Trace, Frame{Msg: t.Msg, Pos: e.place(t.Pos)})
	}
	return f
}

func (e *evaluator) place(pos eval.Pos) *Place {
	if pos == 0 {
		return nil
	}
	p, ok := e.st.Position(pos)
	if !ok || p.File == nil {
		return nil
	}
	return &Place{File: p.File.Name, Line: p.Line, Column: p.Column}
}

// follow evaluates the text of a request and follows its path.
func (e *evaluator) follow(req *Request) (eval.Value, *Place, error) {
	v, err := e.st.EvalIn(Guess, req.Text, req.Dir, e.vars)
	if err != nil {
		return v, nil, err
	}
	var pos *Place
	for _, name := range req.Path {
		set, err := e.st.ForceAttrs(v, 0, "")
		if err != nil {
			return v, nil, err
		}
		attr := set.GetAttr(e.st.Sym(name))
		if attr.Value == nil {
			return v, nil, e.st.MissingAttr(set, name, 0)
		}
		pos = e.place(attr.Pos)
		if v, err = e.st.ForceSlot(attr.Value); err != nil {
			return v, pos, err
		}
	}
	return v, pos, nil
}

func (e *evaluator) value(req *Request) (*Value, error) {
	v, pos, err := e.follow(req)
	if err != nil {
		return nil, err
	}
	v, ferr := e.st.Force(v)
	if ferr != nil {
		return nil, ferr
	}
	out := &Value{Type: v.Kind().TypeName(), Pos: pos}
	switch v.Kind() {
	case eval.KindAttrs:
		set := v.AsAttrs()
		if isDrv, err := e.st.IsDerivation(set); err == nil && isDrv {
			out.Type, out.Package = "derivation", e.pkg(set)
			out.Text = "«derivation " + out.Package.DrvPath + "»"
			return out, nil
		}
		if args := e.sub(set, "__functionArgs"); args != nil && e.st.Get(set, "__functor") != nil {
			// A function that knows its arguments, and can be overridden.
			out.Type, out.Text = "lambda", "«function»"
			for _, a := range e.st.Sorted(args) {
				name := e.st.SymName(a.Sym)
				if v, err := e.st.ForceSlot(a.Value); err == nil && v.Kind() == eval.KindBool && v.AsBool() {
					name += " ?"
				}
				out.Formals = append(out.Formals, name)
			}
			return out, nil
		}
		// Of sets the names are shown, and what of their values is known already:
		// forcing them all may mean evaluating all packages there are.
		names := []string{}
		for _, a := range e.st.Sorted(set) {
			if len(names) == maxShownAttrs {
				names = append(names, fmt.Sprintf("... %d more", set.Len()-maxShownAttrs))
				break
			}
			text := e.st.ShowName(a.Sym) + " = "
			shown := eval.Peek(a.Value)
			if set.Len() <= maxShownAttrs {
				if forced, err := e.st.ForceSlot(a.Value); err == nil {
					shown = forced
				}
			}
			names = append(names, text+e.brief(shown)+";")
		}
		out.Text = "{\n  " + strings.Join(names, "\n  ") + "\n}"
		if len(names) == 0 {
			out.Text = "{ }"
		}
		return out, nil
	case eval.KindLambda, eval.KindPrimOp, eval.KindPrimOpApp:
		if fn, ok := e.st.DescribeFunction(v); ok {
			out.Function, out.Builtin = e.place(fn.Pos), fn.Builtin
			for _, f := range fn.Formals {
				name := f.Name
				if f.Optional {
					name += " ?"
				}
				out.Formals = append(out.Formals, name)
			}
		}
	}
	text, perr := e.st.Print(v, eval.PrintOptions{
		Force: true, MaxDepth: maxShownDepth, MaxAttrs: maxShownAttrs, MaxItems: maxShownItems,
		MaxString: maxShownString, Indent: 2, Errors: eval.ErrorsInline,
	})
	if perr != nil {
		return nil, perr
	}
	out.Text = text
	return out, nil
}

// brief shows what is known of a value in a few words.
func (e *evaluator) brief(v eval.Value) string {
	switch v.Kind() {
	case eval.KindThunk, eval.KindInvalid:
		return "..."
	case eval.KindAttrs:
		if v.AsAttrs().Len() == 0 {
			return "{ }"
		}
		return "{ ... }"
	case eval.KindList:
		if len(v.AsList()) == 0 {
			return "[ ]"
		}
		return "[ ... ]"
	}
	text, err := e.st.Print(v, eval.PrintOptions{MaxString: 60, MaxDepth: 1})
	if err != nil {
		return "..."
	}
	return text
}

// text returns the string that an attribute of a set is; "" when there is none.
func (e *evaluator) text(set *eval.Attrs, name string) string {
	slot := e.st.Get(set, name)
	if slot == nil {
		return ""
	}
	v, err := e.st.ForceSlot(slot)
	if err != nil {
		return ""
	}
	switch v.Kind() {
	case eval.KindString:
		return v.AsString()
	case eval.KindPath:
		return v.AsPath()
	case eval.KindList:
		if items := v.AsList(); len(items) > 0 {
			if first, err := e.st.Force(items[0]); err == nil && first.Kind() == eval.KindString {
				return first.AsString()
			}
		}
	case eval.KindAttrs:
		for _, inner := range []string{"fullName", "spdxId", "text"} {
			if t := e.text(v.AsAttrs(), inner); t != "" {
				return t
			}
		}
	}
	return ""
}

func (e *evaluator) sub(set *eval.Attrs, name string) *eval.Attrs {
	slot := e.st.Get(set, name)
	if slot == nil {
		return nil
	}
	v, err := e.st.ForceSlot(slot)
	if err != nil || v.Kind() != eval.KindAttrs {
		return nil
	}
	return v.AsAttrs()
}

func (e *evaluator) pkg(set *eval.Attrs) *Package {
	p := &Package{Name: e.text(set, "name"), Version: e.text(set, "version"), OutPath: e.text(set, "outPath"), DrvPath: e.text(set, "drvPath")}
	if meta := e.sub(set, "meta"); meta != nil {
		p.Description, p.Homepage, p.License = e.text(meta, "description"), e.text(meta, "homepage"), e.text(meta, "license")
		if at := e.text(meta, "position"); at != "" {
			if i := strings.LastIndexByte(at, ':'); i > 0 {
				if line, err := strconv.Atoi(at[i+1:]); err == nil {
					p.Pos = &Place{File: at[:i], Line: line, Column: 1}
				}
			}
		}
	}
	return p
}

// attrs lists the attributes that a request wants, sorted.
func (e *evaluator) attrs(req *Request) ([]Attr, bool, error) {
	v, _, err := e.follow(req)
	if err != nil {
		return nil, false, err
	}
	set, ferr := e.st.ForceAttrs(v, 0, "")
	if ferr != nil {
		return nil, false, ferr
	}
	var out []Attr
	prefix := strings.ToLower(req.Prefix)
	for _, a := range set.All() {
		name := e.st.SymName(a.Sym)
		if !strings.HasPrefix(strings.ToLower(name), prefix) {
			continue
		}
		attr := Attr{Name: name}
		if v := eval.Peek(a.Value); v.Kind() != eval.KindThunk {
			attr.Type = v.Kind().TypeName()
		}
		out = append(out, attr)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	if req.Limit > 0 && len(out) > req.Limit {
		return out[:req.Limit], true, nil
	}
	return out, false, nil
}

// file evaluates a file far enough to find most errors: its value, called with
// the arguments that are known when it is a function, its attributes, and the
// derivations among these.
func (e *evaluator) file(req *Request) error {
	v, err := e.st.EvalFile(req.File, 0)
	if err != nil {
		return err
	}
	if v.IsFunction() {
		if req.Text == "" {
			return nil
		}
		args, err := e.st.EvalIn(Guess, req.Text, req.Dir, e.vars)
		if err != nil {
			return nil // what the arguments are is not the file's fault
		}
		if v, err = e.st.Call1(v, args, 0); err != nil {
			return err
		}
		if v, err = e.st.Force(v); err != nil {
			return err
		}
	}
	if v.Kind() != eval.KindAttrs {
		return nil
	}
	set := v.AsAttrs()
	if isDrv, err := e.st.IsDerivation(set); err != nil || isDrv {
		if err != nil {
			return err
		}
		if slot := e.st.Get(set, "drvPath"); slot != nil {
			if _, err := e.st.ForceSlot(slot); err != nil {
				return err
			}
		}
		return nil
	}
	if set.Len() > 200 {
		return nil
	}
	for _, a := range e.st.Sorted(set) {
		if _, err := e.st.ForceSlot(a.Value); err != nil {
			return err
		}
	}
	return nil
}

// string evaluates a text that is a string, and gives all of it.
func (e *evaluator) string(req *Request) (*Value, error) {
	v, _, err := e.follow(req)
	if err != nil {
		return nil, err
	}
	text, ferr := e.st.ForceStringNoContext(v, 0, "")
	if ferr != nil {
		return nil, ferr
	}
	return &Value{Type: "string", Text: text}, nil
}
