package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// Reader reads lines from whoever types them.
type Reader interface {
	// ReadLine returns a line without its end. more says that it continues an
	// unfinished input. The error is io.EOF when there are no more lines, and
	// ErrInterrupted when the user gave the line up.
	ReadLine(more bool) (string, error)
}

// ErrInterrupted is a line that the user gave up.
var ErrInterrupted = errors.New("interrupted")

// Host does what only the program around the REPL can do.
type Host interface {
	// Load evaluates a file, also <name>, and calls it if it is a function.
	Load(file string) (eval.Value, error)
	// Build builds a derivation and returns its outputs by name.
	Build(ctx context.Context, drvPath string) (map[string]string, error)
	// Edit opens a file at a line in the user's editor.
	Edit(file string, line int) error
	// Explain lays out an error of evaluation, after "error: ".
	Explain(err *eval.Error, full bool) string
}

// REPL is one session.
type REPL struct {
	State *eval.State
	In    Reader
	Out   io.Writer // values
	Talk  io.Writer // everything else
	Host  Host
	Dir   string // where relative paths start from

	ctx    context.Context
	vars   map[string]variable
	loaded []string // files, in the order of :l
	trace  bool     // whole traces
	quit   bool
}

// variable is a value with the place where it was defined.
type variable struct {
	value eval.Value
	pos   eval.Pos
}

// bind gives the value of an attribute its name.
func (r *REPL) bind(at eval.Attr) {
	if r.vars == nil {
		r.vars = make(map[string]variable)
	}
	r.vars[r.State.SymName(at.Sym)] = variable{*at.Value, at.Pos}
}

// Run reads and answers until the input ends or the user leaves. Errors of what
// the user typed are shown; the result is an error of reading.
func (r *REPL) Run(ctx context.Context) error {
	r.ctx = ctx
	input := ""
	for !r.quit {
		line, err := r.In.ReadLine(input != "")
		switch {
		case errors.Is(err, ErrInterrupted):
			input = ""
			continue
		case err == io.EOF:
			if strings.TrimSpace(input) != "" {
				r.answer(input, true)
			}
			return nil
		case err != nil:
			return err
		}
		if input += line; r.answer(input, false) {
			input = ""
		} else {
			input += "\n"
		}
	}
	return nil
}

// answer handles an input. It reports false if the input is unfinished, unless
// it is the last there is.
func (r *REPL) answer(input string, last bool) bool {
	text := strings.TrimSpace(input)
	if text == "" {
		return true
	}
	if strings.HasPrefix(text, ":") {
		r.show(r.command(text))
		return true
	}
	done, err := r.evaluate(text, last)
	r.show(err)
	return done
}

// show shows an error.
func (r *REPL) show(err error) {
	if err == nil {
		return
	}
	var e *eval.Error
	if errors.As(err, &e) {
		fmt.Fprintf(r.Talk, "error: %s\n", r.Host.Explain(e, r.trace))
		return
	}
	fmt.Fprintf(r.Talk, "error: %s\n", err)
}

// evaluate answers an expression or binds names. done is false for an input that
// is unfinished.
func (r *REPL) evaluate(text string, last bool) (done bool, err error) {
	f := parser.Parse("«string»", text, r.mode())
	if len(f.Errors) > 0 {
		b := parser.ParseBindings("«string»", text, r.mode())
		switch {
		case len(b.Errors) == 0:
			return true, r.bindAll(b)
		case !last && (incomplete(f) || incomplete(b)):
			return false, nil
		case looksLikeBinding(text):
			f = b
		}
	}
	v, everr := r.State.EvalTree(f, r.Dir, r.scope())
	if everr != nil {
		return true, everr
	}
	return true, r.print(v, 1)
}

func (r *REPL) mode() parser.Mode {
	if r.State.Options().Features["pipe-operators"] {
		return parser.PipeOperators
	}
	return 0
}

func incomplete(f *ast.File) bool {
	return slices.ContainsFunc(f.Errors, func(e *ast.Error) bool { return e.Incomplete })
}

// looksLikeBinding reports whether errors about a text should be those of a
// binding.
func looksLikeBinding(text string) bool {
	name, rest, ok := strings.Cut(text, "=")
	return ok && !strings.HasPrefix(rest, "=") && !strings.ContainsAny(name, "{}[]();:!<>\n")
}

// scope is the set of the names that were bound.
func (r *REPL) scope() *eval.Attrs {
	b := r.State.NewAttrs(len(r.vars))
	for name, v := range r.vars {
		b.Add(r.State.Sym(name), v.pos, v.value)
	}
	return b.Build()
}

// bindAll binds the names of a parsed list of bindings.
func (r *REPL) bindAll(f *ast.File) error {
	// Several bindings see one another; a single one sees what its name meant
	// before, so that x = x + 1 works.
	if set, ok := f.Root.(*ast.AttrSet); ok {
		set.Rec = len(set.Bindings) > 1
	}
	v, err := r.State.EvalTree(f, r.Dir, r.scope())
	if err != nil {
		return err
	}
	for _, at := range r.State.Sorted(v.AsAttrs()) {
		r.bind(at)
	}
	return nil
}

// print shows a value, to a depth; 0 for all of it.
func (r *REPL) print(v eval.Value, depth int) error {
	s, err := r.State.Print(v, eval.PrintOptions{
		Force: true, Derivations: true, Repeated: true, MaxDepth: depth, Indent: 2, Errors: eval.ErrorsInlineBelow,
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(r.Out, s)
	return nil
}

// value evaluates a text given to a command.
func (r *REPL) value(text string) (eval.Value, error) {
	if strings.TrimSpace(text) == "" {
		return eval.Value{}, errors.New("give an expression after the command")
	}
	v, err := r.State.EvalTree(parser.Parse("«string»", text, r.mode()), r.Dir, r.scope())
	if err != nil {
		return eval.Value{}, err
	}
	return v, nil
}

// Load loads a file, as the command :l does.
func (r *REPL) Load(file string) error { return r.load(file) }

// Add adds the attributes of a set to the scope, as the command :a does.
func (r *REPL) Add(v eval.Value) error { return r.addAttrs(v) }
