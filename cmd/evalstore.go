package cmd

import (
	"context"
	"path/filepath"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// openEvalStore gives an evaluation its door to the file system and the place
// where it puts sources and derivations: a local store, unless nothing is to be
// written.
func openEvalStore(ctx context.Context, env *Env, s *settings.Settings, uri string, mode evalMode) (eval.World, store.Adder, *local.Store, error) {
	world := &eval.OS{LookupEnv: lookupEnv(env)}
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

func lookupEnv(env *Env) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v := env.Getenv(name)
		return v, v != ""
	}
}
