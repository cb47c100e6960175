package action

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// selected returns the expression that is selected, from its first to its last
// byte, give or take white space and the bracket that ends it.
func (r *Request) selected() (ast.Expr, int) {
	src := r.File.Src
	start, end := r.Span.Start, r.Span.End
	for start < end && strings.ContainsRune(" \t\r\n", rune(src[start])) {
		start++
	}
	for start < end && strings.ContainsRune(" \t\r\n;", rune(src[end-1])) {
		end--
	}
	if start >= end {
		return nil, 0
	}
	for i := len(r.path) - 1; i >= 0; i-- {
		e, ok := r.path[i].(ast.Expr)
		if !ok || e.Pos() != start || e.Stop() != end && !allBut(e, end) {
			continue
		}
		switch e.(type) {
		case *ast.Ident, *ast.Bad:
			return nil, 0 // a name has one already
		}
		for _, bad := range r.File.Errors {
			if bad.Start >= start && bad.Start <= end {
				return nil, 0
			}
		}
		if name, _ := cursor.Innermost[*ast.AttrName](r.path[:i]); name != nil && (!name.Dynamic() || name.Range() == e.Range()) {
			return nil, 0 // a name that must be known
		}
		return e, i
	}
	return nil, 0
}

// allBut reports whether a set or list has nothing after a place but its bracket,
// and maybe a semicolon.
func allBut(e ast.Expr, end ast.Pos) bool {
	switch e := e.(type) {
	case *ast.List:
		return len(e.Elems) > 0 && e.Elems[len(e.Elems)-1].Stop() == end
	case *ast.AttrSet:
		return len(e.Bindings) > 0 && e.Bindings[len(e.Bindings)-1].Stop() == end+1
	}
	return false
}

// valueAt returns the value of the binding whose name is at the cursor.
func (r *Request) valueAt() ast.Expr {
	if a, ok := first(r.binding()).(*ast.Attr); ok {
		switch a.Value.(type) {
		case *ast.AttrSet, *ast.List, *ast.Lambda, *ast.IndString, *ast.Let:
			return a.Value
		}
	}
	return nil
}

// merges reports whether an expression is a set that is defined in several pieces,
// or part of one. Only literals can be.
func (r *Request) merges(e ast.Expr) bool {
	if _, set := e.(*ast.AttrSet); !set {
		return false
	}
	path := cursor.Path(r.File.Root, e.Pos())
	for i := len(path) - 1; i > 0; i-- {
		switch n := path[i].(type) {
		case *ast.Attr:
			for _, b := range cursor.Bindings(path[i-1]) {
				if a, ok := b.(*ast.Attr); ok && a != n && len(a.Path) > 0 && len(n.Path) > 0 && sharedNames(a, n, 1) == 1 {
					return true
				}
			}
		case *ast.AttrSet:
		default:
			return false
		}
	}
	return false
}

func first(b ast.Binding, _ ast.Node) ast.Binding { return b }

// extractToLet binds the selected expression in a new let, around the innermost
// expression around it that is a value or a body.
func extractToLet(r *Request) []Action {
	e, i := r.selected()
	if e == nil {
		return nil
	}
	var around ast.Expr
	for j := i; j >= 0; j-- {
		x, ok := r.path[j].(ast.Expr)
		if !ok {
			continue
		}
		if j == 0 {
			around = x
			break
		}
		stop := false
		switch p := r.path[j-1].(type) {
		case *ast.Attr:
			stop = p.Value == x
		case *ast.Lambda:
			stop = p.Body == x
		case *ast.Let:
			stop = p.Body == x
		case *ast.With:
			stop = p.Body == x
		}
		if stop {
			around = x
			break
		}
	}
	if around == nil || r.bindsBetween(e, around) || r.merges(around) {
		return nil
	}
	name := r.fresh("extracted", e)
	indent := r.indentAt(around.Pos())
	value := r.text(e)
	if let, ok := around.(*ast.Let); ok && e.Pos() >= let.In {
		last := let.Start + 3
		if n := len(let.Bindings); n > 0 {
			last = let.Bindings[n-1].Stop()
		}
		return []Action{{Title: "Extract to the let", Kind: Extract, Edits: []analysis.Edit{
			insert(last, "\n"+indent+"  "+name+" = "+value+";"), r.put(e.Range(), name),
		}}}
	}
	if ast.Node(around) == ast.Node(e) {
		return []Action{{Title: "Extract to a let", Kind: Extract, Edits: []analysis.Edit{
			replace(e, "let "+name+" = "+value+"; in "+name),
		}}}
	}
	return []Action{{Title: "Extract to a let", Kind: Extract, Edits: []analysis.Edit{
		insert(around.Pos(), "let\n"+indent+"  "+name+" = "+value+";\n"+indent+"in\n"+indent), r.put(e.Range(), name),
	}}}
}

// bindsBetween reports whether something between two expressions binds a name
// that the inner one uses: outside, it would not be known.
func (r *Request) bindsBetween(e, around ast.Expr) bool {
	for _, u := range r.Scope.Uses {
		if u.Start < e.Pos() || u.End > e.Stop() {
			continue
		}
		s := u.With
		if u.Def != nil {
			s = u.Def.Scope
		}
		if s == nil || s.Node == nil {
			continue
		}
		inside := s.Start >= around.Pos() && s.End <= around.Stop()
		within := s.Start >= e.Pos() && s.End <= e.Stop()
		if inside && !within {
			return true
		}
	}
	return false
}

// fresh returns a name that nothing in scope has.
func (r *Request) fresh(base string, e ast.Expr) string {
	name := base
	for i := 2; ; i++ {
		taken := slices.ContainsFunc(r.Scope.Uses, func(u *scope.Use) bool { return u.Name == name })
		if def, _ := r.Scope.ScopeAt(e.Pos()).Find(name); def == nil && !taken {
			return name
		}
		name = base + string(rune('0'+i%10))
	}
}

// fileName is what may stand in a path literal.
var fileName = regexp.MustCompile(`^[\w.+-]+$`)

// extractToFile moves an expression into a file of its own, as a function of the
// names that it uses.
func extractToFile(r *Request) []Action {
	e, _ := r.selected()
	name := "extracted"
	if e == nil {
		e = r.valueAt()
		if e == nil {
			return nil
		}
	}
	if a, ok := first(r.bindingAround(e)).(*ast.Attr); ok && a.Value == e && len(a.Path) > 0 && !a.Path[len(a.Path)-1].Dynamic() {
		name = a.Path[len(a.Path)-1].Name
	}
	if r.Name == "" || e == r.File.Root || !fileName.MatchString(name) || r.trivial(e) || r.merges(e) {
		return nil
	}
	relative := false
	ast.Inspect(e, func(n ast.Node) bool {
		if p, ok := n.(*ast.Path); ok && len(p.Parts) > 0 && !strings.HasPrefix(p.Parts[0].Text, "/") && strings.Contains(p.Parts[0].Text, "../") {
			relative = true
		}
		return true
	})
	if relative {
		return nil
	}
	var free []string
	for _, u := range r.Scope.Uses {
		if u.Start < e.Pos() || u.End > e.Stop() || slices.Contains(free, u.Name) {
			continue
		}
		if u.Def != nil && (u.Def.Kind == scope.Global || u.Def.Scope.Start >= e.Pos() && u.Def.Scope.End <= e.Stop()) {
			continue
		}
		if u.Def == nil && u.With != nil && u.With.Start >= e.Pos() && u.With.End <= e.Stop() {
			for s := u.With.Parent; s != nil; s = s.Parent {
				if s.IsWith() && s.Start < e.Pos() {
					return nil // it may also come from there
				}
			}
			continue
		}
		free = append(free, u.Name)
	}
	if slices.ContainsFunc(free, func(name string) bool { return name == "or" || !quote.IsIdentifier(name) }) {
		return nil // no argument can have such a name
	}
	slices.Sort(free)
	file := name + ".nix"
	text := r.moved(e, r.indentAt(e.Pos()), "")
	call := "import ./" + file
	if len(free) > 0 {
		text = "{ " + strings.Join(free, ", ") + " }:\n" + text
		call += " { inherit " + strings.Join(free, " ") + "; }"
	}
	if b, _ := r.bindingAround(e); b == nil {
		call = "(" + call + ")"
	}
	return []Action{{
		Title: "Extract to " + file, Kind: Extract, Edits: []analysis.Edit{r.put(e.Range(), call)},
		Create: &NewFile{Path: filepath.Join(filepath.Dir(r.Name), file), Text: text + "\n"},
	}}
}

// trivial reports whether an expression is too little for a file of its own.
func (r *Request) trivial(e ast.Expr) bool {
	switch e.(type) {
	case *ast.Int, *ast.Float, *ast.URI, *ast.Path, *ast.SearchPath:
		return true
	case *ast.String, *ast.IndString:
		return r.oneLine(e)
	}
	return false
}

// bindingAround returns the binding whose value is e.
func (r *Request) bindingAround(e ast.Expr) (ast.Binding, ast.Node) {
	for i := len(r.path) - 1; i > 0; i-- {
		if a, ok := r.path[i].(*ast.Attr); ok && a.Value == e {
			return a, r.path[i-1]
		}
	}
	return nil, nil
}
