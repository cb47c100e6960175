package eval

import (
	"path/filepath"
	"slices"
	"strings"

	"gonix.dev/gonix/internal/suggest"
	"gonix.dev/gonix/parser/ast"
)

// compiler turns the tree of one file into nodes.
type compiler struct {
	st    *State
	file  *ast.File
	base  Pos    // of the file
	dir   string // that relative paths start from
	scope *scope
	order []declared // memory for sorting names
	err   *Error     // the first
}

// compile turns a parsed file into a node that is evaluated in the environment
// that scope mirrors, nil for the global scope alone.
func (st *State) compile(f *ast.File, dir string, s *scope) (node, *Error) {
	c := &compiler{st: st, file: f, base: st.addFile(f), dir: dir, scope: s}
	if len(f.Errors) > 0 {
		return nil, c.syntaxError(f.Errors[0])
	}
	n := c.expr(f.Root)
	if c.err != nil {
		return nil, c.err
	}
	return n, nil
}

func (c *compiler) syntaxError(e *ast.Error) *Error {
	return &Error{Kind: ErrSyntax, Pos: c.pos(e.Start), Msg: e.Msg, Incomplete: e.Incomplete}
}

func (c *compiler) pos(p ast.Pos) Pos { return c.base + Pos(p) }

func (c *compiler) fail(err *Error) node {
	if c.err == nil {
		c.err = err
	}
	return &constNode{Null, err.Pos}
}

func (c *compiler) sym(name string) Sym { return c.st.Sym(name) }

// in compiles with s as the innermost scope.
func (c *compiler) in(s *scope, f func()) {
	s.up = c.scope
	c.scope = s
	f()
	c.scope = s.up
}

// later compiles an expression that is to be delayed.
func (c *compiler) later(e ast.Expr) node { return delayable(c.expr(e)) }

// asCode gives the code of a node, which can stand in a slot.
func asCode(n node) *code {
	switch n := n.(type) {
	case *code:
		return n
	case *attrsNode:
		return n.self
	case *listNode:
		return n.self
	case *selectNode:
		return n.self
	case *withNode:
		return n.self
	}
	return newCode(n)
}

// delayable wraps the nodes that cannot delay themselves.
func delayable(n node) node {
	switch n := n.(type) {
	case *constNode, *globalNode, *varNode, *varNode1, *varNode2, *varNodeN, *withNode,
		*selectNode, *lambdaNode, *attrsNode, *listNode, *posNode, *code:
		return n
	}
	return newCode(n)
}

func (c *compiler) expr(e ast.Expr) node {
	pos := c.pos(e.Pos())
	switch e := e.(type) {
	case *ast.Paren:
		return c.expr(e.X)
	case *ast.Ident:
		if e.Name == "__curPos" {
			return &posNode{pos}
		}
		return c.variable(e.Name, pos)
	case *ast.Int:
		return &constNode{Int(e.Value), pos}
	case *ast.Float:
		return &constNode{Float(e.Value), pos}
	case *ast.String:
		return c.str(e.Parts, pos)
	case *ast.IndString:
		return c.str(e.Parts, pos)
	case *ast.URI:
		lint := c.st.opts.Lint.URLs
		are := "discouraged"
		if lint == LintError {
			are = "disallowed"
		}
		c.lint(lint, pos, "URL literals are "+are+". Consider using a string literal \""+e.Value+"\" instead (lint-url-literals)")
		return &constNode{String(e.Value), pos}
	case *ast.Path:
		return c.path(e, pos)
	case *ast.SearchPath:
		return &callNode{
			fn:   c.variable("__findFile", pos),
			args: []node{c.variable("__nixPath", pos), &constNode{String(e.Name), pos}},
			pos:  pos,
		}
	case *ast.List:
		return c.list(e, pos)
	case *ast.AttrSet:
		return c.attrSet(e, pos)
	case *ast.Let:
		return c.let(e, pos)
	case *ast.Lambda:
		return c.lambda(e, pos)
	case *ast.Apply:
		return c.apply(e, pos)
	case *ast.Select:
		x := c.expr(e.X)
		path := c.attrPath(e.Path)
		if e.Default != nil {
			return &selectOrNode{x: x, path: path, def: c.expr(e.Default), pos: pos}
		}
		return newSelect(x, path, pos)
	case *ast.HasAttr:
		return &hasAttrNode{x: c.expr(e.X), path: c.attrPath(e.Path), pos: pos}
	case *ast.If:
		return &ifNode{cond: c.expr(e.Cond), then: c.expr(e.Then), els: c.expr(e.Else), pos: pos}
	case *ast.Assert:
		f, from, to := c.file, e.Cond.Pos(), e.Cond.Stop()
		return &assertNode{cond: c.expr(e.Cond), text: func() string { return showExpr(f, from, to) }, body: c.expr(e.Body), pos: pos}
	case *ast.With:
		n := &withExprNode{scope: c.later(e.Scope), pos: pos}
		c.in(&scope{with: true}, func() { n.body = c.expr(e.Body) })
		return n
	case *ast.Unary:
		if e.Op == ast.OpNot {
			return &notNode{c.expr(e.X), pos}
		}
		return c.arith('-', "__sub", &constNode{Int(0), pos}, c.expr(e.X), pos)
	case *ast.Binary:
		return c.binary(e)
	}
	return c.fail(&Error{Kind: ErrSyntax, Pos: pos, Msg: "syntax error"})
}

func newSelect(x node, path []attrName, pos Pos) node {
	n := &selectNode{x: x, path: path, pos: pos}
	n.self = newCode(n)
	return n
}

func (c *compiler) lint(level LintLevel, pos Pos, msg string) {
	switch level {
	case LintWarn:
		c.st.Warn("%s\n       at %s", msg, c.st.describePos(pos))
	case LintError:
		c.fail(&Error{Kind: ErrSyntax, Pos: pos, Msg: msg})
	}
}

func notPortable(path string) string {
	return "are not portable. Consider replacing path literal '" + path + "' by a string, relative path, or parameter (lint-absolute-path-literals)"
}

func (c *compiler) variable(name string, pos Pos) node { return c.variableOf(c.scope, 0, name, pos) }

// variableOf resolves a name in a scope that is some links above the environment
// of the variable.
func (c *compiler) variableOf(s *scope, above int32, name string, pos Pos) node {
	k := c.sym(name)
	depth, slot, ok, withs := s.lookup(k)
	if ok {
		return newVarNode(depth+above, slot, pos)
	}
	for i := range withs {
		withs[i] += above
	}
	if g := c.st.globals[name]; g != nil {
		if g.Kind() == KindThunk {
			return &globalNode{g, pos}
		}
		return &constNode{*g, pos}
	}
	if withs == nil {
		err := c.st.Errorf(ErrUndefined, pos, "undefined variable '%s'", name)
		err.Suggestions = suggest.Best(append(c.scope.names(c.st), c.st.globalNames()...), name)
		return c.fail(err)
	}
	n := &withNode{sym: k, pos: pos, depths: withs}
	n.self = newCode(n)
	return n
}

func (st *State) globalNames() []string {
	var out []string
	for name := range st.globals {
		if !strings.HasPrefix(name, "__") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (c *compiler) str(parts []ast.Part, pos Pos) node {
	if len(parts) == 0 {
		return &constNode{EmptyString, pos}
	}
	if len(parts) == 1 && parts[0].Expr == nil {
		return &constNode{String(parts[0].Text), pos}
	}
	n := &stringNode{pos: pos}
	n.parts, n.starts = c.parts(parts)
	if len(n.parts) == 0 {
		return &constNode{EmptyString, pos}
	}
	if len(n.parts) == 1 {
		if k, ok := n.parts[0].(*constNode); ok && k.v.Kind() == KindString && parts[0].Expr == nil {
			return k
		}
	}
	return n
}

func (c *compiler) path(e *ast.Path, pos Pos) node {
	text := e.Parts[0].Text
	var abs string
	switch {
	case text[0] == '/':
		c.lint(c.st.opts.Lint.AbsolutePaths, pos, "absolute path literals "+notPortable(text))
		abs = text
	case strings.HasPrefix(text, "~/"):
		if c.st.opts.Pure {
			return c.fail(c.st.Errorf(ErrRestricted, pos, "the path '%s' can not be resolved in pure mode", text))
		}
		c.lint(c.st.opts.Lint.AbsolutePaths, pos, "home path literals "+notPortable(text))
		abs = c.st.opts.Home + text[1:]
	default:
		if text[0] != '.' {
			c.lint(c.st.opts.Lint.ShortPaths, pos, "relative path literal '"+text+"' should be prefixed with '.' for clarity: './"+text+"' (lint-short-path-literals)")
		}
		abs = c.dir + "/" + text
	}
	prefix := filepath.Clean(abs)
	if len(e.Parts) == 1 {
		return &constNode{PathValue(prefix), pos}
	}
	if strings.HasSuffix(text, "/") && prefix != "/" {
		prefix += "/"
	}
	n := &pathNode{prefix: prefix, pos: pos}
	n.parts, n.starts = c.parts(e.Parts[1:])
	return n
}

// parts compiles the pieces of a string or path, and tells where each starts.
func (c *compiler) parts(parts []ast.Part) (nodes []node, starts []Pos) {
	nodes, starts = make([]node, 0, len(parts)), make([]Pos, 0, len(parts))
	for i := range parts {
		p := &parts[i]
		pos := c.pos(p.Start)
		switch {
		case p.Expr != nil:
			nodes = append(nodes, c.expr(p.Expr))
		case p.Text != "":
			nodes = append(nodes, &constNode{String(p.Text), pos})
		default:
			continue
		}
		starts = append(starts, pos)
	}
	return nodes, starts
}

func (c *compiler) list(e *ast.List, pos Pos) node {
	if len(e.Elems) == 0 {
		return &constNode{EmptyList, pos}
	}
	n := &listNode{elems: make([]node, len(e.Elems)), pos: pos}
	constant := true
	for i, x := range e.Elems {
		n.elems[i] = c.later(x)
		if _, ok := n.elems[i].(*constNode); !ok {
			constant = false
		}
	}
	if constant {
		elems := make([]Value, len(n.elems))
		for i, x := range n.elems {
			elems[i] = x.(*constNode).v
		}
		return &constNode{ListOf(elems), pos}
	}
	n.self = newCode(n)
	return n
}

func (c *compiler) apply(e *ast.Apply, pos Pos) node {
	var args []node
	fn := ast.Expr(e)
	for {
		a, ok := fn.(*ast.Apply)
		if !ok {
			break
		}
		args = append(args, c.later(a.Arg))
		fn = a.Fn
	}
	slices.Reverse(args)
	return &callNode{fn: c.expr(fn), args: args, pos: pos}
}

func (c *compiler) attrPath(path []*ast.AttrName) []attrName {
	out := make([]attrName, len(path))
	for i, a := range path {
		out[i] = c.attrName(a)
	}
	return out
}

func (c *compiler) attrName(a *ast.AttrName) attrName {
	n := attrName{pos: c.pos(a.Start)}
	if a.Dynamic() {
		n.expr = c.expr(a.Expr)
		if k, ok := n.expr.(*constNode); !ok || k.v.Kind() != KindString {
			return n
		} else {
			n.expr, n.sym = nil, c.sym(k.v.AsString())
			return n
		}
	}
	n.sym = c.sym(a.Name)
	return n
}

// arith compiles an arithmetic operator, which Nix defines as a call of a
// builtin that a scope may hide.
func (c *compiler) arith(op byte, builtin string, x, y node, pos Pos) node {
	if c.hidden(builtin) {
		return &callNode{fn: c.variable(builtin, pos), args: []node{delayable(x), delayable(y)}, pos: pos}
	}
	return &arithNode{x: x, y: y, op: op, pos: pos}
}

func (c *compiler) hidden(builtin string) bool {
	if c.scope == nil {
		return false
	}
	k, ok := c.st.lookupSym(builtin)
	if !ok {
		return false
	}
	_, _, ok, _ = c.scope.lookup(k)
	return ok
}

func (c *compiler) binary(e *ast.Binary) node {
	pos := c.pos(e.OpPos)
	switch e.Op {
	case ast.OpPipeRight:
		return &callNode{fn: c.expr(e.Y), args: []node{c.later(e.X)}, pos: pos}
	case ast.OpPipeLeft:
		return &callNode{fn: c.expr(e.X), args: []node{c.later(e.Y)}, pos: pos}
	}
	x, y := c.expr(e.X), c.expr(e.Y)
	switch e.Op {
	case ast.OpAdd:
		return &addNode{x, y, pos, c.pos(e.X.Pos()), c.pos(e.Y.Pos())}
	case ast.OpSub:
		return c.arith('-', "__sub", x, y, pos)
	case ast.OpMul:
		return c.arith('*', "__mul", x, y, pos)
	case ast.OpDiv:
		return c.arith('/', "__div", x, y, pos)
	case ast.OpLess:
		return c.less(x, y, false, false, pos)
	case ast.OpGreater:
		return c.less(x, y, true, false, pos)
	case ast.OpLessEq:
		return c.less(x, y, true, true, pos)
	case ast.OpGreaterEq:
		return c.less(x, y, false, true, pos)
	case ast.OpEq:
		return &eqNode{x, y, false, pos}
	case ast.OpNotEq:
		return &eqNode{x, y, true, pos}
	case ast.OpAnd:
		return &logicNode{x: x, y: y, left: "in the left operand of '&&'", right: "in the right operand of '&&'", pos: pos}
	case ast.OpOr:
		return &logicNode{x: x, y: y, stop: true, left: "in the left operand of '||'", right: "in the right operand of '||'", pos: pos}
	case ast.OpImpl:
		return &logicNode{x: x, y: y, negate: true, stop: true, left: "in the left operand of '->'", right: "in the right operand of '->'", pos: pos}
	case ast.OpUpdate:
		return &updateNode{x, y, pos}
	case ast.OpConcat:
		return &concatNode{x, y, pos}
	}
	return c.fail(&Error{Kind: ErrSyntax, Pos: pos, Msg: "syntax error, unexpected operator"})
}

func (c *compiler) less(x, y node, swap, negate bool, pos Pos) node {
	if c.hidden("__lessThan") {
		a, b := delayable(x), delayable(y)
		if swap {
			a, b = b, a
		}
		var n node = &callNode{fn: c.variable("__lessThan", pos), args: []node{a, b}, pos: pos}
		if negate {
			n = &notNode{n, pos}
		}
		return n
	}
	return &lessNode{x, y, swap, negate, pos}
}

// maxArity bounds how many curried arguments one environment holds.
const maxCurried = 8

func (c *compiler) lambda(e *ast.Lambda, pos Pos) node {
	if e.Formals == nil {
		return c.curried(e)
	}
	n := &lambdaNode{alias: e.Arg != nil, pattern: true, ellipsis: e.Formals.Ellipsis, arity: 1}
	s := &scope{}
	p := param{pos: pos}
	if e.Arg != nil {
		p.sym = c.sym(e.Arg.Name)
		s.args = []Sym{p.sym}
		n.slots, n.first = 1, 1
	}
	n.params = []param{p}
	list := e.Formals.List
	order := make([]declared, len(list))
	for i, f := range list {
		order[i] = declared{c.sym(f.Name.Name), int32(i)}
	}
	slices.SortFunc(order, func(x, y declared) int { return int(x.sym) - int(y.sym) })
	s.first = n.first
	s.syms = make([]Sym, len(list))
	n.formals = make([]formal, len(list))
	for i, d := range order {
		s.syms[i] = d.sym
		n.formals[i] = formal{sym: d.sym, pos: c.pos(list[d.index].Start)}
	}
	n.slots += int32(len(list))
	c.in(s, func() {
		for i, d := range order {
			if f := list[d.index]; f.Default != nil {
				n.formals[i].def = asCode(c.expr(f.Default))
			}
		}
		n.body = c.expr(e.Body)
	})
	n.transient = transientCall(n)
	return n
}

// curried compiles x: y: ... as one function of several arguments, so that a call
// with all of them makes one environment.
func (c *compiler) curried(e *ast.Lambda) node {
	n := &lambdaNode{}
	s := &scope{}
	for {
		k := c.sym(e.Arg.Name)
		n.params = append(n.params, param{sym: k, pos: c.pos(e.Start)})
		s.args = append(s.args, k)
		inner, ok := e.Body.(*ast.Lambda)
		if !ok || inner.Formals != nil || len(n.params) == maxCurried {
			break
		}
		e = inner
	}
	n.arity = int32(len(n.params))
	n.slots = n.arity
	c.in(s, func() { n.body = c.expr(e.Body) })
	n.strict = forcedFirst(n)
	n.transient = transientCall(n)
	return n
}
