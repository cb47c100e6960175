package parser

import (
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// The codes of the errors that Parse reports.
const (
	CodeSyntax          = "syntax"
	CodeDuplicateFormal = "duplicate-formal"
	CodeDynamic         = "invalid-dynamic"
	CodeTrailingSlash   = "path-trailing-slash"
	CodeNumber          = "invalid-number"
	CodeNUL             = "nul-byte"
	CodeExperimental    = "experimental-feature"
	CodeTooDeep         = "too-deep"
	CodeTooLarge        = "too-large"
	// CodeCursedOr is the code of the only warning.
	CodeCursedOr = "cursed-or"
)

// errorAt reports an error. Of several at one place the first tells most: the
// others are only its consequences.
func (p *parser) errorAt(start, end int, code, msg string) *ast.Error {
	p.troubles++
	p.failed = p.failed || code == CodeSyntax || code == CodeTrailingSlash
	if n := len(p.file.Errors); n > 0 && code == CodeSyntax {
		if last := p.file.Errors[n-1]; last.Code == CodeSyntax && int(last.Start) >= start {
			return last
		}
	}
	e := &ast.Error{Span: span(start, max(start, end)), Code: code, Msg: msg}
	p.file.Errors = append(p.file.Errors, e)
	return e
}

// warnCursedOr warns if x is an application to a variable `or` where f a or b
// means f (a or) b.
func (p *parser) warnCursedOr(x ast.Expr) {
	if p.lastOr == nil || x != ast.Expr(p.lastOr) {
		return
	}
	p.file.Warnings = append(p.file.Warnings, &ast.Error{
		Span: p.lastOr.Span, Code: CodeCursedOr,
		Msg: "This expression uses `or` as an identifier in a way that will change in a future Nix release.\n" +
			"Wrap this entire expression in parentheses to preserve its current meaning:\n" +
			"    (" + p.src[p.lastOr.Start:p.lastOr.End] + ")\n" +
			"Give feedback at https://github.com/NixOS/nix/pull/11121",
	})
}

// unexpected reports that the current token cannot stand where it stands. Like
// bison, Nix names what it expected when that are at most four kinds of token.
func (p *parser) unexpected(expected ...string) {
	p.troubles++
	if p.kind == ast.EOF && p.failed {
		return // most likely what was skipped has the end that is missing
	}
	msg := "syntax error, unexpected " + p.tokenName()
	if len(expected) > 0 {
		msg += ", expecting " + strings.Join(expected, " or ")
	}
	start := p.start
	if p.kind == ast.EOF && p.eofPos > 0 {
		start = p.eofPos
	}
	e := p.errorAt(start, p.end, CodeSyntax, msg)
	e.Incomplete = p.kind == ast.EOF || p.openComment()
}

// openComment reports whether the current token is the start of a comment
// without an end, which reads as operators.
func (p *parser) openComment() bool {
	start := p.start
	if p.kind == ast.STAR {
		start--
	}
	return start >= 0 && strings.HasPrefix(p.src[start:], "/*")
}

func (p *parser) tooDeep() ast.Expr {
	start := p.start
	p.errorAt(start, p.end, CodeTooDeep, "expression is nested too deeply")
	// What follows would only repeat the error at every level.
	if p.kind != ast.EOF {
		if p.pos < len(p.src) {
			p.token(ast.Illegal, p.pos, len(p.src))
		}
		p.pos = len(p.src)
		p.next()
	}
	return &ast.Bad{Span: span(start, start)}
}

// tokenName is what bison calls the current token.
func (p *parser) tokenName() string {
	switch p.kind {
	case ast.EOF:
		return "end of file"
	case ast.Illegal:
		return "invalid token"
	case ast.IDENT:
		return "identifier"
	case ast.INT:
		return "integer"
	case ast.FLOAT:
		return "floating-point literal"
	case ast.URL:
		return "URI"
	case ast.PATH:
		if p.src[p.start] == '~' {
			return "'~/…' path"
		}
		return "path"
	case ast.SPATH:
		return "'<…>' path"
	case ast.STR_OPEN:
		if p.src[p.start] == '\'' {
			return "start of an indented string"
		}
	}
	return "'" + p.src[p.start:p.end] + "'"
}
