// Package action holds the refactorings and quick fixes that the language server
// offers at a place in a file.
//
// Each is a pure function from a [Request] to the actions that make sense there;
// it stands in a file of its own. Edits keep comments and layout wherever they
// can, and never change what the file evaluates to, unless the title says so.
package action

import (
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser/ast"
)

// The kinds of action, as the protocol names them.
const (
	QuickFix = "quickfix"
	Rewrite  = "refactor.rewrite"
	Extract  = "refactor.extract"
	Inline   = "refactor.inline"
	FixAll   = "source.fixAll"
)

// Request is a place in a file.
type Request struct {
	File  *ast.File
	Scope *scope.Info
	// Span is the selection; empty for a mere cursor.
	Span ast.Span
	// Name is the path of the file, or "".
	Name string
	// Problems are the diagnostics of the whole file.
	Problems []analysis.Diagnostic
	// All asks for the fix of everything, too.
	All bool
	// Stop is asked now and then by what takes long, unless it is nil; see
	// [analysis.Options].
	Stop func() bool

	path        []ast.Node // around the selection, the root first
	openComment ast.Pos    // see [analysis.OpenComment]
}

// Action is one change that is offered.
type Action struct {
	Title string
	Kind  string
	Edits []analysis.Edit
	// Later returns the edits instead if it takes long to know them.
	Later func() []analysis.Edit
	// Create is a file to make, next to the edits.
	Create *NewFile
	// Problem is what a quick fix mends.
	Problem *analysis.Diagnostic
	// Preferred marks the one fix that most people want.
	Preferred bool
}

// Changes returns the edits.
func (a *Action) Changes() []analysis.Edit {
	if a.Later != nil {
		return a.Later()
	}
	return a.Edits
}

// NewFile is a file that an action creates.
type NewFile struct{ Path, Text string }

var providers = []func(*Request) []Action{
	fixes, syntaxFixes, fixAll, missingArguments,
	toInherit, fromInherit, flatten, pack, packAll, quoteName,
	rewriteString, jsonToNix, sortNames, invertIf,
	withToLet, withToQualified, recToLet, recToFinalAttrs, patternFromArgument,
	inline, extractToLet, extractToFile,
}

// At returns the actions for a place.
func At(r Request) []Action {
	r.path, r.openComment = cursor.Cover(r.File.Root, r.Span), analysis.OpenComment(r.File)
	var out []Action
	for _, p := range providers {
		out = append(out, p(&r)...)
	}
	return out
}

// text returns the source of a node.
func (r *Request) text(n ast.Node) string {
	s := n.Range()
	return r.File.Src[s.Start:s.End]
}

// binding returns the innermost binding around the place and the set or let it is
// in, if the place is at its name or it is selected as a whole.
func (r *Request) binding() (ast.Binding, ast.Node) {
	for i := len(r.path) - 1; i > 0; i-- {
		switch b := r.path[i].(type) {
		case *ast.Attr:
			if len(b.Path) == 0 || r.Span.End > b.Path[len(b.Path)-1].End && r.Span != b.Span && r.Span.Start >= b.Eq {
				return nil, nil
			}
			return b, r.path[i-1]
		case *ast.Inherit:
			return b, r.path[i-1]
		}
	}
	return nil, nil
}

// indentAt returns the white space that the line of an offset starts with.
func (r *Request) indentAt(off ast.Pos) string {
	line := r.File.Line(r.File.Position(off).Line)
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// reindent moves the lines of a text, but the first, from one indentation to
// another. It is not for texts with strings of several lines, which would change.
func reindent(text, from, to string) string {
	lines := strings.Split(text, "\n")
	for i := 1; i < len(lines); i++ {
		if rest, ok := strings.CutPrefix(lines[i], from); ok && strings.TrimSpace(rest) != "" {
			lines[i] = to + rest
		}
	}
	return strings.Join(lines, "\n")
}

// oneLine reports whether a node stands on one line.
func (r *Request) oneLine(n ast.Node) bool { return !strings.Contains(r.text(n), "\n") }

// hasComments reports whether there is a comment in a span of the source, outside
// of the nodes given, which must be in order.
func (r *Request) hasComments(s ast.Span, nodes ...ast.Node) bool {
	at := s.Start
	for _, n := range nodes {
		if n.Pos() > at && commentIn(r.File.Src[at:n.Pos()]) {
			return true
		}
		at = max(at, n.Stop())
	}
	return at < s.End && commentIn(r.File.Src[at:s.End])
}

func commentIn(between string) bool {
	return strings.Contains(between, "#") || strings.Contains(between, "/*")
}

// atom reports whether an expression can stand where one word is expected.
func atom(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident, *ast.String, *ast.IndString, *ast.List, *ast.Paren, *ast.Path, *ast.SearchPath, *ast.Int, *ast.Float:
		return true
	case *ast.AttrSet:
		return !e.Legacy
	case *ast.Select:
		return e.Default == nil
	}
	return false
}

// wrapped returns the source of an expression, in parentheses unless it is an
// atom.
func (r *Request) wrapped(e ast.Expr) string {
	if atom(e) {
		return r.text(e)
	}
	return "(" + r.text(e) + ")"
}

// lineStart widens a span to the white space before it on its line, and to the
// line end before that.
func (r *Request) lineStart(s ast.Span) ast.Span {
	src := r.File.Src
	i := s.Start
	for i > 0 && (src[i-1] == ' ' || src[i-1] == '\t') {
		i--
	}
	if i > 0 && src[i-1] == '\n' {
		i--
		if i > 0 && src[i-1] == '\r' {
			i--
		}
	}
	return ast.Span{Start: i, End: s.End}
}

func insert(at ast.Pos, text string) analysis.Edit {
	return analysis.Edit{Span: ast.Span{Start: at, End: at}, New: text}
}

// put writes a text in place of a span, apart from the words around it.
func (r *Request) put(s ast.Span, text string) analysis.Edit {
	src := r.File.Src
	if s.Start > 0 && analysis.Joins(src[s.Start-1], text[0]) {
		text = " " + text
	}
	if int(s.End) < len(src) && analysis.Joins(text[len(text)-1], src[s.End]) {
		text += " "
	}
	return analysis.Edit{Span: s, New: text}
}

func replace(n ast.Node, text string) analysis.Edit {
	return analysis.Edit{Span: n.Range(), New: text}
}
