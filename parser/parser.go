// Package parser turns Nix source text into a syntax tree.
//
// One hand-written parser serves the evaluator, the formatter and the language
// server: it is tolerant (errors become Bad nodes and diagnostics, and reading
// goes on at the next `;`, `}`, `]`, `)`, `in`, `then` or `else`) and, with
// [KeepTokens], lossless.
//
// The text is read once, front to back, with one token of lookahead. Which
// characters make a token depends on where the parser stands (inside a string,
// inside a path), so the lexer is not a stage of its own: [parser.next] reads
// a token of ordinary code, and strings and paths read their own text between
// calls of it. Operators are parsed by precedence climbing. Nodes come from slabs
// and names and plain texts are substrings of the source, so that a file costs a
// few dozen allocations rather than one for each node.
package parser

import "gonix.dev/gonix/parser/ast"

// Mode selects what Parse keeps and allows.
type Mode uint8

const (
	// KeepTokens fills File.Tokens and File.Comments.
	KeepTokens Mode = 1 << iota
	// PipeOperators allows |> and <|, an experimental feature of Nix.
	PipeOperators
	// KeepComments fills File.Comments.
	KeepComments
)

// maxDepth bounds how deeply the tree may nest. The parser, and what walks its
// trees, recurse; Go cannot recover from a stack overflow.
const maxDepth = 100_000

// maxLength is the length that a text may have: offsets are of 32 bits.
const maxLength = 1<<31 - 1

// parser reads one file. The current token is kind, start, end; pos is where
// the next one is looked for.
type parser struct {
	src  string
	pos  int
	kind ast.TokenKind
	// start and end delimit the current token, prevEnd ends the one before.
	start, end, prevEnd int
	// plainUntil is an offset before which no path and no URL can start any
	// more; see longer.
	plainUntil int
	// limit is the offset from which on next asks whether to go on; see ends.
	limit   int
	stop    func() bool
	stopped bool
	depth   int
	// await counts the constructs around that end at a kind of token.
	await [64]int32
	// eofPos is where an unexpected end of the file is reported, if not there.
	eofPos       int
	keep         bool // tokens
	keepComments bool
	pipes        bool
	split        []*ast.AttrName // the path of the next binding, read already by mistake
	cut          cut             // a string to close by force; see repair
	multiline    []cut           // strings of several lines, where they start and end
	unclosed     []cut           // strings without an end
	optionalEnd  bool            // the last of all bindings needs no semicolon
	lastOr       *ast.Apply      // the last application to a variable `or`
	failed       bool            // an error was reported that Nix's grammar would stop at
	noBlockEnd   bool            // no comment ends in the rest of the text
	nul          bool            // the text scanned last has NUL bytes
	file         *ast.File
	// For parsing a later version of the text, see Revision. troubles counts
	// whatever was not read by Nix's grammar alone, dirty are the starts of the
	// bindings that had any.
	earlier  *earlier
	troubles int
	dirty    []ast.Pos

	nodes    nodes
	text     textSlab
	tokens   []ast.Token // when they are kept, as are comments
	comments []ast.Comment
	// Stacks on which the elements of lists are gathered while their number is
	// unknown; recursive uses share them.
	exprs    []ast.Expr
	parts    []ast.Part
	pieces   []indPiece
	names    []*ast.AttrName
	bindings []ast.Binding
	formals  []*ast.Formal
}

// Parse reads a whole source text. It always returns a tree; syntax errors are
// in the file's Errors. Texts of 2 GiB and more are refused with an error.
func Parse(name, src string, mode Mode) *ast.File {
	return new(parser).parse(name, src, mode, false)
}

// ParseUntil is like Parse, and asks every few thousand bytes whether to stop. Once
// it has to, it returns soon, as if nothing but a comment came after that.
func ParseUntil(stop func() bool, name, src string, mode Mode) *ast.File {
	return (&parser{stop: stop}).parse(name, src, mode, false)
}

// ParseBindings reads what may stand between braces, such as what is typed at a
// prompt: `a = 1` or `inherit (b) c; d = 2`. The last semicolon may be missing. The
// file's Root is an *ast.AttrSet without braces, with at least one binding or an
// error.
func ParseBindings(name, src string, mode Mode) *ast.File {
	return new(parser).parse(name, src, mode, true)
}

func (p *parser) parse(name, src string, mode Mode, bindings bool) *ast.File {
	f := &ast.File{Name: name, Src: src}
	if int64(len(src)) > maxLength {
		f.Root = &ast.Bad{}
		f.Errors = []*ast.Error{{Code: CodeTooLarge, Msg: "file is too large"}}
		return f
	}
	p.run(f, mode, bindings)
	if len(f.Errors) > 0 && !p.stopped {
		p.repair(mode, bindings)
	}
	return f
}

// run parses the text of a file.
func (p *parser) run(f *ast.File, mode Mode, bindings bool) {
	p.src, p.file = f.Src, f
	p.keep, p.pipes = mode&KeepTokens != 0, mode&PipeOperators != 0
	p.keepComments = p.keep || mode&KeepComments != 0
	if p.earlier != nil {
		p.text.small = true
	} else {
		p.nodes.expect(len(f.Src))
	}
	if p.keep {
		if n := len(f.Src)/4 + 4; cap(p.tokens) < n {
			p.tokens = make([]ast.Token, 0, n)
		}
	}
	p.next()
	if bindings {
		f.Root = p.bareBindings()
	} else {
		f.Root = p.expr()
	}
	if p.kind != ast.EOF {
		p.unexpected("end of file")
		for p.kind != ast.EOF {
			p.skip()
		}
	}
	if p.keep {
		f.Tokens = p.tokens
	}
	if p.keepComments {
		f.Comments = p.comments
	}
}

func (p *parser) bareBindings() ast.Expr {
	p.optionalEnd = true
	n := &ast.AttrSet{Bindings: p.bindingList(nil, expectSet)}
	if len(n.Bindings) == 0 {
		p.unexpected(expectSet...)
	}
	n.Span = p.since(0)
	return n
}

func span(start, end int) ast.Span {
	return ast.Span{Start: ast.Pos(start), End: ast.Pos(end)}
}

// since makes the span from start to the end of the last consumed token.
func (p *parser) since(start int) ast.Span { return span(start, max(start, p.prevEnd)) }
