package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
	"gonix.dev/gonix/store/sign"
)

// openStore opens the local store that settings and environment name. Messages
// up to the verbosity go to standard error.
func openStore(ctx context.Context, env *Env, s *settings.Settings, verbosity local.Level) (*local.Store, error) {
	set, err := storeSettings(env, s, s.String("store"), verbosity)
	if err != nil {
		return nil, err
	}
	return local.Open(ctx, set)
}

// storeSettings says which local store a URI means, and how it is kept.
func storeSettings(env *Env, s *settings.Settings, uri string, verbosity local.Level) (local.Settings, error) {
	keys, err := sign.ParseKeys(s.Strings("trusted-public-keys"))
	if err != nil {
		return local.Settings{}, err
	}
	dir := storeDir(env)
	group, _ := buildUsers(s)
	at := local.Places{
		Dir: env.Dir,
		Settings: local.Settings{
			Dir:             dir,
			StateDir:        cleanPath(env.Getenv("NIX_STATE_DIR")),
			LogDir:          cleanPath(env.Getenv("NIX_LOG_DIR")),
			NoSync:          !s.Bool("fsync-store-paths") && !s.IsDefault("fsync-store-paths"),
			NoFsyncMetadata: !s.Bool("fsync-metadata"),
			NoWAL:           !s.Bool("use-sqlite-wal"),
			AutoOptimise:    s.Bool("auto-optimise-store"),
			AllowSymlinks:   s.Bool("allow-symlinked-store"),
			BuildGroup:      group,
			IgnoredACLs:     s.Strings("ignored-acls"),
			HeldLocks:       heldLocks(dir, env.Getenv("NIX_HELD_LOCKS")),
			GC: local.GCPolicy{
				KeepOutputs:     s.Bool("keep-outputs"),
				DropDerivations: !s.Bool("keep-derivations"),
				MinFree:         int64(min(s.Size("min-free"), 1<<62)),
				MaxFree:         int64(min(s.Size("max-free"), 1<<62)),
				CheckInterval:   time.Duration(s.Size("min-free-check-interval")) * time.Second,
				FreeSpaceFile:   env.Getenv("_NIX_TEST_FREE_SPACE_FILE"),
				Stop:            [2]string{env.Getenv("_NIX_TEST_GC_SYNC_1"), env.Getenv("_NIX_TEST_GC_SYNC_2")},
			},
			MakeWritable: func(dir string) error { return makeWritable(env, dir) },
			Log:          storeLog(env, verbosity),
		},
	}
	if s.Bool("require-sigs") {
		at.Settings.Trusted = func(i *store.PathInfo) error { return trustPath(keys, dir, i) }
		at.Settings.TrustedRealisation = keys.CheckRealisation
	}
	if env.Getenv("NIX_STORE_DIR") == "" && env.Getenv("NIX_STATE_DIR") == "" {
		data := env.Getenv("XDG_DATA_HOME")
		if data == "" && env.Getenv("HOME") != "" {
			data = filepath.Join(env.Getenv("HOME"), ".local/share")
		}
		if data != "" {
			at.UserRoot = filepath.Join(data, "nix/root")
		}
	}
	return local.Resolve(uri, at)
}

// storeLog prints a store's messages.
func storeLog(env *Env, verbosity local.Level) func(local.Level, string) {
	return func(l local.Level, msg string) {
		switch {
		case l > verbosity:
		case l == local.Error:
			printError(env, errors.New(msg))
		case l == local.Warn:
			warnf(env, "%s", msg)
		default:
			fmt.Fprintln(env.Stderr, msg)
		}
	}
}

// trustPath says whether a path from elsewhere may be added.
func trustPath(keys sign.Keys, dir store.Dir, i *store.PathInfo) error {
	if i.IsContentAddressed(dir) {
		return nil
	}
	fp, err := i.Fingerprint(dir)
	if err != nil {
		return err
	}
	if keys.Count(fp, i.Sigs) > 0 {
		return nil
	}
	return fmt.Errorf("cannot add path '%s' because it lacks a signature by a trusted key", dir.Format(i.Path))
}

func heldLocks(dir store.Dir, list string) map[store.Path]bool {
	held := map[store.Path]bool{}
	for _, name := range filepath.SplitList(list) {
		if p, err := dir.Parse(name); err == nil {
			held[p] = true
		}
	}
	return held
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func cleanPath(p string) string {
	if p == "" {
		return ""
	}
	return filepath.Clean(p)
}

// abs is the absolute name of a file on the command line.
func (env *Env) abs(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(env.Dir, name)
}

// followToStore returns the store path that a file is in, following symlinks that
// are outside of the store, such as result.
func followToStore(env *Env, dir store.Dir, name string) (store.Path, error) {
	p, _, err := followIntoStore(env, dir, name)
	return p, err
}

// followIntoStore is followToStore with what comes below the store path.
func followIntoStore(env *Env, dir store.Dir, name string) (store.Path, string, error) {
	full := env.abs(name)
	for range 64 {
		if dir.Contains(full) {
			return dir.Split(full)
		}
		target, err := os.Readlink(full)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(full), target)
		}
		full = filepath.Clean(target)
	}
	return store.Path{}, "", fmt.Errorf("path '%s' is not in the Nix store", full)
}

// sortByReferences orders paths so that each comes after what it refers to.
func sortByReferences(ctx context.Context, s *local.Store, paths []store.Path) ([]*store.PathInfo, error) {
	infos, err := s.QueryPathInfos(ctx, store.SortPaths(paths))
	return sortInfos(infos), err
}

// sortInfos does so for paths whose infos are known.
func sortInfos(infos []*store.PathInfo) []*store.PathInfo {
	byPath := make(map[store.Path]*store.PathInfo, len(infos))
	for _, i := range infos {
		byPath[i.Path] = i
	}
	sorted := make([]*store.PathInfo, 0, len(infos))
	seen := make(map[store.Path]bool, len(infos))
	var visit func(i *store.PathInfo)
	visit = func(i *store.PathInfo) {
		if seen[i.Path] {
			return
		}
		seen[i.Path] = true
		for _, r := range i.References {
			if next := byPath[r]; next != nil {
				visit(next)
			}
		}
		sorted = append(sorted, i)
	}
	for _, i := range infos {
		visit(i)
	}
	return sorted
}

// parseCount reads a number of bytes with an optional K, M, G or T, as --max-freed
// has it.
func parseCount(s string) (int64, error) {
	unit := int64(1)
	if n := len(s); n > 0 {
		switch s[n-1] {
		case 'k', 'K':
			unit = 1 << 10
		case 'm', 'M':
			unit = 1 << 20
		case 'g', 'G':
			unit = 1 << 30
		case 't', 'T':
			unit = 1 << 40
		}
		if unit > 1 {
			s = s[:n-1]
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, usageErrorf("'%s' is not an integer", s)
	}
	return n * unit, nil
}
