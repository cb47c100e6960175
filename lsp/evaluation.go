package lsp

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/worker"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// quick is how long requests that a user waits for in front of the screen wait
// for the evaluator. It goes on without them, so that the next finds the answer.
const quick = 4 * time.Second

const (
	// typing is how long after a change of a text the user is taken to type.
	typing = time.Second
	// glance is how long the evaluator is waited for meanwhile, where there is an
	// answer without it.
	glance = 25 * time.Millisecond
)

type glanceKey struct{}

// beside returns the context for evaluating what is welcome beside the answer that
// there is already. Who types must not wait for it; what takes longer is there for
// the next request.
func (s *Server) beside(ctx context.Context) context.Context {
	if time.Since(time.Unix(0, s.typed.Load())) > typing || ctx.Value(glanceKey{}) != nil {
		return ctx
	}
	return context.WithValue(ctx, glanceKey{}, time.Now().Add(glance))
}

// evaluates reports whether anything is evaluated at all.
func (s *Server) evaluates(v *view, path string) bool {
	return v.settings(path).Eval.Enable && len(s.opts.Worker) > 0
}

// evaluate asks the evaluating process. Other requests compute meanwhile.
func (s *Server) evaluate(ctx context.Context, d *document.Snapshot, req worker.Request) (*worker.Response, error) {
	if until, ok := ctx.Value(glanceKey{}).(time.Time); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, until)
		defer cancel()
	}
	v := s.viewOf(ctx)
	cfg := v.settings(d.Path).Eval
	if !s.evaluates(v, d.Path) {
		return nil, errNoEval
	}
	req.Settings = worker.Settings{
		NixPath: append(append([]string{}, cfg.NixPath...), s.opts.NixPath...),
		Nixpkgs: v.nixpkgs(d.Path), System: s.opts.System, Home: s.opts.Home,
	}
	texts := map[string]string{}
	for key, doc := range v.docs {
		if doc.Path == "" {
			continue
		}
		text, ok := doc.Text, true
		if req.Lane == worker.Options {
			text, ok = s.settled.text(doc.For(ctx))
		}
		if ok {
			texts[key] = text
		}
	}
	var resp *worker.Response
	var err error
	waiting(ctx, func() {
		resp, err = s.worker.Do(ctx, req, texts, time.Duration(cfg.TimeLimitMS)*time.Millisecond, v.config.Eval.MemoryLimitMB)
	})
	return resp, err
}

var errNoEval = refusal("evaluation is switched off")

// nixpkgs returns the expression of the nixpkgs that a file means: the checkout it
// is part of, the one its project pins, or the one in the search path.
func (v *view) nixpkgs(path string) string {
	for dir := filepath.Dir(path); path != "" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if isNixpkgs(dir) {
			return quotePath(dir)
		}
		if f, ok := v.folderOf(path); ok && dir == f.path {
			break
		}
	}
	if pin := v.pinned(path, "nixpkgs"); pin != "" {
		return quotePath(pin)
	}
	return "<nixpkgs>"
}

// isNixpkgs reports whether a folder is a checkout of nixpkgs.
func isNixpkgs(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "pkgs/top-level/all-packages.nix"))
	return err == nil
}

func quotePath(path string) string { return "(/. + " + quote.String(path) + ")" }

// inScope returns a text that means what an expression at a place means, as far as
// that can be known from outside: the bindings around it are written in front of
// it, and the arguments of the functions around it are what such arguments
// usually are. off is where the place is.
func inScope(d *document.Snapshot, path []ast.Node, expr string, off ast.Pos) string {
	// What nobody defines is by convention, too: a with is what all else goes before.
	var b strings.Builder
	b.WriteString("with { inherit (__gonix) pkgs lib; };\n")
	f := d.File()
	for _, n := range path {
		switch n := n.(type) {
		case *ast.Let:
			writeLet(&b, d, n.Bindings, off)
		case *ast.AttrSet:
			if n.Rec || n.Legacy {
				writeLet(&b, d, n.Bindings, off)
			}
		case *ast.With:
			if off > n.Semi {
				b.WriteString("with " + f.Src[n.Scope.Pos():n.Scope.Stop()] + ";\n")
			}
		case *ast.Lambda:
			writeArguments(&b, f, n)
		}
	}
	return b.String() + expr
}

// writeLet writes bindings as a let. What is broken, and what has no place in a
// let, is left out.
func writeLet(b *strings.Builder, d *document.Snapshot, bindings []ast.Binding, off ast.Pos) {
	f := d.File()
	b.WriteString("let\n")
	for _, bind := range bindings {
		r := bind.Range()
		if a, ok := bind.(*ast.Attr); ok && (len(a.Path) == 0 || a.Path[0].Dynamic()) {
			continue
		}
		broken := false
		for _, e := range f.Errors {
			broken = broken || r.Start <= e.Start && e.Start <= r.End
		}
		if _, bad := bind.(*ast.BadBinding); bad || broken {
			continue
		}
		b.WriteString(f.Src[r.Start:r.End] + "\n")
	}
	b.WriteString("in\n")
}

// writeArguments binds the arguments of a function to what they usually are.
func writeArguments(b *strings.Builder, f *ast.File, l *ast.Lambda) {
	b.WriteString("let\n")
	var names []string
	if l.Formals != nil {
		for _, formal := range l.Formals.List {
			name := formal.Name.Name
			if !quote.IsIdentifier(name) {
				continue
			}
			names = append(names, name)
			value := usualArgument(name)
			if value == "" && formal.Default != nil {
				value = "__gonix.pkgs." + name + " or (" + f.Src[formal.Default.Pos():formal.Default.Stop()] + ")"
			} else if value == "" {
				value = "__gonix.pkgs." + name + " or (throw \"" + unknownArgument + name + "\")"
			}
			b.WriteString(name + " = " + value + ";\n")
		}
	}
	if l.Arg != nil && quote.IsIdentifier(l.Arg.Name) {
		value := usualArgument(l.Arg.Name)
		if l.Formals != nil {
			value = "{ inherit " + strings.Join(names, " ") + "; }"
		} else if value == "" {
			value = "throw \"" + unknownArgument + l.Arg.Name + "\""
		}
		b.WriteString(l.Arg.Name + " = " + value + ";\n")
	}
	b.WriteString("in\n")
}

// unknownArgument begins the error of an argument that only callers know.
const unknownArgument = "gonix does not know the argument "

// usualArgument returns what an argument of a name is by convention.
func usualArgument(name string) string {
	switch name {
	case "pkgs", "final", "prev", "self", "super", "nixpkgs":
		return "__gonix.pkgs"
	case "lib":
		return "__gonix.lib"
	case "config":
		return "__gonix.nixos.config"
	case "options":
		return "__gonix.nixos.options"
	}
	return ""
}

// fileArguments returns the arguments to call the function of a file with, or ""
// when they cannot be known.
func fileArguments(l *ast.Lambda) string {
	if l.Formals == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("{ ")
	for _, formal := range l.Formals.List {
		name := formal.Name.Name
		switch value := usualArgument(name); {
		case name == "config" || name == "options":
			return "" // a module: what it gets depends on all the others
		case formal.Default != nil:
		case value != "":
			b.WriteString(name + " = " + value + "; ")
		default:
			b.WriteString("inherit (__gonix.pkgs) " + name + "; ")
		}
	}
	return b.String() + "}"
}
