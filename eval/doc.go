// Package eval evaluates the Nix language.
//
// # Words
//
// A [Value] is one word: a pointer to an object that begins with its kind. Small
// integers, booleans and null are objects made once. A value of kind [KindThunk] is
// an expression that waits, known by its number, and its environment; forcing it
// gives a value in weak head normal form, which the thunk remembers.
//
// An environment ([Env]) is a row of values: a link to the enclosing environment
// and a slot for every name that one scope binds. The compiler resolves each
// variable to a number of links to follow and a slot, so that no name is looked
// up at run time, except those only a `with` can supply. A slot may also hold the
// code of an expression that belongs to the environment itself (slot.go), and
// environments that nothing can refer to any more are used again (transient.go).
//
// An attribute set ([Attrs]) is a [Shape] (sorted interned names and their
// positions, shared by all sets that one expression makes) and a row of values.
// The update operator puts a layer over a large left side instead of copying it.
//
// Most objects are small, and cut from slabs (env.go).
//
// # Phases
//
// Parser trees (package parser/ast) are compiled once a file into nodes, which
// evaluate themselves: compile.go and its neighbours resolve scopes, merge
// attribute paths and choose specialised nodes; the node_*.go files hold the
// nodes. A node can be evaluated now (eval) or later (delay), and delay
// allocates a thunk only when the answer is not already at hand.
//
// Errors are return values of type *[Error]. A frame that can say something
// useful adds a line to the trace as the error passes through; the good path
// pays nothing for that.
//
// Whatever evaluation reads of the outside goes through the [World] that the
// caller passes in [Options].
package eval
