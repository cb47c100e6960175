package action

import (
	"fmt"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// inline puts the value of a let binding, or of an attribute of a rec set, where it
// is used: everywhere when the cursor is at the definition, and then the binding of
// a let goes; else in that place.
func inline(r *Request) []Action {
	def, use := r.Scope.At(r.Span.Start)
	if def == nil || def.Kind != scope.Let && def.Kind != scope.Rec || def.Value == nil || len(def.Names) != 1 || def.Scope.Lookup("__overrides") != nil {
		return nil
	}
	value := r.wrapped(def.Value)
	put := func(u *scope.Use) (analysis.Edit, bool) {
		if u.Inherit || !r.sameMeaning(def.Value, u.Scope) {
			return analysis.Edit{}, false
		}
		return r.put(u.Span, value), true
	}
	if use != nil {
		e, ok := put(use)
		if !ok {
			return nil
		}
		return []Action{{Title: fmt.Sprintf("Inline '%s' here", def.Name), Kind: Inline, Edits: []analysis.Edit{e}}}
	}
	if len(def.Uses) == 0 {
		return nil
	}
	var edits []analysis.Edit
	for _, u := range def.Uses {
		if u.Start >= def.Value.Pos() && u.End <= def.Value.Stop() {
			return nil // it uses itself
		}
		e, ok := put(u)
		if !ok {
			return nil
		}
		edits = append(edits, e)
	}
	let, isLet := def.Scope.Node.(*ast.Let)
	switch {
	case def.Kind == scope.Rec:
	case isLet && len(let.Bindings) == 1:
		edits = append(edits, analysis.Edit{Span: ast.Span{Start: let.Start, End: let.Body.Pos()}})
	default:
		edits = append(edits, analysis.Edit{Span: r.lineStart(def.Node.Range())})
	}
	return []Action{{Title: fmt.Sprintf("Inline '%s' everywhere", def.Name), Kind: Inline, Edits: edits}}
}
