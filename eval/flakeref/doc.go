// Package flakeref reads and writes flake references, such as
// `github:NixOS/nixpkgs/23.05?dir=lib`.
//
// A reference has two forms: a URL, or a set of attributes of which `type` names
// the scheme: path, git, hg, github, gitlab, sourcehut, tarball, file, or indirect
// (a name that a registry resolves). [Parse] and [FromAttrs] read them, the
// methods of [Ref] write them; both directions check what Nix checks, and word
// errors as Nix does. Nothing is fetched or looked up.
package flakeref
