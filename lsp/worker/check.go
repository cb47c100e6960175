package worker

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/internal/suggest"
)

// check finds definitions of options that are not there, and of values that their
// options do not take.
func (e *evaluator) check(req *Request) ([]Problem, error) {
	l, err := e.optionsOf(req)
	if err != nil {
		return nil, err
	}
	var out []Problem
	for i, c := range req.Checks {
		at := l.locate(append(req.Steps[:len(req.Steps):len(req.Steps)], c.Steps...))
		last := len(req.Steps) + len(c.Steps) - 1
		switch {
		case at.unknown == last && l.root.lacks:
			// It may be what is left out that declares it.
		case at.unknown == last:
			out = append(out, l.unknown(i, at, c))
		case at.unknown >= 0 || at.free:
			// Said of the step before, or nobody knows.
		case c.Value != "" && at.typ != nil:
			if p, bad := l.misfit(i, at, c, req.Dir); bad {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// unknown says that there is no option, and which one was probably meant.
func (l *lookup) unknown(i int, at located, c Check) Problem {
	name := c.Steps[len(c.Steps)-1].Name
	p := Problem{Check: i, Unknown: true, Msg: fmt.Sprintf("there is no option '%s'", strings.Join(append(at.path, name), "."))}
	var known []string
	for _, a := range l.e.st.Sorted(at.known) {
		if n := l.e.st.SymName(a.Sym); !strings.HasPrefix(n, "_") {
			known = append(known, n)
		}
	}
	if best := suggest.Best(known, name); len(best) > 0 && suggest.Distance(best[0], name) <= 1+len(name)/4 {
		p.Near = best[0]
	}
	for _, k := range known {
		if p.Near == "" && len(name) >= 3 && strings.HasPrefix(k, name) {
			p.Near = k
		}
	}
	if p.Near != "" {
		p.Msg += fmt.Sprintf("; did you mean '%s'?", p.Near)
	}
	return p
}

// misfit evaluates a value, and says when its option's type does not take it.
// What cannot be evaluated by itself is not judged.
func (l *lookup) misfit(i int, at located, c Check, dir string) (Problem, bool) {
	e := l.e
	test := e.st.Get(at.typ, "check")
	if test == nil {
		return Problem{}, false
	}
	v, err := e.st.EvalIn(Guess, c.Value, dir, e.vars)
	if err != nil {
		return Problem{}, false
	}
	if v, err = e.content(v); err != nil {
		return Problem{}, false
	}
	fn, err := e.st.ForceSlot(test)
	if err != nil {
		return Problem{}, false
	}
	ok, err := e.st.Call1(fn, v, 0)
	if err != nil {
		return Problem{}, false
	}
	if ok, err = e.st.Force(ok); err != nil || ok.Kind() != eval.KindBool || ok.AsBool() {
		return Problem{}, false
	}
	want := e.text(at.typ, "description")
	if want == "" {
		want = e.text(at.typ, "name")
	}
	return Problem{Check: i, Msg: fmt.Sprintf("'%s' takes %s; this is %s", strings.Join(at.path, "."), want, e.st.ShowType(v))}, true
}

// content returns what is in mkIf, mkForce and the like.
func (e *evaluator) content(v eval.Value) (eval.Value, *eval.Error) {
	for range 10 {
		forced, err := e.st.Force(v)
		if err != nil || forced.Kind() != eval.KindAttrs {
			return forced, err
		}
		switch e.text(forced.AsAttrs(), "_type") {
		case "if", "override", "order":
			slot := e.st.Get(forced.AsAttrs(), "content")
			if slot == nil {
				return forced, nil
			}
			v = *slot
		case "":
			return forced, nil
		default:
			return v, e.st.Errorf(eval.ErrEval, 0, "it is no plain value")
		}
	}
	return v, nil
}
