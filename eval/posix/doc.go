// Package posix matches POSIX extended regular expressions the way Nix's
// builtins.match and builtins.split do.
//
// Nix hands patterns to the C++ library's std::regex in its "extended" grammar,
// so what Nix programs see is neither what POSIX says nor what package regexp
// does:
//
//   - Text is bytes. `.` matches any one byte but NUL, newlines included, and
//     nothing above 0x7f belongs to a class such as [:alpha:].
//   - `\` may only come before one of .[\()*+?{|^$ and means nothing in brackets.
//   - `^` and `$` are assertions wherever they stand, and cannot be repeated.
//   - Of the branches of `|` the one that leads to the longest match wins, the
//     first among equals. Repetition is greedy only: if one more round leads to
//     any match, fewer rounds are not tried, even when they would match more.
//   - A group keeps what it matched in an earlier round of the repetition around
//     it, and a repetition whose body matched nothing is entered a second time at
//     the same place, which shows in the groups.
//
// # How it works
//
// A pattern is parsed (syntax.go) to a tree and compiled (program.go) to a graph
// of instructions. The machine (machine.go) walks the graph depth first with an
// explicit stack. Walking is cheap for nearly every pattern but may take
// exponential time, so it is counted: a subject that costs more than a few steps
// a byte is matched again with a table of the (instruction, position) pairs that
// have been explored, which bounds the work by the product of both.
package posix
