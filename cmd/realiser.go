package cmd

import (
	"context"
	"errors"

	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// Realiser makes paths valid by substituting and building them.
type Realiser interface {
	// Realise makes paths valid: all outputs of a derivation, any other path
	// itself.
	Realise(ctx context.Context, paths []store.Path) error
	// Repair makes a damaged path anew.
	Repair(ctx context.Context, path store.Path) error
}

// newRealiser returns the realiser for a store.
func newRealiser(*Env, *settings.Settings, *local.Store) (Realiser, error) {
	return nil, errors.New("building is not supported yet")
}
