// Package toml reads TOML 1.0 as builtins.fromTOML does.
//
// Nix uses the toml11 library. What it accepts beyond the specification, how it
// rounds the fractions of seconds, and the first lines of its errors are followed
// here. Only the first error of a document is reported.
package toml
