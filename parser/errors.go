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
)

// errorAt reports an error. Of several at one place the first tells most: the
// others are only its consequences.
func (p *parser) errorAt(start, end int, code, msg string) *ast.Error {
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

// unexpected reports that the current token cannot stand where it stands. Like
// bison, Nix names what it expected when that are at most four kinds of token.
func (p *parser) unexpected(expected ...string) {
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

// expect consumes a token of a kind, or reports that it is missing. When it can
// be found before the end of the construct, what stands before it is skipped.
func (p *parser) expect(kind ast.TokenKind, names ...string) bool {
	if p.kind == kind {
		p.next()
		return true
	}
	p.unexpected(names...)
	p.sync(kind)
	if p.kind == kind {
		p.next()
		return true
	}
	return false
}

// close consumes a closing bracket, or reports that it is missing.
func (p *parser) close(kind ast.TokenKind, name string) { p.expect(kind, name) }

// closes tells the tokens at which recovery stops, since they end something that
// is open around.
var closes = [256]bool{
	ast.EOF: true, ast.SEMI: true, ast.RBRACE: true, ast.RBRACKET: true, ast.RPAREN: true,
	ast.IN: true, ast.THEN: true, ast.ELSE: true,
}

// sync skips to a token of the kind, or to one that ends something around.
func (p *parser) sync(kind ast.TokenKind) {
	for p.kind != kind && !closes[p.kind] {
		p.skip()
	}
}

// skip passes over one token, or over brackets and strings with all they
// contain.
func (p *parser) skip() {
	switch p.kind {
	case ast.LBRACE, ast.LPAREN, ast.LBRACKET, ast.DOLLAR_CURLY:
		if p.depth++; p.depth > maxDepth {
			p.depth--
			p.tooDeep()
			return
		}
		open := p.kind
		p.next()
		for p.kind != ast.EOF && p.kind != ast.RBRACE && p.kind != ast.RPAREN && p.kind != ast.RBRACKET {
			p.skip()
		}
		if p.kind == closing(open) {
			p.next()
		}
		p.depth--
	case ast.STR_OPEN, ast.PATH:
		p.simple()
	case ast.EOF:
	default:
		p.next()
	}
}

func closing(open ast.TokenKind) ast.TokenKind {
	switch open {
	case ast.LPAREN:
		return ast.RPAREN
	case ast.LBRACKET:
		return ast.RBRACKET
	}
	return ast.RBRACE
}

// startsBinding reports whether the current token, first on its line, is like the
// start of a binding: then only the end of the one before is missing.
func (p *parser) startsBinding() bool {
	switch p.kind {
	case ast.IDENT, ast.INHERIT, ast.STR_OPEN, ast.DOLLAR_CURLY:
		return strings.ContainsAny(p.src[p.prevEnd:p.start], "\n\r")
	}
	return false
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
