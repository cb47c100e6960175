package parser

import "gonix.dev/gonix/parser/ast"

// Arena parses one file after another in the same memory. Its zero value is ready
// to use. It is not for concurrent use.
type Arena struct{ p parser }

// Parse is like the function Parse, but the tree of the file, its tokens and its
// comments (not its text and its errors) are overwritten by the next call.
func (a *Arena) Parse(name, src string, mode Mode) *ast.File {
	p := &a.p
	p.nodes.reset()
	*p = parser{
		nodes: p.nodes, text: p.text, tokens: p.tokens[:0], comments: p.comments[:0],
		exprs: p.exprs[:0], parts: p.parts[:0], pieces: p.pieces[:0], names: p.names[:0],
		bindings: p.bindings[:0], formals: p.formals[:0], multiline: p.multiline[:0], unclosed: p.unclosed[:0],
	}
	p.text.large = true
	return p.parse(name, src, mode, false)
}

// reset makes all memory free for another file.
func (n *nodes) reset() {
	n.ident.reset()
	n.int.reset()
	n.str.reset()
	n.ind.reset()
	n.path.reset()
	n.paren.reset()
	n.list.reset()
	n.set.reset()
	n.lambda.reset()
	n.apply.reset()
	n.sel.reset()
	n.binary.reset()
	n.attr.reset()
	n.inherit.reset()
	n.attrName.reset()
	n.formal.reset()
	n.formalSet.reset()
	n.let.reset()
	n.with.reset()
	n.ifElse.reset()
	n.assert.reset()
	n.exprs.reset()
	n.parts.reset()
	n.names.reset()
	n.bindings.reset()
	n.formals.reset()
}
