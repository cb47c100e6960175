package cmd

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/closure"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/local"
)

// openEvalStore gives an evaluation its door to the file system and the place
// where it puts sources and derivations: a local store, unless nothing is to be
// written.
func openEvalStore(ctx context.Context, env *Env, s *settings.Settings, uri string, mode evalMode, pure bool) (eval.World, store.Adder, *local.Store, error) {
	world := &eval.OS{LookupEnv: lookupEnv(env), Physical: !pure}
	if uri == "" {
		uri = s.String("store")
	}
	dir := store.Dir(env.Getenv("NIX_STORE_DIR"))
	if dir == "" {
		dir = store.DefaultDir
	}
	if strings.HasPrefix(uri, "dummy") {
		return world, store.Compute{Dir: dir}, nil, nil
	}
	if isCache(uri) {
		// Sources and derivations go straight into the cache.
		c, err := newStores(env, s, local.Warn).openCache(uri)
		if err != nil {
			return nil, nil, nil, err
		}
		return world, c, nil, nil
	}
	set, err := storeSettings(env, s, uri, local.Warn)
	if mode == readOnly {
		if err == nil && set.Dir != "" {
			dir = set.Dir
			if real := firstOf(set.RealDir, filepath.Join("/", set.Root, string(dir))); real != string(dir) {
				world.StoreDir, world.StoreRoot = string(dir), real
			}
		}
		return world, store.Compute{Dir: dir}, nil, nil
	}
	if err != nil {
		return nil, nil, nil, err
	}
	st, err := local.Open(ctx, set)
	if err != nil {
		return nil, nil, nil, err
	}
	if st.RealDir() != string(st.StoreDir()) {
		world.StoreDir, world.StoreRoot = string(st.StoreDir()), st.RealDir()
	}
	return world, st.NewBatch(), st, nil
}

// openPlaces remembers where an evaluation writes, adder and st, and opens what it
// builds in, if that is another store.
func (e *evaluation) openPlaces(ctx context.Context, f *evalFlags, adder store.Adder, st *local.Store, mode evalMode) error {
	if st != nil {
		e.batch = adder.(*local.Batch)
	}
	switch {
	case mode == readOnly:
		return nil
	case f.evalStore == "":
		if e.store = st; st != nil {
			e.place = st
		} else if c, ok := adder.(*cache.Cache); ok {
			e.place = builder.Elsewhere(c)
		}
		return nil
	case st == nil:
		return usageErrorf("the store of an evaluation must be a local one, not '%s'", f.evalStore)
	}
	e.evalStore = st
	s, err := storeSettings(e.env, e.settings, firstOf(f.store, e.settings.String("store")), local.Warn)
	if err == nil {
		e.store, err = local.Open(ctx, s)
	}
	if err != nil {
		st.Close()
		return err
	}
	e.place = e.store
	return nil
}

// drvs is the local store that has the derivations.
func (e *evaluation) drvs() *local.Store {
	if e.evalStore != nil {
		return e.evalStore
	}
	return e.store
}

// readDerivation reads a derivation that the evaluation has written, or that is in
// the store that is built in.
func (e *evaluation) readDerivation(p store.Path) (*drv.Derivation, error) {
	if e.evalStore != nil {
		d, err := e.evalStore.ReadDerivation(p)
		if !isInvalidPath(err) {
			return d, err
		}
	}
	return e.place.ReadDerivation(p)
}

// sourceStore is a local store from which paths are copied to another.
type sourceStore struct {
	*local.Store
	to      *local.Store
	trusted bool // what is copied was built here
}

// Bring implements builder.EvalStore.
func (s sourceStore) Bring(ctx context.Context, paths []store.Path) error {
	valid, err := s.QueryValidPaths(ctx, paths)
	if err != nil {
		return err
	}
	_, err = closure.Copy(ctx, s.Store, s.to, slices.Collect(maps.Keys(valid)), closure.CopyOptions{NoCheckSigs: s.trusted})
	return err
}

func lookupEnv(env *Env) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v := env.Getenv(name)
		return v, v != ""
	}
}
