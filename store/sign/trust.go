package sign

import "gonix.dev/gonix/store"

// Trusts says whether a path may be believed to be what its name says: it is
// content-addressed, or signed by one of the keys.
func (ks Keys) Trusts(dir store.Dir, info *store.PathInfo) bool {
	if info.IsContentAddressed(dir) {
		return true
	}
	text, err := info.Fingerprint(dir)
	return err == nil && ks.Count(text, info.Sigs) > 0
}

// Check is Trusts with Nix's error.
func (ks Keys) Check(dir store.Dir, info *store.PathInfo) error {
	if ks.Trusts(dir, info) {
		return nil
	}
	return &UntrustedError{dir.Format(info.Path)}
}

// UntrustedError is a path that nobody trusted has signed.
type UntrustedError struct{ Path string }

func (e *UntrustedError) Error() string {
	return "cannot add path '" + e.Path + "' because it lacks a signature by a trusted key"
}
