package parser

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"gonix.dev/gonix/parser/ast"
)

// expr reads an expression: a function, a let, with, assert, if, or operators.
// When none starts here it reports that and returns a Bad that is empty and stands
// right after the token before.
func (p *parser) expr() ast.Expr {
	start := p.start
	if p.depth++; p.depth > maxDepth {
		p.depth--
		return p.tooDeep()
	}
	var x ast.Expr
	switch p.kind {
	case ast.IDENT:
		id := p.ident()
		switch p.kind {
		case ast.COLON:
			x = p.lambdaBody(start, id, nil)
		case ast.AT:
			x = p.argFirst(start, id)
		default:
			x = p.operators(p.application(p.selection(id, start), start), start, 0)
			x = p.pipe(x, start)
		}
	case ast.LBRACE:
		set, formals := p.braces()
		if formals != nil {
			x = p.formalsFirst(start, formals)
		} else {
			x = p.operators(p.application(p.selection(set, start), start), start, 0)
			x = p.pipe(x, start)
		}
	case ast.LET:
		x = p.let()
	case ast.IF:
		x = p.ifElse()
	case ast.WITH:
		x = p.with()
	case ast.ASSERT:
		x = p.assert()
	default:
		x = p.operators(p.operand(), start, 0)
		x = p.pipe(x, start)
	}
	p.depth--
	return x
}

func (p *parser) ident() *ast.Ident {
	id := p.nodes.ident.new()
	id.Span = span(p.start, p.end)
	id.Name = p.own(p.src[p.start:p.end])
	p.next()
	return id
}

// binaryOp says how a token binds as an operator between two operands. Higher
// levels bind tighter; level 0 is no operator.
type binaryOp struct {
	op    ast.Op
	level uint8
	assoc uint8
}

const (
	left = iota
	right
	none // a second operator of the level is an error
)

// The levels of prefix operators and of `?` among those of binaryOps.
const (
	levelNot = 7
	levelHas = 11
	levelNeg = 12
)

var binaryOps = [...]binaryOp{
	ast.IMPL:       {ast.OpImpl, 1, right},
	ast.OR:         {ast.OpOr, 2, left},
	ast.AND:        {ast.OpAnd, 3, left},
	ast.EQ:         {ast.OpEq, 4, none},
	ast.NOT_EQ:     {ast.OpNotEq, 4, none},
	ast.LESS:       {ast.OpLess, 5, none},
	ast.LESS_EQ:    {ast.OpLessEq, 5, none},
	ast.GREATER:    {ast.OpGreater, 5, none},
	ast.GREATER_EQ: {ast.OpGreaterEq, 5, none},
	ast.UPDATE:     {ast.OpUpdate, 6, right},
	ast.PLUS:       {ast.OpAdd, 8, left},
	ast.MINUS:      {ast.OpSub, 8, left},
	ast.STAR:       {ast.OpMul, 9, left},
	ast.SLASH:      {ast.OpDiv, 9, left},
	ast.CONCAT:     {ast.OpConcat, 10, right},
	ast.QUESTION:   {ast.OpInvalid, levelHas, left},
	ast.PIPE_LEFT:  {},
}

// operators reads the operators of at least level after x, which starts at
// start, and their right operands.
func (p *parser) operators(x ast.Expr, start int, level uint8) ast.Expr {
	depth := p.depth
	start = p.from(x, start)
	for {
		op := binaryOps[p.kind]
		if op.level == 0 || op.level < level {
			p.depth = depth
			return x
		}
		if p.depth++; p.depth > maxDepth {
			p.depth = depth
			return p.tooDeep()
		}
		opPos := ast.Pos(p.start)
		p.next()
		if op.level == levelHas {
			path := p.attrPath()
			x = &ast.HasAttr{Span: p.since(start), X: x, Op: opPos, Path: path}
			continue
		}
		next := op.level + 1
		if op.assoc == right {
			next = op.level
		}
		yStart := p.start
		y := p.operators(p.operand(), yStart, next)
		b := p.nodes.binary.new()
		*b = ast.Binary{Span: p.since(start), Op: op.op, OpPos: opPos, X: x, Y: y}
		x = b
		if op.assoc == none && binaryOps[p.kind].level == op.level {
			p.unexpected()
		}
	}
}

// pipe reads pipe operators, which bind loosest: |> to the left, <| to the
// right, and not mixed.
func (p *parser) pipe(x ast.Expr, start int) ast.Expr {
	start = p.from(x, start)
	switch p.kind {
	case ast.PIPE_RIGHT:
		depth := p.depth
		for p.kind == ast.PIPE_RIGHT {
			if p.depth++; p.depth > maxDepth {
				p.depth = depth
				return p.tooDeep()
			}
			opPos := p.pipeOp()
			yStart := p.start
			y := p.operators(p.operand(), yStart, 0)
			x = &ast.Binary{Span: p.since(start), Op: ast.OpPipeRight, OpPos: opPos, X: x, Y: y}
		}
		p.depth = depth
	case ast.PIPE_LEFT:
		if p.depth++; p.depth > maxDepth {
			p.depth--
			return p.tooDeep()
		}
		opPos := p.pipeOp()
		yStart := p.start
		y := p.operators(p.operand(), yStart, 0)
		if p.kind == ast.PIPE_LEFT {
			y = p.pipe(y, yStart)
		}
		x = &ast.Binary{Span: p.since(start), Op: ast.OpPipeLeft, OpPos: opPos, X: x, Y: y}
		p.depth--
	}
	return x
}

func (p *parser) pipeOp() ast.Pos {
	if !p.pipes {
		p.errorAt(p.start, p.end, CodeExperimental, "experimental Nix feature 'pipe-operators' is disabled; "+
			"add '--extra-experimental-features pipe-operators' to enable it")
	}
	pos := ast.Pos(p.start)
	p.next()
	return pos
}

// operand reads a prefix operator with its operand, or an application.
func (p *parser) operand() ast.Expr {
	start := p.start
	var op ast.Op
	var level uint8
	switch p.kind {
	case ast.NOT:
		op, level = ast.OpNot, levelNot+1
	case ast.MINUS:
		op, level = ast.OpNeg, levelNeg
	default:
		return p.application(p.selected(), start)
	}
	if p.depth++; p.depth > maxDepth {
		p.depth--
		return p.tooDeep()
	}
	p.next()
	xStart := p.start
	x := p.operators(p.operand(), xStart, level)
	p.depth--
	return &ast.Unary{Span: p.since(start), Op: op, X: x}
}

// startsSimple tells the tokens that start an operand of an application.
var startsSimple = [256]bool{
	ast.IDENT: true, ast.INT: true, ast.FLOAT: true, ast.URL: true, ast.PATH: true, ast.SPATH: true,
	ast.STR_OPEN: true, ast.REC: true, ast.LET: true, ast.LBRACE: true, ast.LBRACKET: true, ast.LPAREN: true,
}

// application reads the arguments that fn is applied to.
func (p *parser) application(fn ast.Expr, start int) ast.Expr {
	depth := p.depth
	start = p.from(fn, start)
	for startsSimple[p.kind] {
		if p.depth++; p.depth > maxDepth {
			p.depth = depth
			return p.tooDeep()
		}
		arg := p.selected()
		p.warnCursedOr(arg)
		a := p.nodes.apply.new()
		a.Span, a.Fn, a.Arg = p.since(start), fn, arg
		fn = a
	}
	p.depth = depth
	return fn
}

// beforeBrace reports whether a brace is the next token.
func (p *parser) beforeBrace() bool {
	for i := p.pos; i < len(p.src); {
		switch c := p.src[i]; {
		case props[c]&isSpace != 0:
			i++
		case c == '#':
			for i < len(p.src) && p.src[i] != '\n' && p.src[i] != '\r' {
				i++
			}
		case c == '/' && p.at(i+1) == '*':
			n := strings.Index(p.src[i+2:], "*/")
			if n < 0 {
				return false
			}
			i += n + 4
		default:
			return c == '{'
		}
	}
	return false
}

// selected reads a simple expression with its attribute path.
func (p *parser) selected() ast.Expr {
	start := p.start
	return p.selection(p.simple(), start)
}

// selection reads the attribute path after x, and its default; or the `or` that
// x is applied to.
func (p *parser) selection(x ast.Expr, start int) ast.Expr {
	switch p.kind {
	case ast.DOT:
		start = p.from(x, start)
		p.next()
		path := p.attrPath()
		s := p.nodes.sel.new()
		s.X, s.Path = x, path
		if p.kind == ast.OR_KW {
			if p.depth++; p.depth > maxDepth {
				p.depth--
				return p.tooDeep()
			}
			s.Or = ast.Pos(p.start)
			p.next()
			s.Default = p.selected()
			p.warnCursedOr(s.Default)
			p.depth--
		}
		s.Span = p.since(start)
		return s
	case ast.OR_KW:
		start = p.from(x, start)
		// There once was a function of this name: `map or [ ]`.
		arg := p.ident()
		a := p.nodes.apply.new()
		a.Span, a.Fn, a.Arg = p.since(start), x, arg
		p.lastOr = a
		return a
	}
	return x
}

// simple reads an expression that needs no parentheses anywhere.
func (p *parser) simple() ast.Expr {
	start := p.start
	switch p.kind {
	case ast.IDENT:
		return p.ident()
	case ast.STR_OPEN:
		if p.src[start] == '"' {
			return p.str()
		}
		return p.indString()
	case ast.LPAREN:
		p.next()
		n := p.nodes.paren.new()
		n.X = p.until(ast.RPAREN)
		p.expect(ast.RPAREN, "')'")
		n.Span = p.since(start)
		return n
	case ast.LBRACKET:
		return p.list()
	case ast.LBRACE:
		n := p.nodes.set.new()
		p.set0(n, start)
		return n
	case ast.REC, ast.LET:
		return p.recursive()
	case ast.INT:
		return p.int()
	case ast.FLOAT:
		return p.float()
	case ast.PATH:
		return p.path()
	case ast.SPATH:
		n := &ast.SearchPath{Span: span(start, p.end), Name: p.own(p.src[start+1 : p.end-1])}
		p.next()
		return n
	case ast.URL:
		n := &ast.URI{Span: span(start, p.end), Value: p.own(p.src[start:p.end])}
		p.next()
		return n
	}
	p.unexpected()
	switch p.kind {
	case ast.IF, ast.WITH, ast.ASSERT:
		return p.expr() // as if it had parentheses
	}
	return p.missing()
}

func (p *parser) list() ast.Expr {
	start := p.start
	if p.depth++; p.depth > maxDepth {
		p.depth--
		return p.tooDeep()
	}
	p.next()
	mark := len(p.exprs)
	p.await[ast.RBRACKET]++
	for {
		for startsSimple[p.kind] {
			x := p.selected()
			p.warnCursedOr(x)
			p.exprs = append(p.exprs, x)
		}
		if p.kind == ast.RBRACKET {
			break
		}
		p.unexpected()
		switch p.kind {
		case ast.IF, ast.WITH, ast.ASSERT:
			p.exprs = append(p.exprs, p.expr())
			continue
		}
		if p.closes() && !(p.kind == ast.SEMI && p.strayInList()) {
			break
		}
		p.skip()
	}
	p.await[ast.RBRACKET]--
	if p.kind == ast.RBRACKET {
		p.next()
	}
	n := p.nodes.list.new()
	n.Elems = p.nodes.exprs.copy(p.exprs[mark:])
	n.Span = p.since(start)
	p.exprs = p.exprs[:mark]
	p.depth--
	return n
}

func (p *parser) int() ast.Expr {
	n := p.nodes.int.new()
	n.Span = span(p.start, p.end)
	text := p.src[p.start:p.end]
	if len(text) <= 18 {
		for i := 0; i < len(text); i++ {
			n.Value = n.Value*10 + int64(text[i]-'0')
		}
	} else {
		var err error
		if n.Value, err = strconv.ParseInt(text, 10, 64); err != nil {
			p.errorAt(p.start, p.end, CodeNumber, "invalid integer '"+text+"'")
		}
	}
	p.next()
	return n
}

func (p *parser) float() ast.Expr {
	n := &ast.Float{Span: span(p.start, p.end)}
	text := p.src[p.start:p.end]
	v, err := strconv.ParseFloat(text, 64)
	// C's strtod, which Nix uses, also takes denormals for out of range.
	const smallest = 0x1p-1022
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	if errors.Is(err, strconv.ErrRange) || math.Abs(v) < smallest && strings.Trim(mantissa, "0.") != "" {
		p.errorAt(p.start, p.end, CodeNumber, "invalid float '"+text+"'")
	}
	n.Value = v
	p.next()
	return n
}

func (p *parser) ifElse() ast.Expr {
	n := p.nodes.ifElse.new()
	start := p.start
	p.next()
	p.await[ast.ELSE]++
	n.Cond = p.until(ast.THEN)
	n.ThenPos, n.Then = p.behind(ast.THEN, "'then'")
	p.await[ast.ELSE]--
	n.ElsePos, n.Else = p.behind(ast.ELSE, "'else'")
	n.Span = p.since(start)
	return n
}

func (p *parser) with() ast.Expr {
	n := p.nodes.with.new()
	start := p.start
	p.next()
	n.Scope = p.until(ast.SEMI)
	n.Semi, n.Body = p.behind(ast.SEMI, "';'")
	n.Span = p.since(start)
	return n
}

func (p *parser) assert() ast.Expr {
	n := p.nodes.assert.new()
	start := p.start
	p.next()
	n.Cond = p.until(ast.SEMI)
	n.Semi, n.Body = p.behind(ast.SEMI, "';'")
	n.Span = p.since(start)
	return n
}

// until reads an expression that a token of a kind is to follow.
func (p *parser) until(kind ast.TokenKind) ast.Expr {
	p.await[kind]++
	x := p.expr()
	p.await[kind]--
	return x
}

// behind reads a token and the expression that it introduces.
func (p *parser) behind(kind ast.TokenKind, names ...string) (at ast.Pos, x ast.Expr) {
	at = ast.Pos(p.start)
	if !p.expect(kind, names...) {
		return at, p.missing()
	}
	return at, p.expr()
}

// from returns where an expression starts of which x is the first part: at start,
// unless x is missing and therefore stands before.
func (p *parser) from(x ast.Expr, start int) int {
	if len(p.file.Errors) == 0 {
		return start
	}
	return min(start, int(x.Pos()))
}

// missing is an expression that is not there, after an error was reported.
func (p *parser) missing() ast.Expr { return &ast.Bad{Span: span(p.prevEnd, p.prevEnd)} }
