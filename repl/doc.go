// Package repl is the interactive prompt: a loop that reads Nix text and
// commands from a [Reader], keeps the names that were bound, and writes values
// to a writer.
//
// Input that ends too early, such as an open brace, is read on: the parser says
// so. Everything else about a line is decided before anything is evaluated, so
// that a mistake changes nothing.
package repl
