package eval

import "unsafe"

// Kind is the kind of a value.
type Kind uint8

// The kinds of value.
const (
	KindInvalid Kind = iota
	KindThunk        // not evaluated yet
	kindCode         // in slots only: an expression of the slot's own environment, not evaluated yet
	KindInt
	KindFloat
	KindBool
	KindNull
	KindString
	KindPath
	KindList
	KindAttrs
	KindLambda
	KindPrimOp    // builtin function
	KindPrimOpApp // builtin function applied to too few arguments
)

// header is the first field of every object that a Value can point to.
type header struct{ kind Kind }

// Value is a value of the language, or a thunk that will become one: a pointer to
// an object that begins with its kind. One word makes environments and rows of
// values small, and evaluation is mostly memory traffic.
type Value struct{ p unsafe.Pointer }

type intObj struct {
	header
	i int64
}

type floatObj struct {
	header
	f float64
}

// The integers that need no allocation.
const (
	minSmallInt = -128
	maxSmallInt = 1023
)

var (
	nullObj     = header{KindNull}
	trueObj     = header{KindBool}
	falseObj    = header{KindBool}
	emptyList   = List{header: header{KindList}}
	emptyString = Str{header: header{KindString}}
	smallInts   = func() (objs [maxSmallInt - minSmallInt + 1]intObj) {
		for i := range objs {
			objs[i] = intObj{header{KindInt}, int64(i + minSmallInt)}
		}
		return objs
	}()
)

// Constants.
var (
	Null        = Value{unsafe.Pointer(&nullObj)}
	True        = Value{unsafe.Pointer(&trueObj)}
	False       = Value{unsafe.Pointer(&falseObj)}
	EmptyList   = Value{unsafe.Pointer(&emptyList)}
	EmptyString = Value{unsafe.Pointer(&emptyString)}
)

// Str is the object behind a string. Its length is in two parts, so that the first
// word holds it besides the kind.
type Str struct {
	header
	high uint16
	low  uint32
	ctx  *Context
	data *byte
}

func (o *Str) set(s string, ctx *Context) {
	o.kind = KindString
	o.high, o.low = uint16(uint64(len(s))>>32), uint32(len(s))
	o.data = unsafe.StringData(s)
	o.ctx = ctx
}

func (o *Str) text() string { return unsafe.String(o.data, int(uint64(o.high)<<32|uint64(o.low))) }

// Path is the object behind a path: absolute and canonical.
type pathObj struct {
	header
	s string
}

// List is the object behind a list.
type List struct {
	header
	n    uint32
	data *Value // the first of n
}

// Closure is the object behind a function written in Nix. While it has only some
// of its arguments, env holds those, and the environment it was made in is the
// one around env.
type Closure struct {
	header
	have int32 // number of arguments in env
	fn   *lambdaNode
	env  *Env
}

// Int makes an integer.
func Int(i int64) Value {
	if i >= minSmallInt && i <= maxSmallInt {
		return Value{unsafe.Pointer(&smallInts[i-minSmallInt])}
	}
	return Value{unsafe.Pointer(&intObj{header{KindInt}, i})}
}

// Float makes a float.
func Float(f float64) Value { return Value{unsafe.Pointer(&floatObj{header{KindFloat}, f})} }

// Bool makes a boolean.
func Bool(b bool) Value {
	if b {
		return True
	}
	return False
}

// String makes a string without context.
func String(s string) Value { return StringWithContext(s, nil) }

// StringWithContext makes a string; ctx may be nil.
func StringWithContext(s string, ctx *Context) Value {
	if s == "" && ctx == nil {
		return EmptyString
	}
	o := new(Str)
	o.set(s, ctx)
	return Value{unsafe.Pointer(o)}
}

// PathValue makes a path of an absolute, canonical file name.
func PathValue(s string) Value {
	return Value{unsafe.Pointer(&pathObj{header: header{KindPath}, s: s})}
}

// ListOf makes a list of values, which may be thunks. It keeps the slice.
func ListOf(elems []Value) Value {
	if len(elems) == 0 {
		return EmptyList
	}
	return Value{unsafe.Pointer(&List{header{KindList}, uint32(len(elems)), unsafe.SliceData(elems)})}
}

// AttrsValue makes a value of an attribute set.
func AttrsValue(a *Attrs) Value { return Value{unsafe.Pointer(a)} }

// Kind returns the kind of v, KindThunk if it has not been forced.
func (v Value) Kind() Kind { return (*header)(v.p).kind }

// IsValid reports whether v is a value at all, rather than the zero Value.
func (v Value) IsValid() bool { return v.p != nil }

func (v Value) isInt() bool   { return v.Kind() == KindInt }
func (v Value) isFloat() bool { return v.Kind() == KindFloat }
func (v Value) isBool() bool  { return v.Kind() == KindBool }

// AsInt returns the integer; v must be one.
func (v Value) AsInt() int64 { return (*intObj)(v.p).i }

// AsFloat returns the float; v must be one.
func (v Value) AsFloat() float64 { return (*floatObj)(v.p).f }

// AsBool returns the boolean; v must be one.
func (v Value) AsBool() bool { return v.p == unsafe.Pointer(&trueObj) }

// AsString returns the bytes of a string, without its context.
func (v Value) AsString() string { return (*Str)(v.p).text() }

// Context returns the context of a string, nil for none.
func (v Value) Context() *Context { return (*Str)(v.p).ctx }

// AsPath returns the file name of a path.
func (v Value) AsPath() string { return (*pathObj)(v.p).s }

// AsList returns the elements of a list, which may be thunks. Callers must not
// change the slice, except to replace an element by what forcing it gave.
func (v Value) AsList() []Value {
	l := (*List)(v.p)
	return unsafe.Slice(l.data, l.n)
}

// AsAttrs returns the attribute set.
func (v Value) AsAttrs() *Attrs { return (*Attrs)(v.p) }

func (v Value) asClosure() *Closure     { return (*Closure)(v.p) }
func (v Value) asPrimOp() *PrimOp       { return (*PrimOp)(v.p) }
func (v Value) asPrimOpApp() *primOpApp { return (*primOpApp)(v.p) }
func (v Value) asThunk() *thunk         { return (*thunk)(v.p) }

// IsFunction reports whether v is a lambda or builtin (functors are not).
func (v Value) IsFunction() bool { return v.Kind() >= KindLambda }

// same reports that two values are the very same object, so that comparing them
// can be skipped, as Nix does inside lists and sets.
func (v Value) same(w Value) bool { return v == w }

var kindNames = [...]string{
	KindInvalid: "nothing", KindThunk: "a thunk", kindCode: "a thunk", KindInt: "an integer", KindFloat: "a float",
	KindBool: "a Boolean", KindNull: "null", KindString: "a string", KindPath: "a path",
	KindList: "a list", KindAttrs: "a set", KindLambda: "a function",
	KindPrimOp: "a built-in function", KindPrimOpApp: "a partially applied built-in function",
}

// String names the kind as error messages do: "a string", "an integer".
func (k Kind) String() string { return kindNames[k] }

// typeOfNames are the answers of builtins.typeOf.
var typeOfNames = [...]string{
	KindInt: "int", KindFloat: "float", KindBool: "bool", KindNull: "null", KindString: "string",
	KindPath: "path", KindList: "list", KindAttrs: "set", KindLambda: "lambda",
	KindPrimOp: "lambda", KindPrimOpApp: "lambda",
}

// TypeName returns the name that builtins.typeOf gives.
func (k Kind) TypeName() string { return typeOfNames[k] }
