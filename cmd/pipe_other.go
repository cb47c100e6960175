//go:build !linux

package cmd

// widen does nothing where pipes have the size they have.
func widen(any) {}
