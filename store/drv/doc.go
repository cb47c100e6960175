// Package drv has derivations: what they hold, their text form (ATerm), their
// JSON form, and the hashes that their output paths come from.
//
// To make a derivation, as builtins.derivationStrict does:
//
//  1. Fill a Derivation. Outputs that are to be input-addressed are Deferred, and
//     their environment variables empty.
//  2. Hasher.FillOutputs computes the output paths, and puts them into Outputs and
//     Env. An output stays Deferred if it depends on a content-addressed output
//     that is not built yet.
//  3. ATerm is the text, StorePath the path of the .drv file; References are what
//     it refers to. Add it with store.Adder's AddText.
//  4. Hasher.Remember spares the next derivation that depends on this one from
//     reading and hashing it again.
//
// The hash of a derivation "modulo" fixed outputs is that of its text, with each
// input derivation replaced by that one's hash, and a fixed output's derivation by
// a hash of its contents' hash: how something was fetched does not matter, as long
// as it is the same thing.
package drv
