package action

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/parser/ast"
)

// flatten turns a = { b = 1; c = 2; }; into a.b = 1; a.c = 2;.
func flatten(r *Request) []Action {
	b, _ := r.binding()
	a, ok := b.(*ast.Attr)
	if !ok {
		return nil
	}
	set, ok := a.Value.(*ast.AttrSet)
	if !ok || len(a.Path) == 0 || set.Rec || set.Legacy || len(set.Bindings) == 0 {
		return nil
	}
	prefix := r.File.Src[a.Path[0].Start:a.Path[len(a.Path)-1].End]
	inner := make([]ast.Node, len(set.Bindings))
	var lines []string
	outer := r.indentAt(a.Start)
	for i, b := range set.Bindings {
		inner[i] = b
		attr, ok := b.(*ast.Attr)
		if !ok {
			return nil // an inherit has no path to put the prefix to
		}
		lines = append(lines, prefix+"."+r.moved(attr, r.indentAt(attr.Start), outer))
	}
	if r.hasComments(a.Span, append([]ast.Node{}, inner...)...) {
		return nil
	}
	return []Action{{Title: fmt.Sprintf("Flatten '%s'", shortened(prefix)), Kind: Rewrite, Edits: []analysis.Edit{
		replace(a, strings.Join(lines, r.newLine(a))),
	}}}
}

// moved returns the source of a node, indented as its new place wants it, unless
// it has strings that span lines.
func (r *Request) moved(n ast.Node, from, to string) string {
	text := r.text(n)
	if !strings.Contains(text, "\n") {
		return text
	}
	multiline := false
	ast.Inspect(n, func(c ast.Node) bool {
		switch c.(type) {
		case *ast.String:
			multiline = multiline || !r.oneLine(c)
		}
		return true
	})
	if multiline {
		return text
	}
	return reindent(text, from, to)
}

// pack gathers the bindings that share a first name: a.b = 1; a.c = 2; becomes a =
// { b = 1; c = 2; };.
func pack(r *Request) []Action {
	b, owner := r.binding()
	a, ok := b.(*ast.Attr)
	if !ok || len(a.Path) < 2 || a.Path[0].Dynamic() {
		return nil
	}
	edits, n := r.packed(owner, a.Path[0].Name, false)
	if n == 0 {
		return nil
	}
	name := shortened(r.text(a.Path[0]))
	out := []Action{{Title: fmt.Sprintf("Pack '%s' into a set", name), Kind: Rewrite, Edits: edits}}
	deep, _ := r.packed(owner, a.Path[0].Name, true)
	if analysis.Apply(r.File.Src, deep) != analysis.Apply(r.File.Src, edits) {
		out = append(out, Action{Title: fmt.Sprintf("Pack '%s' into sets, all levels", name), Kind: Rewrite, Edits: deep})
	}
	return out
}

// packed returns the edits that pack the bindings of a set or let whose paths
// start with a name, and how many they are; none when they cannot be packed.
func (r *Request) packed(owner ast.Node, name string, deep bool) ([]analysis.Edit, int) {
	var group []*ast.Attr
	for _, b := range bindingsOf(owner) {
		switch b := b.(type) {
		case *ast.Attr:
			if len(b.Path) > 0 && !b.Path[0].Dynamic() && b.Path[0].Name == name {
				if len(b.Path) < 2 {
					return nil, 0 // a = ..; beside a.b = ..: they merge in ways of their own
				}
				group = append(group, b)
			}
		case *ast.Inherit:
			for _, n := range b.Names {
				if n.Name == name {
					return nil, 0
				}
			}
		}
	}
	if len(group) == 0 {
		return nil, 0
	}
	first := group[0]
	indent := r.indentAt(first.Start)
	tree := &packTree{}
	for _, a := range group {
		tree.add(r, a, 1, deep)
	}
	flat := len(group) == 1 && r.oneLine(first)
	edits := []analysis.Edit{replace(first, r.text(first.Path[0])+" = "+tree.write(indent, flat)+";")}
	for _, a := range group[1:] {
		edits = append(edits, analysis.Edit{Span: r.lineStart(a.Span)})
	}
	return edits, len(group)
}

// packTree is a set that is being put together.
type packTree struct {
	order []string
	sub   map[string]*packTree
	text  map[string]func(indent string) string
}

func (t *packTree) add(r *Request, a *ast.Attr, level int, deep bool) {
	if t.sub == nil {
		t.sub, t.text = map[string]*packTree{}, map[string]func(string) string{}
	}
	name := r.text(a.Path[level])
	if deep && level+1 < len(a.Path) {
		if t.sub[name] == nil {
			t.sub[name] = &packTree{}
			t.order = append(t.order, name)
		}
		t.sub[name].add(r, a, level+1, deep)
		return
	}
	key := fmt.Sprint(a.Start)
	t.order = append(t.order, key)
	t.text[key] = func(indent string) string {
		s := r.moved(a, r.indentAt(a.Start), indent)
		return s[a.Path[level].Start-a.Start:]
	}
}

func (t *packTree) write(indent string, flat bool) string {
	var items []string
	inner := indent + "  "
	for _, key := range t.order {
		if sub := t.sub[key]; sub != nil {
			items = append(items, key+" = "+sub.write(inner, flat)+";")
		} else {
			items = append(items, t.text[key](inner))
		}
	}
	if flat {
		return "{ " + strings.Join(items, " ") + " }"
	}
	return "{\n" + inner + strings.Join(items, "\n"+inner) + "\n" + indent + "}"
}

// packAll packs whatever can be packed, in all of the file.
func packAll(r *Request) []Action {
	b, _ := r.binding()
	if a, ok := b.(*ast.Attr); !ok || len(a.Path) < 2 {
		return nil
	}
	var edits []analysis.Edit
	groups := 0
	ast.Inspect(r.File.Root, func(n ast.Node) bool {
		done := map[string]bool{}
		inside := false
		for _, b := range bindingsOf(n) {
			a, ok := b.(*ast.Attr)
			if !ok || len(a.Path) < 2 || a.Path[0].Dynamic() || done[a.Path[0].Name] {
				continue
			}
			done[a.Path[0].Name] = true
			// Groups of one are the short form on purpose.
			if e, n := r.packed(n, a.Path[0].Name, false); n > 1 {
				edits = append(edits, e...)
				groups++
				inside = true
			}
		}
		return !inside // sets inside of what moves are for the next time
	})
	if groups < 2 {
		return nil
	}
	return []Action{{Title: "Pack all attributes of the file into sets", Kind: Rewrite, Edits: edits}}
}
