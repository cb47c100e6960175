package action

import (
	"fmt"
	"slices"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser"
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
		if in, ok := b.(*ast.Inherit); ok {
			for _, n := range in.Names {
				if !bindable(in, n) {
					return nil
				}
				lines = append(lines, prefix+"."+r.boundName(in, n))
			}
			continue
		}
		attr, ok := b.(*ast.Attr)
		if !ok {
			return nil
		}
		lines = append(lines, prefix+"."+r.moved(attr, r.indentAt(attr.Start), outer))
	}
	if r.hasComments(a.Span, append([]ast.Node{}, inner...)...) {
		return nil
	}
	if len(lines) > 1 && slices.ContainsFunc(a.Path, (*ast.AttrName).Dynamic) {
		return nil // sets with computed names are not merged
	}
	return []Action{{Title: fmt.Sprintf("Flatten '%s'", shortened(prefix)), Kind: Rewrite, Edits: []analysis.Edit{
		replace(a, strings.Join(lines, r.newLine(a))),
	}}}
}

// moved returns the source of a node, indented as its new place wants it, unless
// that would change strings in it.
func (r *Request) moved(n ast.Node, from, to string) string {
	text := r.text(n)
	if !strings.Contains(text, "\n") || from == to {
		return text
	}
	moved := reindent(text, from, to)
	if !slices.Equal(stringsOf(text, n), stringsOf(moved, n)) {
		return text
	}
	return moved
}

// stringsOf returns the texts of all strings in the source of a node.
func stringsOf(text string, n ast.Node) (out []string) {
	if _, expr := n.(ast.Expr); !expr {
		text = "{" + text + "}"
	}
	ast.Inspect(parser.Parse("", text, parser.PipeOperators).Root, func(n ast.Node) bool {
		var parts []ast.Part
		switch n := n.(type) {
		case *ast.String:
			parts = n.Parts
		case *ast.IndString:
			parts = n.Parts
		}
		for _, p := range parts {
			out = append(out, p.Text)
		}
		return true
	})
	return out
}

// pack gathers the bindings that share the names up to the cursor: a.b = 1; a.c =
// 2; becomes a = { b = 1; c = 2; };. Sets that are given to the same name whole are
// taken along.
func pack(r *Request) []Action {
	b, owner := r.binding()
	a, ok := b.(*ast.Attr)
	if !ok {
		return nil
	}
	// The names up to the one at the cursor; at the last, up to the one before, or
	// all when there is something to merge with.
	n := 1
	for n < len(a.Path) && r.Span.Start > a.Path[n-1].End {
		n++
	}
	edits, packed := r.packed(owner, a, n, false)
	if n == len(a.Path) && packed < 2 {
		n--
		edits, packed = r.packed(owner, a, n, false)
	}
	if packed == 0 {
		return nil
	}
	name := shortened(r.pathText(a, n))
	out := []Action{{Title: fmt.Sprintf("Pack '%s' into a set", name), Kind: Rewrite, Edits: edits}}
	deep, _ := r.packed(owner, a, n, true)
	if analysis.Apply(r.File.Src, deep) != analysis.Apply(r.File.Src, edits) {
		out = append(out, Action{Title: fmt.Sprintf("Pack '%s' into sets, all levels", name), Kind: Rewrite, Edits: deep})
	}
	return out
}

func (r *Request) pathText(a *ast.Attr, n int) string {
	return r.File.Src[a.Path[0].Start:a.Path[n-1].End]
}

// packed returns the edits that pack the bindings of a set or let whose paths
// start with the first n names of a binding, and how many they are; none when they
// cannot be packed.
func (r *Request) packed(owner ast.Node, like *ast.Attr, n int, deep bool) ([]analysis.Edit, int) {
	if n == 0 {
		return nil, 0
	}
	var group []*ast.Attr
	for _, b := range cursor.Bindings(owner) {
		switch b := b.(type) {
		case *ast.Attr:
			switch shared := sharedNames(b, like, n); {
			case shared == n:
				group = append(group, b)
			case shared == len(b.Path) && b != like:
				return nil, 0 // a = { b.c = ..; } beside a.b.d = ..: merging them is not for here
			}
		case *ast.Inherit:
			for _, name := range b.Names {
				if name.Name == like.Path[0].Name {
					return nil, 0
				}
			}
		}
	}
	tree := &packTree{}
	rec := false
	for i, a := range group {
		if len(a.Path) > n {
			tree.add(r, a, n, deep)
			continue
		}
		set, ok := a.Value.(*ast.AttrSet)
		if !ok || set.Legacy {
			return nil, 0
		}
		// The first definition decides whether the merged set refers to itself.
		if i == 0 {
			rec = set.Rec
		} else if set.Rec && !rec && r.usesOfScope(set) {
			return nil, 0
		}
		if above := r.commentsAbove(a); above < a.Start && i > 0 {
			tree.note(r, a, above)
		}
		at := set.Open + 1
		for _, b := range set.Bindings {
			if r.commentBetween(at, r.commentsAbove(b)) {
				return nil, 0 // it belongs to no binding, and would get lost
			}
			tree.item(r, b, b.Pos())
			at = b.Stop()
		}
		if r.commentBetween(at, set.End-1) {
			return nil, 0
		}
	}
	if len(group) == 0 {
		return nil, 0
	}
	first := group[0]
	indent := r.indentAt(first.Start)
	flat := !strings.Contains(r.File.Src[first.Start:group[len(group)-1].End], "\n")
	prefix := r.pathText(first, n) + " = "
	if rec {
		prefix += "rec "
	}
	edits := []analysis.Edit{replace(first, prefix+tree.write(indent, flat)+";")}
	if start := r.commentsAbove(first); start < first.Start && len(first.Path) > n {
		edits[0].Span.Start = start
	}
	for _, a := range group[1:] {
		edits = append(edits, analysis.Edit{Span: r.lineStart(ast.Span{Start: r.commentsAbove(a), End: a.End})})
	}
	return edits, len(group)
}

// sharedNames counts the first names, of n, that two bindings have in common. A
// dynamic name is common to nobody but the binding itself.
func sharedNames(a, b *ast.Attr, n int) int {
	for i := range n {
		if i >= len(a.Path) || i >= len(b.Path) {
			return i
		}
		if x, y := a.Path[i], b.Path[i]; x != y && (x.Dynamic() || y.Dynamic() || x.Name != y.Name) {
			return i
		}
	}
	return n
}

// commentBetween reports whether a comment stands between two places, which in a
// set whose braces are missing may be behind the end of the text or of each other.
func (r *Request) commentBetween(from, to ast.Pos) bool {
	to = min(to, ast.Pos(len(r.File.Src)))
	return from < to && commentIn(r.File.Src[from:to])
}

// usesOfScope reports whether the attributes of a rec set refer to each other.
func (r *Request) usesOfScope(set *ast.AttrSet) bool {
	for _, s := range r.Scope.Scopes {
		if s.Node == ast.Node(set) {
			for _, d := range s.Defs {
				if len(d.Uses) > 0 {
					return true
				}
			}
		}
	}
	return false
}

// commentsAbove returns where the comments begin that stand on the lines right
// above a binding; the binding's start when there are none.
func (r *Request) commentsAbove(n ast.Node) ast.Pos {
	src := r.File.Src
	at := n.Pos()
	line := r.lineStart(ast.Span{Start: at, End: at}).Start
	for line > 0 {
		start := ast.Pos(strings.LastIndexByte(src[:line], '\n') + 1)
		text := strings.TrimSpace(src[start:line])
		if !strings.HasPrefix(text, "#") {
			break
		}
		at = start + ast.Pos(strings.IndexByte(src[start:line], '#'))
		if start == 0 {
			break
		}
		line = start - 1
	}
	return at
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
	t.item(r, a, a.Path[level].Start)
}

// note adds the comments above a binding that is taken apart.
func (t *packTree) note(r *Request, a *ast.Attr, above ast.Pos) {
	if t.sub == nil {
		t.sub, t.text = map[string]*packTree{}, map[string]func(string) string{}
	}
	key := fmt.Sprint("comment ", above)
	t.order = append(t.order, key)
	t.text[key] = func(indent string) string {
		return reindent(strings.TrimRight(r.File.Src[above:a.Start], " \t\r\n"), r.indentAt(a.Start), indent)
	}
}

// item adds the end of a binding, with the comments above it.
func (t *packTree) item(r *Request, b ast.Binding, from ast.Pos) {
	if t.sub == nil {
		t.sub, t.text = map[string]*packTree{}, map[string]func(string) string{}
	}
	key := fmt.Sprint(b.Pos())
	t.order = append(t.order, key)
	t.text[key] = func(indent string) string {
		s := r.moved(b, r.indentAt(b.Pos()), indent)
		text := s[from-b.Pos():]
		if above := r.commentsAbove(b); above < b.Pos() {
			comments := strings.TrimRight(r.File.Src[above:b.Pos()], " \t\r\n")
			text = reindent(comments, r.indentAt(b.Pos()), indent) + "\n" + indent + text
		}
		return text
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
		for _, b := range cursor.Bindings(n) {
			a, ok := b.(*ast.Attr)
			if !ok || len(a.Path) < 2 || a.Path[0].Dynamic() || done[a.Path[0].Name] {
				continue
			}
			done[a.Path[0].Name] = true
			// Groups of one are the short form on purpose.
			if e, n := r.packed(n, a, 1, false); n > 1 {
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
