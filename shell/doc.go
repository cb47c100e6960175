// Package shell makes the environment that a derivation is built in available to
// people: it computes it, remembers it, and writes the scripts that enter it.
//
// A build environment ([Environment]) is what bash knows after stdenv's setup: variables,
// exported or not, arrays, and functions. Only bash can tell, so a derivation that
// differs from the given one in its builder's script alone ([Derivation]) runs setup
// and writes the environment, as JSON, to its output. The store remembers it.
//
// Nix has two ways into a build environment, and so has this package. `nix develop`
// reads the JSON and declares everything ([Environment.Script]); `nix-shell`
// passes the derivation's variables and lets the shell run setup again
// ([Legacy.Script]).
package shell
