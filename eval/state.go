package eval

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/resolve"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// Options is everything that evaluation depends on besides the program. The
// zero value evaluates against the operating system and writes nothing.
type Options struct {
	World World       // &OS{} if nil
	Store store.Adder // where sources and derivations go; store.Compute{} if nil
	// Realiser builds what evaluation reads; nil makes that an error.
	Realiser Realiser
	// SearchPath is what <name> and builtins.nixPath see.
	SearchPath []SearchPathEntry
	// System is builtins.currentSystem, such as x86_64-linux.
	System string
	// Pure forbids what makes results depend on the machine: absolute paths
	// outside Allowed, the environment, the time, the search path.
	Pure bool
	// Restricted forbids paths outside Allowed and the search path.
	Restricted bool
	Allowed    []string
	// MaxCallDepth bounds nested calls; 10000 if 0.
	MaxCallDepth int
	// Features are the experimental features that are on.
	Features map[string]bool
	// ReadOnly says that the store is not written to, so that what is missing
	// from it is no error.
	ReadOnly bool
	// TraceVerbose makes builtins.traceVerbose speak.
	TraceVerbose bool
	// AbortOnWarn makes builtins.warn an error.
	AbortOnWarn bool
	// NoImportFromDerivation forbids builds during evaluation.
	NoImportFromDerivation bool
	// Home is what ~ stands for in path literals.
	Home string
	// Lint says which literals to warn about.
	Lint LintOptions
	// Trace receives the messages of builtins.trace, Warn those of
	// builtins.warn and of the evaluator; nil drops them.
	Trace func(msg string)
	Warn  func(msg string)
	// Profiler, when set, is told of every call.
	Profiler *Profiler
	// Parsed, when set, sees every tree before it is compiled, and may change it: a
	// debugger puts its probes there. Spans are to stay as they are.
	Parsed func(*ast.File)
	// Context ends the evaluation when it is done.
	Context context.Context
}

// LintLevel says what to do about a questionable literal.
type LintLevel uint8

// The levels.
const (
	LintIgnore LintLevel = iota
	LintWarn
	LintError
)

// LintOptions are the levels for the literals Nix can complain about.
type LintOptions struct {
	URLs          LintLevel
	ShortPaths    LintLevel // a/b without ./
	AbsolutePaths LintLevel
}

// SearchPathEntry is one entry of NIX_PATH: PREFIX=PATH, or just PATH.
type SearchPathEntry struct{ Prefix, Path string }

// Stats counts what an evaluation did.
type Stats struct {
	Thunks, Calls, PrimOpCalls, Lookups, Updates uint64
	Files                                        int
	SourceBytes                                  int64
}

// State is one evaluator: its files, symbols and caches. It is not safe for
// concurrent use; make one for each goroutine.
type State struct {
	Stats Stats

	opts     Options
	slabs    slabs
	syms     symbols
	wk       wellKnown
	arena    parser.Arena
	merging  resolve.Memory
	files    []fileRange
	nextPos  Pos
	depth    int // of calls
	done     <-chan struct{}
	profiler *Profiler
	codes    []*code // by codeID

	forceDepth int

	contextElems map[contextKey]*ContextElem
	globals      map[string]*Value // of the outermost scope
	builtinSet   Value
	fileCache    map[string]Value  // evaluated files, by resolved path
	resolved     map[string]string // symlinks resolved
	copied       map[string]copiedSource
	hasher       *drv.Hasher
	derivations  map[store.Path]*drv.Derivation
	searchCache  map[string]string
	realised     map[*ContextElem]string
	caches       map[any]any
	merges       map[[2]*Shape]merge // of shapes that the program's expressions have
	mergeFrom    []int32             // memory for other merges
}

// New makes an evaluator with the given builtins.
func New(opts Options, builtins ...Builtin) *State {
	if opts.World == nil {
		opts.World = &OS{}
	}
	if opts.Store == nil {
		opts.Store = store.Compute{}
	}
	if opts.MaxCallDepth == 0 {
		opts.MaxCallDepth = 10000
	}
	if opts.System == "" {
		opts.System = hostSystem()
	}
	if opts.Context == nil {
		opts.Context = context.Background()
	}
	// Deep recursion is bounded by our own counts, well before this.
	debug.SetMaxStack(math.MaxInt64 / 2)
	st := &State{
		opts:         opts,
		nextPos:      1,
		done:         opts.Context.Done(),
		profiler:     opts.Profiler,
		codes:        sharedCodes(),
		contextElems: make(map[contextKey]*ContextElem),
		globals:      make(map[string]*Value),
		fileCache:    make(map[string]Value),
		resolved:     make(map[string]string),
		copied:       make(map[string]copiedSource),
		derivations:  make(map[store.Path]*drv.Derivation),
		searchCache:  make(map[string]string),
		realised:     make(map[*ContextElem]string),
		caches:       make(map[any]any),
		merges:       make(map[[2]*Shape]merge),
	}
	st.syms.ids = make(map[string]Sym, 1<<14)
	st.Sym("") // symbol 0 means none
	st.initWellKnown()
	st.initHasher()
	st.install(builtins)
	return st
}

// Options returns what the evaluator was made with.
func (st *State) Options() *Options { return &st.opts }

// StoreDir is the store directory that paths are computed for.
func (st *State) StoreDir() store.Dir { return st.opts.Store.StoreDir() }

// Cache gives builtins a place for what they memoise (compiled regular
// expressions, say), by a key of a type of their own.
func (st *State) Cache(key any, make func() any) any {
	c, ok := st.caches[key]
	if !ok {
		c = make()
		st.caches[key] = c
	}
	return c
}

// SetContext gives the evaluation another context to end by. What a context that was
// done has interrupted can be evaluated again.
func (st *State) SetContext(ctx context.Context) {
	st.opts.Context, st.done = ctx, ctx.Done()
}

// poll ends evaluation when its context is done.
func (st *State) poll() *Error {
	select {
	case <-st.done:
		return &Error{Kind: ErrCancelled, Msg: "interrupted: " + st.opts.Context.Err().Error(), Cause: st.opts.Context.Err()}
	default:
		return nil
	}
}

// Warn reports something questionable.
func (st *State) Warn(format string, args ...any) {
	if st.opts.Warn != nil {
		st.opts.Warn(fmt.Sprintf(format, args...))
	}
}

// describePos prints a position as FILE:LINE:COLUMN.
func (st *State) describePos(p Pos) string {
	at, ok := st.Position(p)
	if !ok {
		return "«none»"
	}
	return fmt.Sprintf("%s:%d:%d", at.File.Name, at.Line, at.Column)
}

// PosValue is a position as a value: { file, line, column }, or null where there
// is no file.
func (st *State) PosValue(p Pos) Value {
	at, ok := st.Position(p)
	if !ok || at.File.Name == "" || at.File.Name[0] != '/' {
		return Null
	}
	return st.NewAttrs(3).
		Add(st.wk.file, 0, String(at.File.Name)).
		Add(st.wk.line, 0, Int(int64(at.Line))).
		Add(st.wk.column, 0, Int(int64(at.Column))).Value()
}

// Builtin is a member of the builtins set.
type Builtin struct {
	// Name is that in the set. With a leading "__" the global scope has it under
	// this name, and the set without; names in Global have both alike.
	Name   string
	Global bool // also in the global scope under its own name
	// Impure keeps it out of pure evaluation.
	Impure bool
	// Feature is the experimental feature without which it does not exist.
	Feature string
	// PrimOp or Value makes it: a function or a constant.
	PrimOp *PrimOp
	Value  func(st *State) Value
}

// install fills the global scope and the builtins set.
func (st *State) install(builtins []Builtin) {
	set := st.NewAttrs(len(builtins) + 1)
	for _, b := range builtins {
		if b.Impure && st.opts.Pure || b.Feature != "" && !st.opts.Features[b.Feature] {
			continue
		}
		var v Value
		if b.PrimOp != nil {
			p := *b.PrimOp
			p.Name = b.Name
			v = (&p).value()
		} else {
			v = b.Value(st)
		}
		slot := new(Value)
		*slot = v
		set.Add(st.Sym(b.Name), 0, v)
		if b.Global {
			st.globals[b.Name] = slot
		} else {
			st.globals["__"+b.Name] = slot
		}
	}
	self := st.Lazy(func() (Value, *Error) { return st.builtinSet, nil })
	set.Add(st.Sym("builtins"), 0, self)
	st.builtinSet = set.Value()
	st.globals["builtins"] = &st.builtinSet
}

// Builtins returns the builtins set.
func (st *State) Builtins() Value { return st.builtinSet }

// File returns a parsed text by the position of any of its bytes.
func (st *State) File(p Pos) (*ast.File, bool) {
	at, ok := st.Position(p)
	return at.File, ok
}
