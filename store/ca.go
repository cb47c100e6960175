package store

import (
	"fmt"
	"strings"

	"gonix.dev/gonix/store/hash"
)

// Method is how a tree becomes the bytes that are hashed for a content address.
type Method uint8

// The methods of Nix.
const (
	Flat      Method = iota // the contents of a single file
	Recursive               // the NAR; Nix's "nar", formerly "recursive"
	Text                    // the contents of a file that may have references
	Git                     // Git's tree or blob object
)

// String is the method's name in Nix: flat, nar, text or git.
func (m Method) String() string {
	switch m {
	case Flat:
		return "flat"
	case Recursive:
		return "nar"
	case Text:
		return "text"
	case Git:
		return "git"
	}
	return fmt.Sprintf("Method(%d)", uint8(m))
}

// ParseMethod reads a method's name. Like builtins.path and derivations'
// outputHashMode it also takes "recursive".
func ParseMethod(s string) (Method, error) {
	switch s {
	case "flat":
		return Flat, nil
	case "nar", "recursive":
		return Recursive, nil
	case "text":
		return Text, nil
	case "git":
		return Git, nil
	}
	return 0, fmt.Errorf("Unknown file ingestion method '%s', expect `flat`, `nar`, or `git`", s)
}

// prefix comes before the algorithm in a fixed output's hash input.
func (m Method) prefix() string {
	switch m {
	case Recursive:
		return "r:"
	case Git:
		return "git:"
	case Text:
		return "text:"
	}
	return ""
}

// AlgoString is the method and algorithm as derivations spell them: `sha256`,
// `r:sha256`, `text:sha256`, `git:sha1`.
func (m Method) AlgoString(a hash.Algo) string { return m.prefix() + a.String() }

// ParseMethodAlgo is the inverse of AlgoString.
func ParseMethodAlgo(s string) (Method, hash.Algo, error) {
	m := Flat
	for _, try := range []Method{Recursive, Git, Text} {
		if rest, ok := strings.CutPrefix(s, try.prefix()); ok {
			m, s = try, rest
			break
		}
	}
	a, err := hash.ParseAlgo(s)
	return m, a, err
}

// ContentAddress says how an object's contents fix its path. The zero value is
// none.
type ContentAddress struct {
	Method Method
	Hash   hash.Hash
}

// IsZero says whether ca is no content address.
func (ca ContentAddress) IsZero() bool { return ca.Hash.IsZero() }

// String is the form of the database and of narinfo files, such as
// `fixed:r:sha256:<base 32>` or `text:sha256:<base 32>`; empty for none.
func (ca ContentAddress) String() string {
	if ca.IsZero() {
		return ""
	}
	prefix := ca.Method.prefix()
	if ca.Method != Text {
		prefix = "fixed:" + prefix
	}
	return prefix + hash.WithPrefix(ca.Hash, hash.Nix32)
}

// ParseContentAddress reads a content address; the empty string is none.
func ParseContentAddress(s string) (ContentAddress, error) {
	if s == "" {
		return ContentAddress{}, nil
	}
	prefix, rest, ok := strings.Cut(s, ":")
	if !ok {
		return ContentAddress{}, fmt.Errorf("not a content address because it is not in the form '<prefix>:<rest>': %s", s)
	}
	ca := ContentAddress{}
	switch prefix {
	case "text":
		ca.Method = Text
	case "fixed":
		if r, ok := strings.CutPrefix(rest, "r:"); ok {
			ca.Method, rest = Recursive, r
		} else if r, ok := strings.CutPrefix(rest, "git:"); ok {
			ca.Method, rest = Git, r
		}
	default:
		return ContentAddress{}, fmt.Errorf("content address prefix '%s' is unrecognized. Recogonized prefixes are 'text' or 'fixed'", prefix)
	}
	name, digest, ok := strings.Cut(rest, ":")
	if !ok {
		return ContentAddress{}, fmt.Errorf("content address hash must be in form '<algo>:<hash>', but found: %s", s)
	}
	algo, err := hash.ParseAlgo(name)
	if err != nil {
		return ContentAddress{}, err
	}
	ca.Hash, err = hash.ParseUnprefixed(digest, algo)
	return ca, err
}
