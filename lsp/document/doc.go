// Package document holds what the language server knows about one text: an
// immutable [Snapshot] per version, the [Mapper] between the protocol's
// positions and byte offsets, and the memo through which analyses of a snapshot
// are computed once.
//
// # Snapshots
//
// A snapshot never changes. An edit makes a new one with [Snapshot.Apply], and
// a request keeps using the one that was current when it arrived. Everything
// derived from a text (tree, scopes, diagnostics, tokens) is an [Analysis]: a
// pure function of the snapshot whose result lives and dies with it. Nothing is
// computed before somebody asks, and nothing twice.
//
// What is made of a large text is nearly the same after a keystroke. A derived
// analysis, see [NewDerived], may use the result that there was for an older version.
package document
