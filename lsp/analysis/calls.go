package analysis

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// known returns the expression that e certainly evaluates like: it follows names
// to the one value that a let or rec gives them, and looks into parentheses.
func (p *pass) known(e ast.Expr) ast.Expr {
	for range 20 {
		e = cursor.Unparen(e)
		id, ok := e.(*ast.Ident)
		if !ok {
			return e
		}
		u := p.scope.UseAt(id.Start)
		if u == nil || u.Def == nil || u.Def.Value == nil {
			return nil
		}
		e = u.Def.Value
	}
	return nil
}

// keys returns the names that a set literal certainly has, and whether these are
// all.
func keys(set *ast.AttrSet) (map[string]ast.Span, bool) {
	if set.Legacy {
		return nil, false
	}
	names, all := map[string]ast.Span{}, true
	for _, b := range set.Bindings {
		switch b := b.(type) {
		case *ast.Attr:
			if len(b.Path) == 0 || b.Path[0].Dynamic() {
				all = false
				continue
			}
			names[b.Path[0].Name] = b.Path[0].Span
		case *ast.Inherit:
			for _, n := range b.Names {
				if n.Dynamic() {
					all = false
					continue
				}
				names[n.Name] = n.Span
			}
		default:
			all = false
		}
	}
	return names, all
}

// keySet is what keys returns, and the values of attributes that are written in one
// piece; nil of those that are not.
type keySet struct {
	names map[string]ast.Span
	all   bool
	whole map[string]ast.Expr
}

// keySet asks for the names of each set once: large ones are often those that are
// selected from most.
func (p *pass) keySet(set *ast.AttrSet) keySet {
	k, ok := p.keySets[set]
	if ok {
		return k
	}
	k.names, k.all = keys(set)
	k.whole = make(map[string]ast.Expr, len(set.Bindings))
	for _, b := range set.Bindings {
		a, ok := b.(*ast.Attr)
		if !ok || len(a.Path) == 0 {
			continue
		}
		name, value := a.Path[0].Name, a.Value
		if _, twice := k.whole[name]; twice || len(a.Path) > 1 {
			value = nil
		}
		k.whole[name] = value
	}
	if p.keySets == nil {
		p.keySets = map[*ast.AttrSet]keySet{}
	}
	p.keySets[set] = k
	return k
}

func (p *pass) keys(set *ast.AttrSet) (map[string]ast.Span, bool) {
	k := p.keySet(set)
	return k.names, k.all
}

var unknownAttrRule = &Rule{
	Code:     "unknown-attribute",
	Severity: Error,
	Summary:  "A set literal has no attribute of the selected name.",
	visit: func(p *pass, n ast.Node) {
		sel, ok := n.(*ast.Select)
		if !ok || sel.Default != nil {
			return
		}
		e := sel.X
		for _, name := range sel.Path {
			set, ok := p.known(e).(*ast.AttrSet)
			if !ok || name.Dynamic() {
				return
			}
			keys := p.keySet(set)
			if _, has := keys.names[name.Name]; !has {
				if keys.all && name.Name != "" {
					p.report(Diagnostic{
						Span: name.Span, Msg: fmt.Sprintf("attribute '%s' missing", name.Name),
						Related: []Related{{ast.Span{Start: set.Open, End: set.Open + 1}, "the set is defined here"}},
					})
				}
				return
			}
			// Go on only through an attribute that is written in one piece.
			if e = keys.whole[name.Name]; e == nil {
				return
			}
			if id, ok := e.(*ast.Ident); ok && p.scope.UseAt(id.Start) == nil {
				return
			}
		}
	},
}

// call reports what is wrong with passing a set literal to a function that is
// known.
func (p *pass) call(fn *ast.Lambda, arg *ast.AttrSet, at ast.Span, missing, unexpected *Rule, related []Related) {
	if fn.Formals == nil {
		return
	}
	names, all := p.keys(arg)
	takes := map[string]bool{}
	var want []string
	for _, f := range fn.Formals.List {
		takes[f.Name.Name] = true
		if _, has := names[f.Name.Name]; !has && f.Default == nil {
			want = append(want, f.Name.Name)
		}
	}
	if missing != nil && all && len(want) > 0 {
		fix := Fix{Title: "Pass " + strings.Join(want, ", ")}
		insert := arg.End - 1
		var text strings.Builder
		for _, name := range want {
			text.WriteString(quote.Identifier(name) + " = " + quote.Identifier(name) + "; ")
		}
		if strings.TrimSpace(p.file.Src[arg.Open+1:insert]) == "" && insert == arg.Open+1 {
			fix.Edits = []Edit{{ast.Span{Start: insert, End: insert}, " " + text.String()}}
		} else {
			fix.Edits = []Edit{{ast.Span{Start: insert, End: insert}, text.String()}}
		}
		p.report(Diagnostic{
			Span: at, Code: missing.Code, Severity: missing.Severity,
			Msg:     fmt.Sprintf("the function needs the argument %s", quoteAll(want)),
			Related: related, Fixes: []Fix{fix},
		})
	}
	if unexpected == nil || fn.Formals.Ellipsis {
		return
	}
	for name, span := range names {
		if !takes[name] {
			p.report(Diagnostic{
				Span: span, Code: unexpected.Code, Severity: unexpected.Severity,
				Msg: fmt.Sprintf("the function takes no argument '%s'", name), Related: related,
			})
		}
	}
}

func quoteAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = "'" + n + "'"
	}
	return strings.Join(out, ", ")
}

// localCall returns the function and argument of a call of a function of this
// file with a set literal.
func (p *pass) localCall(n ast.Node) (*ast.Lambda, *ast.AttrSet, *ast.Apply) {
	call, ok := n.(*ast.Apply)
	if !ok {
		return nil, nil, nil
	}
	arg, ok := cursor.Unparen(call.Arg).(*ast.AttrSet)
	if !ok || arg.Legacy {
		return nil, nil, nil
	}
	fn, _ := p.known(call.Fn).(*ast.Lambda)
	return fn, arg, call
}

func (p *pass) definedAt(fn *ast.Lambda) []Related {
	return []Related{{ast.Span{Start: fn.Start, End: max(fn.Start, fn.Colon+1)}, "the function is defined here"}}
}

var missingArgRule = &Rule{
	Code:     "missing-argument",
	Severity: Error,
	Summary:  "A call of a known function does not pass an argument that has no default.",
	visit: func(p *pass, n ast.Node) {
		if fn, arg, call := p.localCall(n); fn != nil {
			p.call(fn, arg, call.Fn.Range(), p.rule, nil, p.definedAt(fn))
		}
	},
}

var unexpectedArgRule = &Rule{
	Code:     "unexpected-argument",
	Severity: Error,
	Summary:  "A call of a known function passes an argument that the function does not take.",
	visit: func(p *pass, n ast.Node) {
		if fn, arg, _ := p.localCall(n); fn != nil {
			p.call(fn, arg, ast.Span{}, nil, p.rule, p.definedAt(fn))
		}
	},
}

var notFunctionRule = &Rule{
	Code:     "not-a-function",
	Severity: Error,
	Summary:  "Something that is certainly no function is called, or a function with too many arguments.",
	visit: func(p *pass, n ast.Node) {
		call, ok := n.(*ast.Apply)
		if !ok {
			return
		}
		if outer, ok := p.parent().(*ast.Apply); ok && outer.Fn == ast.Expr(call) {
			return // said once, for the whole call
		}
		fn, args := cursor.Call(call)
		e := p.known(fn)
		n1 := 0
		for _, arg := range args {
			if l, ok := cursor.Unparen(e).(*ast.Lambda); ok {
				e = cursor.Unparen(l.Body)
				n1++
				continue
			}
			what := plainValue(e)
			if what == "" {
				return
			}
			d := Diagnostic{Span: arg.Range(), Msg: "attempt to call something which is not a function but " + what}
			if n1 > 0 {
				d.Msg = fmt.Sprintf("too many arguments: the function takes %d and returns %s", n1, what)
			}
			if n1 == 0 && fn.Stop() == arg.Pos() {
				p.brokenNumber(&d, fn, arg)
			}
			p.report(d)
			return
		}
	},
}

// brokenNumber says of a number and what follows without a space, which Nix reads
// as a call, how to write the number that was probably meant.
func (p *pass) brokenNumber(d *Diagnostic, fn, arg ast.Expr) {
	text, rest, fixed := p.text(fn), p.text(arg), ""
	switch fn.(type) {
	case *ast.Int:
		switch arg := arg.(type) {
		case *ast.Ident: // 1e5
			if isExponent(arg.Name) {
				fixed = text + ".0" + rest
			}
		case *ast.Float: // 01.5
			fixed = strings.TrimLeft(text, "0") + rest
			if rest[0] != '.' || text[0] != '0' {
				return
			}
			if fixed == rest {
				fixed = "0" + rest
			}
		}
	case *ast.Float: // 0.5e
		if rest == "e" || rest == "E" {
			fixed = text
		}
	}
	if fixed != "" {
		d.Span = ast.Span{Start: fn.Pos(), End: arg.Stop()}
		d.Msg = fmt.Sprintf("%s%s is no number: write %s", text, rest, fixed)
		d.Fixes = []Fix{{Title: "Change to " + fixed, Edits: []Edit{{d.Span, fixed}}}}
	}
}

func isExponent(s string) bool {
	return len(s) > 1 && (s[0] == 'e' || s[0] == 'E') && strings.Trim(s[1:], "0123456789") == ""
}

// plainValue names the kind of an expression that is certainly no function, or
// "". A set may have __functor.
func plainValue(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.AttrSet:
		if names, all := keys(e); all && !e.Legacy {
			if _, has := names["__functor"]; !has {
				return "a set"
			}
		}
	case *ast.List:
		return "a list"
	case *ast.String, *ast.IndString, *ast.URI:
		return "a string"
	case *ast.Path, *ast.SearchPath:
		return "a path"
	case *ast.Int:
		return "an integer"
	case *ast.Float:
		return "a float"
	}
	return ""
}
