package store

import (
	"strings"

	"gonix.dev/gonix/store/hash"
)

// The digest of a store path is the SHA-256, folded to 160 bits, of
//
//	<type>:<algo>:<base-16 hash>:<store dir>:<name>
//
// where the type is "text" or "source" followed by references, or
// "output:<output name>".
func (d Dir) makePath(typ string, h hash.Hash, name string) (Path, error) {
	var b strings.Builder
	b.Grow(len(typ) + len(d) + len(name) + 160)
	b.WriteString(typ)
	b.WriteByte(':')
	b.WriteString(hash.WithPrefix(h, hash.Base16))
	b.WriteByte(':')
	b.WriteString(string(d))
	b.WriteByte(':')
	b.WriteString(name)
	return makePath(hash.SumString(hash.SHA256, b.String()).Compress(20), name)
}

// typeWithRefs puts references into the type, where they take part in the hash.
func (d Dir) typeWithRefs(typ string, refs []Path, self bool) string {
	if len(refs) == 0 && !self {
		return typ
	}
	var b strings.Builder
	b.Grow(len(typ) + len(refs)*96)
	b.WriteString(typ)
	for _, r := range SortPaths(refs) {
		b.WriteByte(':')
		b.WriteString(string(d))
		b.WriteByte('/')
		b.WriteString(r.base)
	}
	if self {
		b.WriteString(":self")
	}
	return b.String()
}

// TextPath is the path of a text (a derivation, or a file of builtins.toFile)
// with the SHA-256 of its contents and its references.
func (d Dir) TextPath(name string, contents hash.Hash, refs []Path) (Path, error) {
	return d.makePath(d.typeWithRefs("text", refs, false), contents, name)
}

// FixedOutputPath is the path of an object whose contents, taken by method, have
// hash h. Only SHA-256 of the NAR allows references: to refs, and with self to
// the object itself (then h is of the NAR with the own hash part zeroed).
func (d Dir) FixedOutputPath(name string, method Method, h hash.Hash, refs []Path, self bool) (Path, error) {
	if method == Text {
		if self {
			return Path{}, pathErrorf("self-reference not allowed with text hashing")
		}
		return d.TextPath(name, h, refs)
	}
	if method == Git && h.Algo != hash.SHA1 && h.Algo != hash.SHA256 {
		return Path{}, pathErrorf("Git file ingestion must use SHA-1 or SHA-256 hash, but instead using: %s", h.Algo)
	}
	if method == Recursive && h.Algo == hash.SHA256 {
		return d.makePath(d.typeWithRefs("source", refs, self), h, name)
	}
	if len(refs) > 0 || self {
		return Path{}, pathErrorf("fixed output derivation '%s' is not allowed to refer to other store paths.\n"+
			"You may need to use the 'unsafeDiscardReferences' derivation attribute, see the manual for more details.", name)
	}
	inner := hash.SumString(hash.SHA256, "fixed:out:"+method.prefix()+hash.WithPrefix(h, hash.Base16)+":")
	return d.makePath("output:out", inner, name)
}

// SourcePath is the path of a source tree with the SHA-256 of its NAR.
func (d Dir) SourcePath(name string, narHash hash.Hash, refs []Path) (Path, error) {
	return d.FixedOutputPath(name, Recursive, narHash, refs, false)
}

// CAPath is the path of an object with content address ca. refs may contain no
// reference to itself: self says whether there is one.
func (d Dir) CAPath(name string, ca ContentAddress, refs []Path, self bool) (Path, error) {
	return d.FixedOutputPath(name, ca.Method, ca.Hash, refs, self)
}

// OutputPath is the path of an output of the input-addressed derivation drvName
// (without ".drv") whose hash modulo fixed outputs is drvHash.
func (d Dir) OutputPath(drvHash hash.Hash, outputName, drvName string) (Path, error) {
	return d.makePath("output:"+outputName, drvHash, OutputPathName(drvName, outputName))
}

// OutputPathName is the name of an output's store path: that of the derivation
// and, unless the output is "out", a dash and the output's.
func OutputPathName(drvName, outputName string) string {
	if outputName == "out" {
		return drvName
	}
	return drvName + "-" + outputName
}
