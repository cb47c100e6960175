package store

import (
	"context"
	"fmt"
	"io"
)

// Source is a place with valid store objects that can be read: local.Store, a
// binary cache, a daemon. All methods may be called from several goroutines.
type Source interface {
	// StoreDir is the directory that the objects' paths are computed for.
	StoreDir() Dir

	// URI names the place in messages, such as "https://cache.nixos.org".
	URI() string

	// QueryPathInfo says what is known of a valid path. The error is an
	// *InvalidPathError if the place does not have it. The result is the
	// caller's to change.
	QueryPathInfo(ctx context.Context, p Path) (*PathInfo, error)

	// QueryValidPaths returns those of paths that the place has. It may be much
	// faster than asking for each.
	QueryValidPaths(ctx context.Context, paths []Path) (map[Path]bool, error)

	// QueryPathFromHashPart finds the valid path with a hash part, or an error
	// that is an *InvalidPathError.
	QueryPathFromHashPart(ctx context.Context, hashPart string) (Path, error)

	// NarFromPath writes the NAR of a valid path to w. What is written before an
	// error is returned must not be used: sizes and hashes that do not fit may
	// only be seen at the end.
	NarFromPath(ctx context.Context, p Path, w io.Writer) error
}

// Store is a Source that objects can be copied to.
type Store interface {
	Source

	// AddToStore makes info.Path valid with the NAR that is read from nar. It
	// reads no further than the end of the archive, and refuses one that does
	// not have info's hash and size. References other than to itself must be
	// valid already. A path that is valid already is left as it is, without nar
	// being read, unless opts ask for its repair.
	AddToStore(ctx context.Context, info *PathInfo, nar io.Reader, opts AddOptions) error
}

// AddOptions steer Store.AddToStore.
type AddOptions struct {
	// NoCheckSigs accepts a path that no trusted key has signed. Otherwise the
	// place decides by its own settings.
	NoCheckSigs bool
	// Repair replaces the path if it is there.
	Repair bool
}

// InvalidPathError is the error for a path that a place does not have.
type InvalidPathError struct {
	Path string // as the user knows it: absolute, or just a hash part
	URI  string // of the place; "" where that does not matter
}

func (e *InvalidPathError) Error() string {
	if e.URI == "" {
		return fmt.Sprintf("path '%s' is not valid", e.Path)
	}
	return fmt.Sprintf("path '%s' does not exist in store '%s'", e.Path, e.URI)
}

// Stager is a Store whose AddToStore can be done in two steps, so that archives
// travel in parallel whatever refers to what.
type Stager interface {
	Store

	// Stage brings the archive to the place without making the path valid.
	// It returns nil if the path is valid already.
	Stage(ctx context.Context, info *PathInfo, nar io.Reader, opts AddOptions) (Staged, error)

	// Commit makes staged paths valid. Their references must be valid or among
	// them, in any order.
	Commit(ctx context.Context, staged []Staged) error
}

// Staged is an object that was brought to a place and is not valid yet.
type Staged interface {
	// Discard removes it again, if it was not committed.
	Discard()
}
