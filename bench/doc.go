// Command bench runs gonix and its peers side by side on the same input and prints
// how they compare: wall time, CPU time and peak memory.
//
//	make bench NIXPKGS=dir          # dir: a checkout of nixpkgs
//	make bench-stores               # building, copying, collecting, next to Debian's Nix
//	go run ./bench -h               # choose workloads, the number of runs, the peers
//
// Runs alternate (gonix, peer, gonix, peer ...), so that whatever else the machine
// does hits both. The figures are medians; the spread says how far to trust them.
// Absolute numbers differ from machine to machine, ratios much less.
//
//	make bench-stores BENCHFLAGS="-scale 0.5 -only 'copy|add|verify'"
//
// Stores are compared on the disk that TMPDIR is on; a tmpfs leaves the disk out of
// the figures, and ext4 without a journal is slow for minutes after many files were
// deleted. What has to hash all of its data is also compared with plain SHA-256 of the
// same files, read and hashed one after the other in the same rounds: nothing that
// hashes as Nix does can be much faster than that on one processor. Building the tree
// at -scale 1 takes Nix very long, and four times as long for twice the fan: whenever
// one build ends it locks all outputs that wait for a place, to let most of them go again.
//
//	make bench NIXPKGS=dir BENCHFLAGS=-lsp
//
// measures the language server instead, as an editor meets it: a process spoken to
// over pipes, with the 28,000 lines of all-packages.nix open. Each figure is the time
// from a keystroke until an answer has arrived whole; the goals are for nixpkgs 20.09
// and a machine that does nothing else.
package main
