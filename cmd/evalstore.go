package cmd

import (
	"context"
	"path/filepath"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
)

// openEvalStore gives an evaluation its door to the file system and the place
// where it puts sources and derivations.
func openEvalStore(ctx context.Context, env *Env, s *settings.Settings, uri string, mode evalMode) (eval.World, store.Adder, error) {
	world := &eval.OS{LookupEnv: lookupEnv(env)}
	if uri == "" {
		uri = s.String("store")
	}
	dir := store.Dir(env.Getenv("NIX_STORE_DIR"))
	if dir == "" {
		dir = store.DefaultDir
	}
	if root, ok := storeRoot(uri); ok {
		world.StoreDir, world.StoreRoot = string(dir), filepath.Join(root, string(dir))
	}
	if mode == readOnly || strings.HasPrefix(uri, "dummy") {
		return world, store.Compute{Dir: dir}, nil
	}
	path := string(dir)
	if world.StoreRoot != "" {
		path = world.StoreRoot
	}
	return world, store.Folder{Dir: dir, Path: path}, nil
}

// storeRoot is the directory below which a chroot store lives.
func storeRoot(uri string) (string, bool) {
	if strings.HasPrefix(uri, "/") {
		return uri, true
	}
	if rest, ok := strings.CutPrefix(uri, "local?root="); ok {
		return rest, true
	}
	return "", false
}

func lookupEnv(env *Env) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v := env.Getenv(name)
		return v, v != ""
	}
}
