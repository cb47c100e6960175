package analysis

import (
	"fmt"
	"path/filepath"
	"strings"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
)

var pathRule = &Rule{
	Code:     "path-not-found",
	Severity: Warning,
	Summary:  "A relative path leads to nothing. Paths that the file asks `pathExists` about are exempt.",
	world:    true,
	check: func(p *pass) {
		if p.world.Exists == nil {
			return
		}
		asked := strings.Contains(p.file.Src, "pathExists")
		ast.Inspect(p.file.Root, func(n ast.Node) bool {
			if p.far(n) {
				return false
			}
			path, text, ok := p.relative(n)
			if !ok || p.world.Exists(path) {
				return true
			}
			// Which of several paths is asked about is not always to be seen.
			if !asked {
				p.report(Diagnostic{Span: n.Range(), Msg: fmt.Sprintf("path '%s' does not exist", text)})
			}
			return true
		})
	},
}

// relative returns the absolute path that a relative path literal means.
func (p *pass) relative(n ast.Node) (path, text string, ok bool) {
	lit, ok := n.(*ast.Path)
	if !ok || len(lit.Parts) != 1 || lit.Parts[0].Expr != nil {
		return "", "", false
	}
	text = lit.Parts[0].Text
	if strings.HasPrefix(text, "/") || strings.HasPrefix(text, "~") {
		return "", "", false
	}
	return filepath.Join(filepath.Dir(p.opts.Path), text), text, true
}

var importArgRule = &Rule{
	Code:     "import-argument",
	Severity: Warning,
	Summary:  "A call of the function in an imported file passes the wrong arguments.",
	world:    true,
	visit: func(p *pass, n ast.Node) {
		if p.world.Parse == nil {
			return
		}
		call, ok := n.(*ast.Apply)
		if !ok {
			return
		}
		arg, ok := cursor.Unparen(call.Arg).(*ast.AttrSet)
		if !ok {
			return
		}
		path, ok := p.imported(call.Fn)
		if !ok {
			return
		}
		f := p.world.Parse(path)
		if f == nil || len(f.Errors) > 0 {
			return
		}
		if fn, ok := cursor.Unparen(f.Root).(*ast.Lambda); ok {
			p.call(fn, arg, call.Fn.Range(), p.rule, p.rule, nil)
		}
	},
}

// imported returns the path of `import ./path`.
func (p *pass) imported(e ast.Expr) (string, bool) {
	call, ok := cursor.Unparen(e).(*ast.Apply)
	if !ok {
		return "", false
	}
	if id, ok := call.Fn.(*ast.Ident); !ok || id.Name != "import" {
		return "", false
	}
	path, _, ok := p.relative(cursor.Unparen(call.Arg))
	return path, ok
}
