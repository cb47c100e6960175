// Package hash has the digests that Nix names things by, and the four spellings
// they have in text: base 16, Nix's own base 32, base 64 and SRI.
package hash
