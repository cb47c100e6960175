// Package shell is a small POSIX shell with the common file tools built in: what
// /bin/sh is inside sandboxes on machines that have nothing else. It is not meant
// for people; it is enough for builders like those of the examples.
//
// The language is interpreted by mvdan.cc/sh. A command that is found on PATH
// runs from there; otherwise an applet of the same name does. Applets take the
// options that build scripts use, not all that exist, and say so when they meet
// another. Like the tools they stand for they exit with 0, 1, or 2 for wrong usage.
package shell
