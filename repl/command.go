package repl

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/docs"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// Command is a command of the prompt.
type Command struct {
	Names []string // with the colon; the first is the main one
	Arg   string   // what it takes, for the help; "" for nothing
	Help  string
	run   func(r *REPL, arg string) error
}

// Commands lists all commands in the order of the help.
func Commands() []Command {
	return []Command{
		{[]string{":?", ":help"}, "", "show this help", (*REPL).help},
		{[]string{":a", ":add"}, "EXPR", "add the attributes of a set to the scope", (*REPL).add},
		{[]string{":b"}, "EXPR", "build a derivation", (*REPL).build},
		{[]string{":doc"}, "EXPR", "show what is documented of a function or binding", (*REPL).doc},
		{[]string{":e", ":edit"}, "EXPR", "open a package, function or path in $EDITOR", (*REPL).edit},
		{[]string{":l", ":load"}, "PATH", "load a file and add its attributes to the scope", (*REPL).load},
		{[]string{":ll", ":last-loaded"}, "", "name what was loaded last", (*REPL).lastLoaded},
		{[]string{":p", ":print"}, "EXPR", "evaluate and print all of a value", (*REPL).printDeep},
		{[]string{":q", ":quit"}, "", "leave", (*REPL).leave},
		{[]string{":r", ":reload"}, "", "load all files again", (*REPL).reload},
		{[]string{":t", ":type"}, "EXPR", "name the type of a value", (*REPL).typeOf},
		{[]string{":te", ":trace-enable"}, "[BOOL]", "show whole traces of errors, or not", (*REPL).setTrace},
	}
}

func (r *REPL) command(text string) error {
	name, arg, _ := strings.Cut(text, " ")
	for _, c := range Commands() {
		if slices.Contains(c.Names, name) {
			return c.run(r, strings.TrimSpace(arg))
		}
	}
	return fmt.Errorf("unknown command '%s'; :? lists all", name)
}

func (r *REPL) help(string) error {
	var b strings.Builder
	b.WriteString("  <expr>            evaluate and print an expression\n")
	b.WriteString("  <name> = <expr>   bind an expression to a name\n")
	for _, c := range Commands() {
		fmt.Fprintf(&b, "  %-17s %s\n", strings.Join(c.Names, ", ")+" "+c.Arg, c.Help)
	}
	_, err := fmt.Fprint(r.Out, b.String())
	return err
}

func (r *REPL) leave(string) error {
	r.quit = true
	return nil
}

func (r *REPL) typeOf(arg string) error {
	v, err := r.value(arg)
	if err != nil {
		return err
	}
	fmt.Fprintln(r.Out, r.State.ShowType(v))
	return nil
}

func (r *REPL) printDeep(arg string) error {
	v, err := r.value(arg)
	if err != nil {
		return err
	}
	if v.Kind() == eval.KindString {
		fmt.Fprintln(r.Out, v.AsString())
		return nil
	}
	return r.print(v, 0)
}

func (r *REPL) add(arg string) error {
	v, err := r.value(arg)
	if err != nil {
		return err
	}
	return r.addAttrs(v)
}

// addAttrs adds the attributes of a set to the scope, and says which.
func (r *REPL) addAttrs(v eval.Value) error {
	if v.Kind() != eval.KindAttrs {
		return fmt.Errorf("only the attributes of a set can be added, and this is %s", r.State.ShowType(v))
	}
	attrs := r.State.Sorted(v.AsAttrs())
	for _, at := range attrs {
		r.bind(at)
	}
	what := "variables"
	if len(attrs) == 1 {
		what = "variable"
	}
	fmt.Fprintf(r.Talk, "Added %d %s.\n", len(attrs), what)
	const most = 20
	var names []string
	for _, at := range attrs[:min(most, len(attrs))] {
		names = append(names, r.State.SymName(at.Sym))
	}
	if len(names) > 0 {
		more := ""
		if len(attrs) > most {
			more = fmt.Sprintf(", ... and %d more; :ll shows them", len(attrs)-most)
		}
		fmt.Fprintf(r.Talk, "%s%s\n", strings.Join(names, ", "), more)
	}
	return nil
}

func (r *REPL) load(arg string) error {
	if arg == "" {
		return errors.New("give a file after the command")
	}
	r.State.ForgetFiles()
	if err := r.loadFile(arg); err != nil {
		return err
	}
	r.loaded = append(slices.DeleteFunc(r.loaded, func(s string) bool { return s == arg }), arg)
	return nil
}

func (r *REPL) loadFile(name string) error {
	fmt.Fprintf(r.Talk, "Loading '%s'...\n", name)
	v, err := r.Host.Load(name)
	if err != nil {
		return err
	}
	return r.addAttrs(v)
}

func (r *REPL) reload(string) error {
	r.State.ForgetFiles()
	for _, f := range r.loaded {
		if err := r.loadFile(f); err != nil {
			return err
		}
	}
	return nil
}

func (r *REPL) lastLoaded(string) error {
	if len(r.loaded) == 0 {
		return errors.New("nothing has been loaded")
	}
	v, err := r.Host.Load(r.loaded[len(r.loaded)-1])
	if err != nil {
		return err
	}
	for _, at := range r.State.Sorted(v.AsAttrs()) {
		fmt.Fprintln(r.Out, r.State.SymName(at.Sym))
	}
	return nil
}

func (r *REPL) setTrace(arg string) error {
	switch arg {
	case "", "true":
		r.trace = true
	case "false":
		r.trace = false
	default:
		return fmt.Errorf("expected true or false, not '%s'", arg)
	}
	return nil
}

func (r *REPL) build(arg string) error {
	v, err := r.value(arg)
	if err != nil {
		return err
	}
	if v.Kind() != eval.KindAttrs {
		return errors.New("expression does not evaluate to a derivation, so I can't build it")
	}
	p, perr := r.State.PackageOf(v.AsAttrs())
	if perr != nil {
		return perr
	}
	outs, err := r.Host.Build(r.ctx, p.DrvPath)
	if err != nil {
		return err
	}
	fmt.Fprintln(r.Out, "This derivation produced the following outputs:")
	for _, name := range slices.Sorted(maps.Keys(outs)) {
		fmt.Fprintf(r.Out, "  %s -> %s\n", name, outs[name])
	}
	return nil
}

// edit opens where a value is defined.
func (r *REPL) edit(arg string) error {
	v, err := r.value(arg)
	if err != nil {
		return err
	}
	if v.Kind() == eval.KindPath {
		return r.Host.Edit(v.AsPath(), 1)
	}
	pos := eval.Pos(0)
	if f, ok := r.State.DescribeFunction(v); ok {
		pos = f.Pos
	} else if v.Kind() == eval.KindAttrs {
		if meta := r.State.Get(v.AsAttrs(), "meta"); meta != nil {
			if where, ok := r.metaPosition(*meta); ok {
				file, line, _ := strings.Cut(where, ":")
				n, _ := strconv.Atoi(line)
				return r.Host.Edit(file, n)
			}
		}
		for _, at := range v.AsAttrs().All() {
			pos = max(pos, at.Pos)
		}
	}
	at, ok := r.State.Position(pos)
	if !ok || !strings.HasPrefix(at.File.Name, "/") {
		return errors.New("cannot tell where that is defined")
	}
	return r.Host.Edit(at.File.Name, at.Line)
}

func (r *REPL) metaPosition(meta eval.Value) (string, bool) {
	set, err := r.State.ForceAttrs(meta, 0, "")
	if err != nil {
		return "", false
	}
	slot := r.State.Get(set, "position")
	if slot == nil {
		return "", false
	}
	s, _, err := r.State.ForceString(*slot, 0, "")
	return s, err == nil
}

// doc shows the documentation of a builtin, or the doc comment of a function or
// binding.
func (r *REPL) doc(arg string) error {
	if d, ok := r.bindingDoc(arg); ok {
		fmt.Fprintln(r.Out, d)
		return nil
	}
	v, err := r.value(arg)
	if err != nil {
		return err
	}
	f, ok := r.State.DescribeFunction(v)
	if !ok {
		return fmt.Errorf("%s has no documentation", r.State.ShowType(v))
	}
	if f.Builtin != "" {
		d, ok := docs.Lookup(f.Builtin)
		if !ok {
			return fmt.Errorf("builtin '%s' has no documentation", f.Builtin)
		}
		fmt.Fprintf(r.Out, "builtins.%s %s\n\n%s\n", d.Name, strings.Join(d.Args, " "), strings.TrimSpace(d.Text))
		return nil
	}
	at, found := r.State.Position(f.Pos)
	if !found {
		return errors.New("this function has no documentation")
	}
	fmt.Fprintf(r.Out, "Function %s\n  defined at %s:%d:%d\n", f.Name, at.File.Name, at.Line, at.Column)
	d, ok := parser.DocComment(at.File, at.File.LineStart(at.Line)+ast.Pos(at.Column-1))
	if !ok {
		fmt.Fprintln(r.Out, "\nIt has no doc comment.")
		return nil
	}
	fmt.Fprintf(r.Out, "\n%s\n", d.Text)
	return nil
}

// bindingDoc finds the doc comment of the binding that a or a.b.c names.
func (r *REPL) bindingDoc(arg string) (string, bool) {
	pos := r.vars[arg].pos
	if i := strings.LastIndexByte(arg, '.'); i >= 0 && !strings.ContainsAny(arg, " ()[]{}\"") {
		v, err := r.value(arg[:i])
		if err != nil || v.Kind() != eval.KindAttrs {
			return "", false
		}
		pos = v.AsAttrs().GetAttr(r.State.Sym(arg[i+1:])).Pos
	}
	at, ok := r.State.Position(pos)
	if !ok {
		return "", false
	}
	d, ok := parser.DocComment(at.File, at.File.LineStart(at.Line)+ast.Pos(at.Column-1))
	return d.Text, ok
}
