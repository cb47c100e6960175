package builder

import (
	"context"
	"errors"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// Store is what the builder needs of a local store; local.Store is one.
type Store interface {
	store.Adder

	// RealDir is where the store directory lies on disk. It differs from
	// StoreDir in a chroot store.
	RealDir() string
	StateDir() string
	LogDir() string

	// QueryPathInfo returns an *store.InvalidPathError if p is not valid.
	QueryPathInfo(ctx context.Context, p store.Path) (*store.PathInfo, error)
	QueryValidPaths(ctx context.Context, paths []store.Path) (map[store.Path]bool, error)
	IsValid(ctx context.Context, p store.Path) (bool, error)

	// ReadDerivation reads a derivation that is in the store.
	ReadDerivation(p store.Path) (*drv.Derivation, error)

	// AddTempRoot keeps p from being collected while this process runs.
	AddTempRoot(ctx context.Context, p store.Path) error

	// Register makes paths valid, in one transaction. The files are in place
	// and have canonical metadata.
	Register(ctx context.Context, infos ...*store.PathInfo) error
}

// ScratchStore is a Store that sweeps up build directories after processes that
// were killed; local.Store is one.
type ScratchStore interface {
	MakeScratch(ctx context.Context, name string) error
	ForgetScratch(name string) error
}

// Substitutable is what a cache knows of a path.
type Substitutable struct {
	From         string // where it is, as a URI
	URL          string // what is downloaded; "" if no server is asked
	References   []store.Path
	Deriver      store.Path
	DownloadSize int64 // 0 if not known
	NarSize      int64
}

// ErrSubstituteGone is wrapped by Substituter.Substitute's error if a cache does
// not have what it said it has: then building is no fallback but the way.
var ErrSubstituteGone = errors.New("the substitute is gone")

// Substituter copies paths from binary caches into the store.
type Substituter interface {
	// Query returns what the first cache that has p says of it; nil if none has. ca
	// is p's content address, if a derivation fixes it: caches for other store
	// directories may have it too.
	Query(ctx context.Context, p store.Path, ca store.ContentAddress) (*Substitutable, error)

	// Substitute makes p valid. Its references are valid already. progress is
	// called with bytes done and expected.
	Substitute(ctx context.Context, p store.Path, ca store.ContentAddress, progress func(done, total int64)) error

	// QueryRealisation returns what an output came to be as the first cache has it
	// that accept, which gets the cache's address, likes; nil if none has.
	QueryRealisation(ctx context.Context, id store.DrvOutput, accept func(from string, r *store.Realisation) bool) (*store.Realisation, error)
}
