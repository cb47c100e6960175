// Package analysis finds problems in Nix source without evaluating it.
//
// A [Rule] is one kind of problem: it has a code, which is stable and documented
// in docs/diagnostics.md, a severity that users may change, and a check in a file
// of its own. [Check] runs them all over one file. They work on the syntax tree
// and on the scopes of package scope, never on text, and they keep quiet where a
// file has syntax errors near by: half a tree proves nothing.
//
// What a finding costs the reader decides what is reported. A name that some
// `with` may provide is not undefined; an argument of a NixOS module is not
// unused; what only style guides mind is a hint.
//
// The comment `# gonix-ignore: code, code` silences codes on its own line, or,
// when it stands alone, on the line after it; `# gonix-ignore-file: code` for the
// whole file. Without codes it silences all.
package analysis
