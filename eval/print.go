package eval

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gonix.dev/gonix/parser/quote"
)

// PrintOptions says how much of a value to print, and how. The zero value prints
// what has been evaluated, on one line, without bounds.
type PrintOptions struct {
	Force       bool // evaluate what is printed
	Derivations bool // with Force: print derivations as «derivation PATH»
	Repeated    bool // print what was printed before as «repeated»
	MaxDepth    int  // 0 for no bound, as the following
	MaxAttrs    int
	MaxItems    int
	MaxString   int
	Indent      int // pretty-print with this indentation; 0 for one line
	// Legacy prints as nix-instantiate --eval does: <CODE> for what is not
	// evaluated, <LAMBDA> for functions.
	Legacy bool
	// Errors says what to do about values that fail when forced.
	Errors ErrorPrinting
}

// ErrorPrinting says what printing does about values that fail.
type ErrorPrinting uint8

const (
	// ErrorsThrow ends printing with the error.
	ErrorsThrow ErrorPrinting = iota
	// ErrorsInline prints «error: ...» in place of the value.
	ErrorsInline
	// ErrorsInlineBelow is ErrorsInline except at the top.
	ErrorsInlineBelow
)

// errorPrint bounds the values that error messages mention.
var errorPrint = PrintOptions{Repeated: true, MaxDepth: 10, MaxAttrs: 10, MaxItems: 10, MaxString: 1024, Errors: ErrorsInline}

type printer struct {
	st     *State
	opts   PrintOptions
	out    []byte
	seen   map[any]bool
	indent int
	attrs  int
	items  int
}

// Print shows a value in Nix syntax where it has one.
func (st *State) Print(v Value, opts PrintOptions) (string, *Error) {
	p := printer{st: st, opts: opts, seen: make(map[any]bool)}
	if err := p.print(&v, 0); err != nil {
		return "", err
	}
	return string(p.out), nil
}

func (st *State) showForError(v Value) string {
	s, err := st.Print(v, errorPrint)
	if err != nil {
		return "«error: " + err.Msg + "»"
	}
	return s
}

// showType names the type of a value as error messages do.
func (st *State) showType(v Value) string {
	switch v.Kind() {
	case KindString:
		if v.Context() != nil {
			return "a string with context"
		}
	case KindPrimOp:
		return "the built-in function '" + v.asPrimOp().Name + "'"
	case KindPrimOpApp:
		return "the partially applied built-in function '" + v.asPrimOpApp().op.Name + "'"
	}
	return v.Kind().String()
}

// ShowType names the type of a value as error messages do.
func (st *State) ShowType(v Value) string { return st.showType(v) }

// ShowForError prints a value for an error message, within bounds and without
// evaluating anything.
func (st *State) ShowForError(v Value) string { return st.showForError(v) }

// typeError is the error of a value of an unexpected type; want is such as
// "a set".
func (st *State) typeError(pos Pos, want string, got Value) *Error {
	return st.Errorf(ErrType, pos, "expected %s but found %s: %s", want, st.showType(got), st.showForError(got))
}

func (p *printer) print(slot *Value, depth int) *Error {
	if depth > p.st.opts.MaxCallDepth {
		return p.st.Errorf(ErrRecursion, 0, "stack overflow; max-call-depth exceeded")
	}
	if p.opts.Force {
		if _, err := p.st.ForceSlot(slot); err != nil {
			return p.failed(err, depth)
		}
	}
	v := peekSlot(slot)
	switch v.Kind() {
	case KindInt:
		p.out = strconv.AppendInt(p.out, v.AsInt(), 10)
	case KindFloat:
		p.out = append(p.out, FormatFloat(v.AsFloat())...)
	case KindBool:
		p.out = strconv.AppendBool(p.out, v.AsBool())
	case KindNull:
		p.out = append(p.out, "null"...)
	case KindString:
		p.out = appendString(p.out, v.AsString(), p.opts.MaxString)
	case KindPath:
		p.out = append(p.out, v.AsPath()...)
	case KindAttrs:
		if err := p.printAttrs(v.AsAttrs(), depth); err != nil {
			return p.failed(err, depth)
		}
	case KindList:
		if err := p.printList(slot, v, depth); err != nil {
			return p.failed(err, depth)
		}
	case KindThunk:
		if p.opts.Legacy && v.asThunk().state != thunkForcing {
			p.out = append(p.out, "<CODE>"...)
		} else if v.asThunk().state == thunkForcing {
			p.out = append(p.out, "«potential infinite recursion»"...)
		} else {
			p.out = append(p.out, "«thunk»"...)
		}
	case KindLambda:
		if p.opts.Legacy {
			p.out = append(p.out, "<LAMBDA>"...)
			break
		}
		c := v.asClosure()
		fn := c.fn
		p.out = append(p.out, "«lambda"...)
		if fn.named {
			p.out = append(append(p.out, ' '), p.st.SymName(fn.name)...)
		}
		p.out = append(append(p.out, " @ "...), p.st.describePos(fn.params[c.have].pos)...)
		p.out = append(p.out, "»"...)
	case KindPrimOp:
		if p.opts.Legacy {
			p.out = append(p.out, "<PRIMOP>"...)
			break
		}
		p.out = fmt.Appendf(p.out, "«primop %s»", v.asPrimOp().Name)
	case KindPrimOpApp:
		if p.opts.Legacy {
			p.out = append(p.out, "<PRIMOP-APP>"...)
			break
		}
		p.out = fmt.Appendf(p.out, "«partially applied primop %s»", v.asPrimOpApp().op.Name)
	}
	return nil
}

func (p *printer) failed(err *Error, depth int) *Error {
	if err.Kind == ErrCancelled || err.Kind == ErrRecursion && strings.HasPrefix(err.Msg, "stack overflow") ||
		p.opts.Errors == ErrorsThrow || p.opts.Errors == ErrorsInlineBelow && depth == 0 {
		return err
	}
	p.out = fmt.Appendf(p.out, "«error: %s»", strings.TrimSpace(err.Msg))
	return nil
}

func (p *printer) space(pretty bool) {
	if !pretty {
		p.out = append(p.out, ' ')
		return
	}
	p.out = append(p.out, '\n')
	for range p.indent {
		p.out = append(p.out, ' ')
	}
}

// multiline reports whether a collection whose only element is first goes over
// several lines.
func (p *printer) multiline(n int, first *Value) (bool, *Error) {
	if p.opts.Indent == 0 || n == 0 {
		return false, nil
	}
	if n > 1 {
		return true, nil
	}
	v, err := p.st.ForceSlot(first)
	if err != nil {
		return false, err
	}
	return v.Kind() == KindList || v.Kind() == KindAttrs, nil
}

func (p *printer) printAttrs(a *Attrs, depth int) *Error {
	if p.opts.Repeated && a.upperLen() > 0 {
		if p.seen[a] {
			p.out = append(p.out, "«repeated»"...)
			return nil
		}
		p.seen[a] = true
	}
	if p.opts.Force && p.opts.Derivations {
		if is, err := p.st.IsDerivation(a); err != nil {
			return err
		} else if is {
			return p.printDerivation(a)
		}
	}
	if p.opts.MaxDepth > 0 && depth >= p.opts.MaxDepth {
		p.out = append(p.out, "{ ... }"...)
		return nil
	}
	attrs := p.st.Sorted(a)
	if p.opts.MaxAttrs > 0 {
		// Of a long set, show what tells most about it.
		slices.SortStableFunc(attrs, func(x, y Attr) int { return p.rank(x) - p.rank(y) })
	}
	p.out = append(p.out, '{')
	p.indent += p.opts.Indent
	var first *Value
	if len(attrs) == 1 {
		first = attrs[0].Value
	}
	pretty, err := p.multiline(len(attrs), first)
	if err != nil {
		return err
	}
	for i, at := range attrs {
		p.space(pretty)
		if p.opts.MaxAttrs > 0 && p.attrs >= p.opts.MaxAttrs {
			p.elided(len(attrs)-i, "attribute")
			break
		}
		p.out = quote.AppendIdentifier(p.out, p.st.SymName(at.Sym))
		p.out = append(p.out, " = "...)
		if err := p.print(at.Value, depth+1); err != nil {
			return err
		}
		p.out = append(p.out, ';')
		p.attrs++
	}
	p.indent -= p.opts.Indent
	p.space(pretty)
	p.out = append(p.out, '}')
	return nil
}

func (p *printer) rank(a Attr) int {
	if name := p.st.SymName(a.Sym); name == "type" || name == "_type" {
		return 0
	}
	return 1
}

func (p *printer) printDerivation(a *Attrs) *Error {
	p.out = append(p.out, "«derivation"...)
	if s := a.get(p.st.wk.drvPath); s != nil {
		path, _, err := p.st.CoerceToString(*s, a.GetAttr(p.st.wk.drvPath).Pos, "while evaluating the drvPath of a derivation", 0)
		if err != nil {
			return err
		}
		p.out = append(append(p.out, ' '), path...)
	}
	p.out = append(p.out, "»"...)
	return nil
}

// printList prints the list v of a slot. A list is known by its slot, as in Nix,
// where a copy of a list is not the same list.
func (p *printer) printList(slot *Value, v Value, depth int) *Error {
	elems := v.AsList()
	if p.opts.Repeated && len(elems) > 0 {
		if p.seen[slot] {
			p.out = append(p.out, "«repeated»"...)
			return nil
		}
		p.seen[slot] = true
	}
	if p.opts.MaxDepth > 0 && depth >= p.opts.MaxDepth {
		p.out = append(p.out, "[ ... ]"...)
		return nil
	}
	p.out = append(p.out, '[')
	p.indent += p.opts.Indent
	var first *Value
	if len(elems) == 1 {
		first = &elems[0]
	}
	pretty, err := p.multiline(len(elems), first)
	if err != nil {
		return err
	}
	for i := range elems {
		p.space(pretty)
		if p.opts.MaxItems > 0 && p.items >= p.opts.MaxItems {
			p.elided(len(elems)-i, "item")
			break
		}
		if err := p.print(&elems[i], depth+1); err != nil {
			return err
		}
		p.items++
	}
	p.indent -= p.opts.Indent
	p.space(pretty)
	p.out = append(p.out, ']')
	return nil
}

func (p *printer) elided(n int, what string) { p.out = appendElided(p.out, n, what) }

func appendElided(out []byte, n int, what string) []byte {
	if n != 1 {
		what += "s"
	}
	return fmt.Appendf(out, "«%d %s elided»", n, what)
}

// FormatFloat prints a float as Nix shows values: six significant digits, %g.
func FormatFloat(f float64) string {
	return formatG(f, 6)
}

// formatG is C's %g.
func formatG(f float64, digits int) string {
	s := strconv.FormatFloat(f, 'e', digits-1, 64)
	mant, exp, ok := strings.Cut(s, "e")
	if !ok {
		return strings.ToLower(strings.TrimPrefix(s, "+")) // inf, nan
	}
	x, _ := strconv.Atoi(exp)
	if x < -4 || x >= digits {
		if strings.Contains(mant, ".") {
			mant = strings.TrimRight(strings.TrimRight(mant, "0"), ".")
		}
		return mant + "e" + exp
	}
	s = strconv.FormatFloat(f, 'f', digits-1-x, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// appendString appends a string literal; of strings longer than limit bytes the rest
// is elided (0 for no limit).
func appendString(out []byte, s string, limit int) []byte {
	if limit == 0 || len(s) <= limit {
		return quote.AppendString(out, s)
	}
	return appendElided(append(quote.AppendFirst(out, s, limit), ' '), len(s)-limit, "byte")
}
