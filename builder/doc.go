// Package builder makes derivations real: it schedules a graph of them,
// substitutes what a cache has, builds the rest in sandboxes, checks what came
// out, and registers it.
//
// Words. A target is what the caller wants: outputs of a derivation, or a path.
// A goal is the scheduler's state machine for one derivation or one path. Goals
// live in one goroutine, the loop, which only does what is quick; everything slow
// (a build, a download, hashing) is a task that runs beside the loop and reports
// to it. So goals need no locks, and with one job the order of builds is Nix's:
// by name.
//
// A derivation's way: read it; stop if its outputs are valid; try to substitute
// them; otherwise make goals of its inputs; take a build slot and the locks of its
// output paths, as Nix does, so that of all processes on one store just one
// builds it; look again whether somebody else has; build; scan, rewrite, check,
// move and register the outputs in one transaction; release.
//
// What happens is told as a stream of Events, modelled on Nix's logger, so that
// it renders as a tree, as lines, and as Nix's internal-json alike.
package builder
