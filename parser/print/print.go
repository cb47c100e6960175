// Package print writes syntax trees in the form of `nix-instantiate --parse`:
// on one line, fully parenthesised, attribute paths merged, names sorted, and
// what is only notation (operators that call builtins, search paths, old lets)
// replaced by what it stands for.
package print

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
	"gonix.dev/gonix/parser/resolve"
)

// Options say where relative paths lead.
type Options struct {
	Dir  string // absolute; relative paths are below it
	Home string // the home directory, for ~/
}

// File prints the whole tree of a file without syntax errors. The error is that
// of an attribute which is defined twice.
func File(f *ast.File, opts Options) (string, *ast.Error) {
	p := &printer{file: f, opts: opts}
	p.expr(f.Root)
	return string(p.buf), p.err
}

type printer struct {
	file *ast.File
	opts Options
	buf  []byte
	err  *ast.Error
}

func (p *printer) str(parts ...string) {
	for _, s := range parts {
		p.buf = append(p.buf, s...)
	}
}

func (p *printer) literal(s string) { p.buf = quote.AppendString(p.buf, s) }

func (p *printer) expr(x ast.Expr) {
	switch n := x.(type) {
	case *ast.Paren:
		p.expr(n.X)
	case *ast.Ident:
		p.str(quote.Identifier(n.Name))
	case *ast.Int:
		p.buf = strconv.AppendInt(p.buf, n.Value, 10)
	case *ast.Float:
		p.str(Float(n.Value))
	case *ast.URI:
		p.literal(n.Value)
	case *ast.String:
		p.parts(n.Parts)
	case *ast.IndString:
		p.parts(n.Parts)
	case *ast.Path:
		p.path(n)
	case *ast.SearchPath:
		p.str("(__findFile __nixPath ")
		p.literal(n.Name)
		p.str(")")
	case *ast.List:
		p.str("[ ")
		for _, e := range n.Elems {
			p.str("(")
			p.expr(e)
			p.str(") ")
		}
		p.str("]")
	case *ast.AttrSet:
		if n.Legacy {
			p.str("(")
		}
		p.set(n.Bindings, n.Rec || n.Legacy)
		if n.Legacy {
			p.str(").body")
		}
	case *ast.Let:
		p.str("(let ")
		m := p.merge(n.Bindings)
		p.bindings(&m)
		p.str("in ")
		p.expr(n.Body)
		p.str(")")
	case *ast.Lambda:
		p.lambda(n)
	case *ast.Apply, *ast.Unary, *ast.Binary:
		p.operation(n)
	case *ast.Select:
		p.str("(")
		p.expr(n.X)
		p.str(").")
		p.attrPath(n.Path)
		if n.Default != nil {
			p.str(" or (")
			p.expr(n.Default)
			p.str(")")
		}
	case *ast.HasAttr:
		p.str("((")
		p.expr(n.X)
		p.str(") ? ")
		p.attrPath(n.Path)
		p.str(")")
	case *ast.If:
		p.str("(if ")
		p.expr(n.Cond)
		p.str(" then ")
		p.expr(n.Then)
		p.str(" else ")
		p.expr(n.Else)
		p.str(")")
	case *ast.Assert:
		p.str("assert ")
		p.expr(n.Cond)
		p.str("; ")
		p.expr(n.Body)
	case *ast.With:
		p.str("(with ")
		p.expr(n.Scope)
		p.str("; ")
		p.expr(n.Body)
		p.str(")")
	}
}

// Float formats a number with up to six digits, like C++ streams do.
func Float(v float64) string {
	s := strconv.FormatFloat(v, 'g', 6, 64)
	mantissa, exp, found := strings.Cut(s, "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	if !found {
		return mantissa
	}
	return mantissa + "e" + exp
}

// parts prints a string: one literal, or the concatenation of its parts.
func (p *printer) parts(parts []ast.Part) {
	switch {
	case len(parts) == 0:
		p.literal("")
	case len(parts) == 1 && parts[0].Expr == nil:
		p.literal(parts[0].Text)
	default:
		p.str("(")
		p.concat(parts, true)
		p.str(")")
	}
}

func (p *printer) concat(parts []ast.Part, first bool) {
	for _, part := range parts {
		if !first {
			p.str(" + ")
		}
		first = false
		if part.Expr != nil {
			p.expr(part.Expr)
		} else {
			p.literal(part.Text)
		}
	}
}

func (p *printer) path(n *ast.Path) {
	if len(n.Parts) > 1 {
		p.str("(", p.resolved(n.Parts[0].Text))
		p.concat(n.Parts[1:], false)
		p.str(")")
		return
	}
	p.str(p.resolved(n.Parts[0].Text))
}

// resolved makes the text of a path absolute. A slash at its end, which an
// interpolation must follow, stays.
func (p *printer) resolved(text string) string {
	if text[0] == '~' {
		return p.opts.Home + text[1:]
	}
	abs := text
	if text[0] != '/' {
		abs = p.opts.Dir + "/" + text
	}
	abs = path.Clean("/" + abs)
	if len(text) > 1 && strings.HasSuffix(text, "/") {
		abs += "/"
	}
	return abs
}

func (p *printer) attrPath(names []*ast.AttrName) {
	for i, n := range names {
		if i > 0 {
			p.str(".")
		}
		if n.Dynamic() {
			p.str(`"${`)
			p.expr(n.Expr)
			p.str(`}"`)
		} else {
			p.str(quote.Identifier(n.Name))
		}
	}
}

func (p *printer) lambda(n *ast.Lambda) {
	p.str("(")
	if n.Formals != nil {
		p.str("{ ")
		list := slices.Clone(n.Formals.List)
		slices.SortFunc(list, func(a, b *ast.Formal) int { return cmp.Compare(a.Name.Name, b.Name.Name) })
		for i, f := range list {
			if i > 0 {
				p.str(", ")
			}
			p.str(quote.Identifier(f.Name.Name))
			if f.Default != nil {
				p.str(" ? ")
				p.expr(f.Default)
			}
		}
		if n.Formals.Ellipsis {
			if len(list) > 0 {
				p.str(", ")
			}
			p.str("...")
		}
		p.str(" }")
		if n.Arg != nil {
			p.str(" @ ")
		}
	}
	if n.Arg != nil {
		p.str(quote.Identifier(n.Arg.Name))
	}
	p.str(": ")
	p.expr(n.Body)
	p.str(")")
}

func (p *printer) merge(bindings []ast.Binding) resolve.Merged {
	m, err := resolve.Merge(p.file, bindings)
	if err != nil && p.err == nil {
		p.err = err
	}
	return m
}

func (p *printer) set(bindings []ast.Binding, rec bool) {
	m := p.merge(bindings)
	m.Rec = rec
	p.merged(&m)
}

func (p *printer) merged(m *resolve.Merged) {
	if m.Rec {
		p.str("rec ")
	}
	p.str("{ ")
	p.bindings(m)
	p.str("}")
}

func (p *printer) bindings(m *resolve.Merged) {
	attrs := slices.Clone(m.Attrs)
	slices.SortFunc(attrs, func(a, b resolve.Attr) int { return cmp.Compare(a.Name, b.Name) })
	inherit := func(kind resolve.Kind, from int32, source ast.Expr) {
		first := true
		for i := range attrs {
			if attrs[i].Kind != kind || kind == resolve.InheritFrom && attrs[i].From != from {
				continue
			}
			if first {
				first = false
				p.str("inherit")
				if source != nil {
					p.str(" (")
					p.expr(source)
					p.str(")")
				}
			}
			p.str(" ", quote.Identifier(attrs[i].Name))
		}
		if !first {
			p.str("; ")
		}
	}
	inherit(resolve.Inherit, 0, nil)
	for i, e := range m.From {
		inherit(resolve.InheritFrom, int32(i), e)
	}
	for i := range attrs {
		a := &attrs[i]
		if a.Kind == resolve.Plain || a.Kind == resolve.Nested {
			p.str(quote.Identifier(a.Name), " = ")
			p.value(a.Expr, a.Set)
		}
	}
	for _, d := range m.Dynamic {
		p.str(`"${`)
		p.expr(d.Name)
		p.str(`}" = `)
		p.value(d.Expr, d.Set)
	}
}

func (p *printer) value(x ast.Expr, set *resolve.Merged) {
	if set != nil {
		p.merged(set)
	} else {
		p.expr(x)
	}
	p.str("; ")
}
