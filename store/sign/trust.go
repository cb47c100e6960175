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

// TrustsRealisation says whether one of the keys has signed what an output is said
// to have come to be. Nothing but a signature, or building it, can tell.
func (ks Keys) TrustsRealisation(r *store.Realisation) bool {
	return ks.Count(r.Fingerprint(), r.Sigs) > 0
}

// CheckRealisation is TrustsRealisation with Nix's error.
func (ks Keys) CheckRealisation(r *store.Realisation) error {
	if ks.TrustsRealisation(r) {
		return nil
	}
	return &UntrustedRealisationError{r.Path.String()}
}

// UntrustedRealisationError is a realisation that nobody trusted has signed.
type UntrustedRealisationError struct{ Path string }

func (e *UntrustedRealisationError) Error() string {
	return "cannot register realisation '" + e.Path + "' because it lacks a signature by a trusted key"
}
