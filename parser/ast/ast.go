// Package ast holds the syntax tree of the Nix language.
//
// The tree is written as the user wrote it: attribute paths are not merged,
// parentheses are kept, `inherit` stays `inherit`. Every node carries the half
// open byte range it covers, so that source text, tree and (when asked for)
// the token and comment tables of [File] are together lossless.
//
// Trees are immutable after parsing and may be shared between goroutines.
package ast

// Pos is a byte offset into the source text.
type Pos int32

// Span is a half open range of byte offsets, embedded by every node.
type Span struct{ Start, End Pos }

// Pos returns the offset of the first byte.
func (s Span) Pos() Pos { return s.Start }

// Stop returns the offset just past the last byte.
func (s Span) Stop() Pos { return s.End }

// Range returns the span itself.
func (s Span) Range() Span { return s }

// Contains reports whether off lies in s; the position just past the end does
// not.
func (s Span) Contains(off Pos) bool { return s.Start <= off && off < s.End }

// Node is anything with a place in the source.
type Node interface {
	Pos() Pos
	Stop() Pos
	Range() Span
}

// Expr is an expression.
type Expr interface {
	Node
	expr()
}

type (
	// Bad stands where no expression could be read; it exists only in files
	// with errors.
	Bad struct{ Span }

	// Ident is a variable, `__curPos` included.
	Ident struct {
		Span
		Name string
	}

	// Int is an integer literal.
	Int struct {
		Span
		Value int64
	}

	// Float is a floating point literal.
	Float struct {
		Span
		Value float64
	}

	// String is a "double quoted" string.
	String struct {
		Span
		Parts []Part
	}

	// IndString is an indented string (two single quotes). The text of its
	// parts is already stripped of the common indentation.
	IndString struct {
		Span
		Parts []Part
	}

	// URI is a bare URL literal.
	URI struct {
		Span
		Value string
	}

	// Path is a path literal: /abs, ./rel, a/b or ~/home. The first part always
	// is text and tells which.
	Path struct {
		Span
		Parts []Part
	}

	// SearchPath is <name/rest>.
	SearchPath struct {
		Span
		Name string // without the angle brackets
	}

	// Paren is a parenthesised expression.
	Paren struct {
		Span
		X Expr
	}

	// List is [ a b c ].
	List struct {
		Span
		Elems []Expr
	}

	// AttrSet is { }, rec { } or the legacy let { }.
	AttrSet struct {
		Span
		Rec      bool
		Legacy   bool // let { ..., body = e; }: implies recursion, and selects body
		Open     Pos  // the opening brace
		Bindings []Binding
	}

	// Let is let ... in body.
	Let struct {
		Span
		Bindings []Binding
		In       Pos
		Body     Expr
	}

	// Lambda is a function of one argument.
	Lambda struct {
		Span
		Arg     *Ident   // x: or the name around @; may be nil
		Formals *Formals // nil for a plain argument
		Colon   Pos
		Body    Expr
	}

	// Apply is the application of Fn to one Arg.
	Apply struct {
		Span
		Fn, Arg Expr
	}

	// Select is X.path, with `or Default` when Default is not nil.
	Select struct {
		Span
		X       Expr
		Path    []*AttrName
		Or      Pos // the keyword `or`, when Default is not nil
		Default Expr
	}

	// HasAttr is X ? path.
	HasAttr struct {
		Span
		X    Expr
		Op   Pos
		Path []*AttrName
	}

	// If is if Cond then Then else Else.
	If struct {
		Span
		Cond             Expr
		ThenPos, ElsePos Pos
		Then, Else       Expr
	}

	// Assert is assert Cond; Body.
	Assert struct {
		Span
		Cond Expr
		Semi Pos
		Body Expr
	}

	// With is with Scope; Body.
	With struct {
		Span
		Scope Expr
		Semi  Pos
		Body  Expr
	}

	// Unary is !X or -X.
	Unary struct {
		Span
		Op Op // OpNot or OpNeg
		X  Expr
	}

	// Binary is X Op Y.
	Binary struct {
		Span
		Op    Op
		OpPos Pos
		X, Y  Expr
	}
)

func (*Bad) expr()        {}
func (*Ident) expr()      {}
func (*Int) expr()        {}
func (*Float) expr()      {}
func (*String) expr()     {}
func (*IndString) expr()  {}
func (*URI) expr()        {}
func (*Path) expr()       {}
func (*SearchPath) expr() {}
func (*Paren) expr()      {}
func (*List) expr()       {}
func (*AttrSet) expr()    {}
func (*Let) expr()        {}
func (*Lambda) expr()     {}
func (*Apply) expr()      {}
func (*Select) expr()     {}
func (*HasAttr) expr()    {}
func (*If) expr()         {}
func (*Assert) expr()     {}
func (*With) expr()       {}
func (*Unary) expr()      {}
func (*Binary) expr()     {}

// Part is a piece of a string or path: text when Expr is nil, else an
// interpolation whose span includes `${` and `}`.
type Part struct {
	Span
	Text string // with escapes resolved (and indentation stripped)
	Expr Expr
}

// Formals is the { a, b ? c, ... } of a lambda.
type Formals struct {
	Span
	List     []*Formal
	Ellipsis bool
	// EllipsisPos is where `...` stands, when Ellipsis is set.
	EllipsisPos Pos
	// ArgFirst tells arg@{ } from { }@arg, when the lambda has both.
	ArgFirst bool
}

// Formal is one name a function destructures from its argument.
type Formal struct {
	Span
	Name    *Ident
	Default Expr // nil when the caller must give it
}

// AttrName is one component of an attribute path.
type AttrName struct {
	Span
	// Name is the name when it is known without evaluation: an identifier, or a
	// string without interpolation.
	Name string
	// Expr is the *String or the expression inside ${ } that computes a dynamic
	// name; nil when Name is known.
	Expr Expr
	// Braced is the expression inside ${ } when the source has that; the name
	// may still be known, as in ${"a"}.
	Braced Expr
	// Quoted says that the source has a string here rather than an identifier.
	Quoted bool
}

// Dynamic reports whether the name is only known after evaluation.
func (a *AttrName) Dynamic() bool { return a.Expr != nil }

// Binding is what stands inside braces and let: *Attr, *Inherit or *BadBinding.
type Binding interface {
	Node
	binding()
}

type (
	// Attr is path = Value; and spans up to and including the semicolon.
	Attr struct {
		Span
		Path  []*AttrName
		Eq    Pos
		Value Expr
	}

	// Inherit is inherit a b; or inherit (From) a b;.
	Inherit struct {
		Span
		From  Expr // nil, or the expression inside the parentheses
		Names []*AttrName
	}

	// BadBinding is what could not be read as a binding.
	BadBinding struct{ Span }
)

func (*Attr) binding()       {}
func (*Inherit) binding()    {}
func (*BadBinding) binding() {}
