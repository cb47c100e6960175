// Package editors holds what editors need to use the language server, and the
// tests that drive real ones through it.
package editors
