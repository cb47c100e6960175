// Package torture holds the tests of what must never break: gonix is killed at
// any moment, runs out of room, builds what wants to do harm, and shares its
// store with many of its own kind. It has no code but its tests'.
//
// The test binary is gonix itself when it is called by another name, so that real
// processes can be killed. A normal run takes seconds; GONIX_SOAK=10m goes on for
// that long. Random choices follow from a seed that a failing test prints;
// GONIX_SEED=N repeats them.
package torture
