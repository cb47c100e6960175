package action

import (
	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
)

// negated are the comparisons with their opposites.
var negated = map[ast.Op]ast.Op{
	ast.OpEq: ast.OpNotEq, ast.OpNotEq: ast.OpEq,
	ast.OpLess: ast.OpGreaterEq, ast.OpGreaterEq: ast.OpLess,
	ast.OpGreater: ast.OpLessEq, ast.OpLessEq: ast.OpGreater,
}

// invertIf negates the condition of an if, and exchanges its branches.
func invertIf(r *Request) []Action {
	n, i := cursor.Innermost[*ast.If](r.path)
	if i < 0 || r.Span.Start > n.ThenPos+4 {
		return nil
	}
	cond := ""
	switch c := n.Cond.(type) {
	case *ast.Unary:
		if c.Op == ast.OpNot {
			cond = r.text(cursor.Unparen(c.X))
		}
	case *ast.Binary:
		if op, ok := negated[c.Op]; ok {
			cond = r.text(c.X) + " " + op.String() + " " + r.text(c.Y)
		}
	}
	if cond == "" {
		cond = "!" + r.wrapped(n.Cond)
		if _, ok := n.Cond.(*ast.Apply); ok {
			cond = "!(" + r.text(n.Cond) + ")"
		}
	}
	then, els := r.text(n.Then), r.text(n.Else)
	if _, chain := n.Else.(*ast.If); chain {
		els = "(" + els + ")"
	}
	return []Action{{Title: "Invert the if", Kind: Rewrite, Edits: []analysis.Edit{
		replace(n.Cond, cond), replace(n.Then, els), replace(n.Else, then),
	}}}
}
