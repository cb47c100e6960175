package parser

import "gonix.dev/gonix/parser/ast"

// path reads a path literal, with the interpolations and texts that follow its
// first text, which is the current token.
func (p *parser) path() *ast.Path {
	start, i := p.start, p.end
	mark := len(p.parts)
	p.parts = append(p.parts, ast.Part{Span: span(start, i), Text: p.own(p.src[start:i])})
	for {
		if p.at(i) == '$' && p.at(i+1) == '{' {
			end, ok := p.interpolation(i, false)
			if !ok {
				break
			}
			i = end
			continue
		}
		if end := p.pathText(i); end > i {
			if n := len(p.parts) - mark; n == 2 && p.parts[mark+1].Expr == nil {
				p.errorAt(i, end, CodeSyntax, "syntax error, unexpected string, expecting '${'")
			}
			p.token(ast.PATH, i, end)
			p.parts = append(p.parts, ast.Part{Span: span(i, end), Text: p.own(p.src[i:end])})
			i = end
			continue
		}
		p.endPath(i, p.parts[mark:])
		break
	}
	n := p.nodes.path.new()
	n.Parts = p.nodes.parts.copy(p.parts[mark:])
	p.parts = p.parts[:mark]
	n.Span = p.since(start)
	return n
}

// pathText returns the end of the path text at i, which continues a path.
func (p *parser) pathText(i int) int {
	for i < len(p.src) && props[p.src[i]]&isPath != 0 {
		i++
	}
	if p.at(i) != '/' {
		return i
	}
	if end := p.pathEnd(i); end > 0 {
		return end
	}
	return i + 1
}

// endPath checks a path that ends at i and makes what follows it the current
// token.
func (p *parser) endPath(i int, parts []ast.Part) {
	last := parts[len(parts)-1]
	if i == len(p.src) {
		// Where Nix reports an end of file right after a path.
		p.eofPos = int(last.Start)
		if last.Expr != nil {
			p.eofPos = i - len("}")
		}
	}
	switch {
	case last.Expr == nil && p.src[last.End-1] == '/':
		pos := i
		if i == len(p.src) {
			pos = p.eofPos
		}
		p.errorAt(pos, i, CodeTrailingSlash, "path has a trailing slash")
	case len(parts) == 2 && last.Expr == nil:
		pos := int(last.Start)
		if i == len(p.src) {
			pos = int(parts[0].Start)
		}
		p.errorAt(pos, i, CodeSyntax, "syntax error, unexpected end of path, expecting '${'")
	}
	if len(parts) > 1 {
		p.token(ast.PATH_END, i, i)
	}
	p.pos, p.end = i, i
	p.next()
}
