package store

import (
	"gonix.dev/gonix/store/hash"
)

// OutputPlaceholder stands for a derivation's own output before its path is
// known: builtins.placeholder.
func OutputPlaceholder(outputName string) string {
	return "/" + hash.Format(hash.SumString(hash.SHA256, "nix-output:"+outputName), hash.Nix32)
}

// Placeholder stands for an output of another derivation whose path is not known
// before that is built. It is a SHA-256.
type Placeholder struct {
	h hash.Hash
}

// String is what appears in the derivation: a slash and 52 base-32 digits.
func (p Placeholder) String() string { return "/" + hash.Format(p.h, hash.Nix32) }

// UpstreamPlaceholder stands for an output of a known derivation that is content
// addressed (or depends on one). drvPath must be a derivation.
func UpstreamPlaceholder(drvPath Path, outputName string) Placeholder {
	name := drvPath.Name()
	name = name[:len(name)-len(DrvExtension)]
	return Placeholder{hash.SumString(hash.SHA256,
		"nix-upstream-output:"+drvPath.HashPart()+":"+OutputPathName(name, outputName))}
}

// OutputOf stands for an output of the derivation that p will turn out to be:
// builtins.outputOf, dynamic derivations.
func (p Placeholder) OutputOf(outputName string) Placeholder {
	return Placeholder{hash.SumString(hash.SHA256,
		"nix-computed-output:"+hash.Format(p.h.Compress(20), hash.Nix32)+":"+outputName)}
}
