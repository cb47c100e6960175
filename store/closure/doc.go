// Package closure has what is done with whole closures: a store path, everything
// that it refers to, and so on. [Compute] finds them, [Copy] brings them from one
// place to another, [Diff] compares two, and [Why] says how one path comes to be
// in the closure of another.
package closure
