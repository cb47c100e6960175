// Package jsontext reads and writes JSON as builtins.fromJSON and builtins.toJSON
// do, without a tree in between: the reader calls a [Handler], the writer appends
// to a byte slice.
//
// Nix uses the nlohmann library, whose limits and error texts are part of what Nix
// programs and their authors see: positions in errors count bytes, integers beyond
// 64 bits become floats, invalid UTF-8 is an error in both directions, and floats
// are written by the Grisu2 algorithm with an exponent outside 1e-5 to 1e15.
package jsontext
