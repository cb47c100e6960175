package cmd

import (
	"context"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/local"
	"gonix.dev/gonix/store/nar"
)

// dumpDB is nix-store --dump-db.
func (n *nixStore) dumpDB(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return n.store.DumpDB(ctx, n.env.Stdout)
	}
	paths, err := n.paths(args)
	if err != nil {
		return err
	}
	infos, err := n.store.QueryPathInfos(ctx, paths)
	if err != nil {
		return err
	}
	return local.WriteValidity(n.env.Stdout, n.store.StoreDir(), infos)
}

// loadDB is nix-store --load-db.
func (n *nixStore) loadDB(ctx context.Context, _ []string) error {
	infos, err := local.ReadValidity(n.env.Stdin, n.store.StoreDir(), true)
	if err != nil {
		return err
	}
	return n.store.Register(ctx, infos...)
}

// registerValidity is nix-store --register-validity.
func (n *nixStore) registerValidity(ctx context.Context, _ []string) error {
	hashGiven := n.has("hash-given")
	infos, err := local.ReadValidity(n.env.Stdin, n.store.StoreDir(), hashGiven)
	if err != nil {
		return err
	}
	var fresh []*store.PathInfo
	for _, i := range infos {
		valid, err := n.store.IsValid(ctx, i.Path)
		if err != nil {
			return err
		}
		if valid && !n.has("reregister") {
			continue
		}
		name := n.store.RealPath(i.Path)
		if err := local.CanonicaliseMetadata(name, local.CanonicalOptions{IgnoredACLs: n.store.Settings().IgnoredACLs}); err != nil {
			return err
		}
		if !hashGiven {
			w := hash.New(hash.SHA256)
			if err := nar.DumpPath(w, name, nil); err != nil {
				return err
			}
			i.NarHash, i.NarSize = w.Sum(), w.Size()
		}
		fresh = append(fresh, i)
	}
	return n.store.Register(ctx, fresh...)
}

// checkValidity is nix-store --check-validity.
func (n *nixStore) checkValidity(ctx context.Context, args []string) error {
	paths, err := n.paths(args)
	if err != nil {
		return err
	}
	for _, p := range paths {
		valid, err := n.store.IsValid(ctx, p)
		if err != nil {
			return err
		}
		if valid {
			continue
		}
		if !n.has("print-invalid") {
			return &store.InvalidPathError{Path: n.store.StoreDir().Format(p)}
		}
		n.print(p)
	}
	return nil
}
