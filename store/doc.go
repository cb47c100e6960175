// Package store has the words of the Nix store: store paths and how they are
// computed, content addresses, placeholders, what is known of a valid path, and
// the small interfaces of the places that hold store objects.
//
// A store object is a file system tree (file, directory or symlink) together
// with its references to other store objects. Its Path is
//
//	<hash part>-<name>
//
// where the hash part is 160 bits in Nix's base 32, computed from the store
// directory and either the object's contents (content-addressed: sources, texts,
// fixed outputs) or the derivation that makes it (input-addressed). Because the
// Dir takes part in the hash, every function that computes a path is a method of
// Dir, and a Path by itself does not carry it.
//
// The floors below and above: hash and nar know nothing of this package; drv,
// local and cache build on it.
package store
