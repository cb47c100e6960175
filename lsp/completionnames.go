package lsp

import (
	"context"
	"slices"
	"strings"

	"go.lsp.dev/protocol"

	"gonix.dev/gonix/eval/docs"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// maxWiths bounds how many withs around a place are asked what they have.
const maxWiths = 32

// scopeCandidates are the names in scope, the keywords, and what withs provide.
func (s *Server) scopeCandidates(ctx context.Context, pl place) (list []candidate, more bool) {
	seen := map[string]bool{}
	depth := 0
	var withs []*scope.Scope
	for sc := scopeBefore(pl); sc != nil; sc = sc.Parent {
		if sc.IsWith() {
			if len(withs) < maxWiths {
				withs = append(withs, sc)
			}
			continue
		}
		if pl.owner != nil && sc.Node == pl.owner {
			continue
		}
		for _, def := range sc.Defs {
			if seen[def.Name] || def.Name == "" || !quote.IsIdentifier(def.Name) {
				continue
			}
			if def.Kind == scope.Global && strings.HasPrefix(def.Name, "__") && !strings.HasPrefix(pl.prefix, "__") {
				continue
			}
			if len(def.Names) == 1 && def.Names[0] == pl.word {
				continue // the word being typed
			}
			seen[def.Name] = true
			c := candidate{label: def.Name, kind: kindOf(def), rank: depth, data: &completionData{URI: string(pl.doc.URI), Offset: def.Span().Start}}
			switch {
			case def.Kind == scope.Global:
				c.rank = 50
				c.data = &completionData{Builtin: strings.TrimPrefix(def.Name, "__")}
				if doc, ok := docs.Lookup(c.data.Builtin); ok {
					c.detail = doc.Signature()
				}
			case def.Value != nil:
				c.detail = symbolDetail(pl.doc.File(), def.Value)
			}
			list = append(list, c)
		}
		depth++
	}
	if slices.ContainsFunc(list, func(c candidate) bool {
		_, ok := match(pl.prefix, c.label)
		return ok && c.rank < 50
	}) {
		ctx = s.beside(ctx)
	}
	for _, w := range withs {
		with := w.Node.(*ast.With)
		at := pl
		at.x, at.names = with.Scope, nil
		attrs, incomplete := s.attributeCandidates(ctx, at)
		more = more || incomplete
		for _, c := range attrs {
			if !seen[c.label] {
				seen[c.label] = true
				c.rank = 20
				list = append(list, c)
			}
		}
	}
	return append(list, keywordsAt(pl)...), more
}

// keywordsAt are the keywords that may stand at a place: those that go on with an
// expression only inside of one that lacks them.
func keywordsAt(pl place) []candidate {
	var in, then bool
	for _, n := range pl.path {
		switch n.(type) {
		case *ast.Let:
			in = true
		case *ast.If:
			then = true
		}
	}
	var out []candidate
	for _, k := range keywords {
		switch k.label {
		case "inherit":
			continue // where a binding may begin: see bindingNames
		case "in":
			if !in {
				continue
			}
		case "then", "else":
			if !then {
				continue
			}
		case "or":
			if sel, _ := cursor.Innermost[*ast.Select](pl.path); sel == nil && !afterSelection(pl) {
				continue
			}
		}
		out = append(out, k)
	}
	return out
}

// afterSelection reports whether the word before the cursor's ends a selection.
func afterSelection(pl place) bool {
	before := strings.TrimRight(pl.doc.Text[:pl.word.Start], " \t\r\n")
	i := len(before)
	for i > 0 && wordByte(before[i-1]) {
		i--
	}
	return i > 0 && i < len(before) && before[i-1] == '.'
}

// inheritCandidates completes the names of an inherit without a source: those
// that are known around the set or let that inherits.
func (s *Server) inheritCandidates(ctx context.Context, pl place, in *ast.Inherit, owner ast.Node) ([]candidate, bool) {
	outside := pl
	outside.owner = owner
	list, more := s.scopeCandidates(ctx, outside)
	return slices.DeleteFunc(list, func(c candidate) bool {
		return inherits(in, c.label, pl.word) || c.kind == protocol.CompletionItemKindKeyword || c.rank == 50 && pl.prefix == ""
	}), more
}

// inherits reports whether an inherit has a name already, in another word than the
// one that is being typed.
func inherits(in *ast.Inherit, name string, word ast.Span) bool {
	return slices.ContainsFunc(in.Names, func(n *ast.AttrName) bool { return n.Name == name && n.Span != word })
}

// scopeBefore returns the scope at the cursor. Right after `let x = 1; in` the
// scope is that of the let, though nothing of its body is there yet.
func scopeBefore(pl place) *scope.Scope {
	end := ast.Pos(len(strings.TrimRight(pl.doc.Text[:pl.word.Start], " \t\r\n")))
	info := nearby.Of(pl.doc).Around(ast.Span{Start: end, End: pl.off})
	here := info.ScopeAt(pl.off)
	before := info.ScopeAt(end)
	var body ast.Expr
	switch n := before.Node.(type) {
	case *ast.Let:
		body = n.Body
	case *ast.Lambda:
		body = n.Body
	case *ast.With:
		body = n.Body
	}
	if body != nil && endsUnfinished(body) && here != before && !inside(here, before) {
		return before
	}
	return here
}

// endsUnfinished reports whether something is missing at the end of an
// expression.
func endsUnfinished(n ast.Node) bool {
	for range 100 {
		if _, bad := n.(*ast.Bad); bad {
			return true
		}
		var last ast.Node
		for c := range ast.Children(n) {
			last = c
		}
		if last == nil {
			return false
		}
		n = last
	}
	return false
}

// inside reports whether a scope is inside of another.
func inside(s, outer *scope.Scope) bool {
	for s = s.Parent; s != nil; s = s.Parent {
		if s == outer {
			return true
		}
	}
	return false
}

func kindOf(def *scope.Def) protocol.CompletionItemKind {
	switch def.Kind {
	case scope.Formal, scope.Arg:
		return protocol.CompletionItemKindVariable
	case scope.Global:
		switch def.Name {
		case "true", "false", "null":
			return protocol.CompletionItemKindConstant
		case "builtins":
			return protocol.CompletionItemKindModule
		}
		return protocol.CompletionItemKindFunction
	}
	return kindOfValue(def.Value, protocol.CompletionItemKindVariable)
}

func kindOfValue(e ast.Expr, other protocol.CompletionItemKind) protocol.CompletionItemKind {
	switch cursor.Unparen(e).(type) {
	case *ast.Lambda:
		return protocol.CompletionItemKindFunction
	case *ast.AttrSet:
		return protocol.CompletionItemKindModule
	}
	return other
}

// keywords are always offered; what cannot stand somewhere is soon typed past.
var keywords = func() []candidate {
	var out []candidate
	for _, k := range []struct{ word, snippet string }{
		{"let", "let\n  ${1:name} = ${2:value};\nin\n$0"},
		{"if", "if ${1:condition} then $2 else $0"},
		{"with", "with ${1:set}; $0"},
		{"assert", "assert ${1:condition}; $0"},
		{"rec", "rec {\n  $0\n}"},
		{"inherit", "inherit $0;"},
		{"in", ""}, {"then", ""}, {"else", ""}, {"or", ""},
	} {
		out = append(out, candidate{label: k.word, kind: protocol.CompletionItemKindKeyword, rank: 60, insert: k.snippet, snippet: k.snippet != ""})
	}
	return out
}()
