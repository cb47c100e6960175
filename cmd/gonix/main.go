// Command gonix is the Nix toolchain in one binary.
package main

import (
	"os"

	"gonix.dev/gonix/cmd"
)

func main() { os.Exit(cmd.Main()) }
