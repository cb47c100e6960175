package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/closure"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/local"
)

// withStore runs f with the store of the settings.
func withStore(c *cobra.Command, env *Env, flags *settingsFlags, f func(ctx context.Context, s *local.Store) error) (err error) {
	set, err := flags.load(env)
	if err != nil {
		return err
	}
	s, err := openStore(c.Context(), env, set, local.Info)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := s.Close(); err == nil {
			err = cerr
		}
	}()
	return f(c.Context(), s)
}

// withSource is withStore for commands that also work on binary caches.
func withSource(c *cobra.Command, env *Env, flags *settingsFlags, f func(ctx context.Context, src store.Source) error) error {
	set, err := flags.load(env)
	if err != nil {
		return err
	}
	return withSourceAt(c.Context(), env, set, set.String("store"), f)
}

// withSourceAt runs f with the store or binary cache at a URI.
func withSourceAt(ctx context.Context, env *Env, set *settings.Settings, uri string, f func(ctx context.Context, src store.Source) error) (err error) {
	st := newStores(env, set, local.Info)
	defer func() {
		if cerr := st.Close(); err == nil {
			err = cerr
		}
	}()
	src, err := st.open(ctx, uri)
	if err != nil {
		return err
	}
	return f(ctx, src)
}

// storePathArgs are the store paths that arguments name: file names in the store
// or links into it, DRV^OUT and DRV^* for outputs; with recursive the closure,
// with all every valid path.
func storePathArgs(ctx context.Context, env *Env, s store.Source, args []string, all, recursive bool) ([]*store.PathInfo, error) {
	var paths []store.Path
	var err error
	if all {
		if len(args) > 0 {
			return nil, usageErrorf("'--all' does not expect arguments")
		}
		l, ok := s.(lister)
		if !ok {
			return nil, fmt.Errorf("'%s' cannot list all its paths", s.URI())
		}
		if paths, err = l.AllValid(ctx); err != nil {
			return nil, err
		}
	}
	for _, a := range args {
		name, outs, hasOuts := strings.Cut(a, "^")
		p, err := followToStore(env, s.StoreDir(), name)
		if err != nil {
			return nil, err
		}
		if !hasOuts {
			paths = append(paths, p)
			continue
		}
		at, ok := s.(*local.Store)
		if !ok {
			return nil, fmt.Errorf("'%s' does not know the outputs of derivations", s.URI())
		}
		known, err := at.DerivationOutputs(ctx, p)
		if err != nil {
			return nil, err
		}
		if outs == "*" {
			for _, out := range known {
				paths = append(paths, out)
			}
			continue
		}
		for out := range strings.SplitSeq(outs, ",") {
			p, ok := known[out]
			if !ok {
				return nil, fmt.Errorf("derivation '%s' does not have an output named '%s'", name, out)
			}
			paths = append(paths, p)
		}
	}
	if recursive {
		set, err := closure.Compute(ctx, s, paths)
		if err != nil {
			return nil, err
		}
		infos := make([]*store.PathInfo, 0, len(set))
		for _, p := range set.Paths() {
			infos = append(infos, set[p])
		}
		return sortInfos(infos), nil
	}
	if at, ok := s.(*local.Store); ok {
		return at.QueryPathInfos(ctx, paths)
	}
	infos := make([]*store.PathInfo, len(paths))
	for i, p := range paths {
		if infos[i], err = s.QueryPathInfo(ctx, p); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

type pathInfoFlags struct {
	all, recursive, size, closureSize, human, sigs, json bool
	format                                               int
}

func newPathInfoCmd(env *Env) *cobra.Command {
	f := pathInfoFlags{}
	c := &cobra.Command{
		Use:   "path-info INSTALLABLE...",
		Short: "Show what the store knows of store paths",
		Long: `Show what the store, or the binary cache of --store, knows of store paths.

An INSTALLABLE is a file in the store, a link into it such as ./result, DRV^OUTPUT, or an
attribute of what --file or --expr evaluates to; nothing is built.`,
		Example: `  gonix path-info ./result
  gonix path-info -f '<nixpkgs>' hello --store https://cache.nixos.org
  gonix path-info -rsSh ./result
  gonix path-info --json --json-format 2 ./result
  gonix path-info --all --sigs`,
		Args: cobra.ArbitraryArgs,
	}
	var t targetArgs
	t.add(env, c)
	c.Flags().BoolP("help", "", false, "help for path-info") // -h is --human-readable
	c.Flags().BoolVar(&f.all, "all", false, "every valid path")
	c.Flags().BoolVarP(&f.recursive, "recursive", "r", false, "also what the paths refer to")
	c.Flags().BoolVarP(&f.size, "size", "s", false, "print the size of each path's NAR")
	c.Flags().BoolVarP(&f.closureSize, "closure-size", "S", false, "print the size of each path's closure")
	c.Flags().BoolVarP(&f.human, "human-readable", "h", false, "print sizes like 5.6 GiB")
	c.Flags().BoolVar(&f.sigs, "sigs", false, "print signatures")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	c.Flags().IntVar(&f.format, "json-format", 0, "`VERSION` of the JSON: 1, 2 or 3")
	c.RunE = func(c *cobra.Command, args []string) error {
		if f.format < 0 || f.format > 3 {
			return usageErrorf("unsupported path info JSON format version %d; supported versions are 1, 2 and 3", f.format)
		}
		if len(args) == 0 && !f.all {
			return usageErrorf("'path-info' requires at least one path\nTry 'gonix path-info --help'")
		}
		set, err := t.flags.load(env)
		if err != nil {
			return err
		}
		at := firstOf(t.eval.store, set.String("store"))
		return withSourceAt(c.Context(), env, set, at, func(ctx context.Context, s store.Source) error {
			if t.mustEvaluate(env, storeDir(env), args) {
				if isCache(at) {
					t.eval.store = "" // the cache has the outputs, but takes no derivations
				}
				if args, err = t.planned(ctx, env, set, s, args); err != nil {
					return err
				}
			}
			if f.json {
				return f.printJSON(ctx, env, s, args)
			}
			infos, err := storePathArgs(ctx, env, s, args, f.all, f.recursive)
			if err != nil {
				return err
			}
			return f.print(ctx, env, s, infos)
		})
	}
	return c
}

func (f *pathInfoFlags) print(ctx context.Context, env *Env, s store.Source, infos []*store.PathInfo) error {
	width := 0
	for _, i := range infos {
		width = max(width, len(s.StoreDir().Format(i.Path)))
	}
	var b bytes.Buffer
	size := func(n int64) {
		if f.human {
			fmt.Fprintf(&b, "\t%s", humanSize(n))
		} else {
			fmt.Fprintf(&b, "\t%11d", n)
		}
	}
	for _, i := range infos {
		name := s.StoreDir().Format(i.Path)
		b.WriteString(name)
		if f.size || f.closureSize || f.sigs {
			b.WriteString(strings.Repeat(" ", width-len(name)))
		}
		if f.size {
			size(i.NarSize)
		}
		if f.closureSize {
			n, err := closureSize(ctx, s, i.Path)
			if err != nil {
				return err
			}
			size(n)
		}
		if f.sigs {
			var words []string
			if i.Ultimate {
				words = append(words, "ultimate")
			}
			if !i.CA.IsZero() {
				words = append(words, "ca:"+i.CA.String())
			}
			words = append(words, i.Sigs...)
			fmt.Fprintf(&b, "\t%s", strings.Join(words, " "))
		}
		b.WriteByte('\n')
	}
	_, err := env.Stdout.Write(b.Bytes())
	return err
}

func closureSize(ctx context.Context, s store.Source, p store.Path) (int64, error) {
	infos, err := closure.Compute(ctx, s, []store.Path{p})
	var n int64
	for _, i := range infos {
		n += i.NarSize
	}
	return n, err
}

// humanSize prints a number of bytes with a unit, in Nix's way.
func humanSize(n int64) string {
	v := float64(n)
	units := "KMGTPEZY"
	u := 0
	for v /= 1024; v >= 1024 && u < len(units)-1; u++ {
		v /= 1024
	}
	return fmt.Sprintf("%6.1f %ciB", v, units[u])
}

// printJSON prints an object with a member for each path; of an invalid one null.
func (f *pathInfoFlags) printJSON(ctx context.Context, env *Env, s store.Source, args []string) error {
	format := f.format
	if format == 0 {
		warnf(env, "'--json' without '--json-format' is deprecated; please specify '--json-format 1' or '--json-format 2'. This will become an error in a future release.")
		format = 1
	}
	dir := s.StoreDir()
	key := func(p store.Path) string {
		if format == 1 {
			return dir.Format(p)
		}
		return p.String()
	}
	all := map[string]any{}
	var valid []string
	for _, a := range args {
		p, err := followToStore(env, dir, a)
		if err != nil || strings.Contains(a, "^") {
			valid = append(valid, a)
			continue
		}
		have, err := s.QueryValidPaths(ctx, []store.Path{p})
		if err != nil {
			return err
		}
		if have[p] {
			valid = append(valid, a)
		} else {
			all[key(p)] = nil
		}
	}
	if len(valid) > 0 || f.all {
		infos, err := storePathArgs(ctx, env, s, valid, f.all, f.recursive)
		if err != nil {
			return err
		}
		for _, i := range infos {
			j := pathInfoJSON(i, dir, format)
			if at, ok := s.(*cache.Cache); ok {
				in, err := at.QueryNarInfo(ctx, i.Path)
				if err != nil {
					return err
				}
				j["url"], j["compression"], j["downloadSize"] = in.URL, in.Compression, in.FileSize
				if !in.FileHash.IsZero() {
					j["downloadHash"] = hash.Format(in.FileHash, hash.SRI)
				}
			}
			if f.closureSize {
				if j["closureSize"], err = closureSize(ctx, s, i.Path); err != nil {
					return err
				}
			}
			all[key(i.Path)] = j
		}
	}
	if format == 1 {
		return printCompactJSON(env, all)
	}
	return printCompactJSON(env, map[string]any{"version": format, "storeDir": dir, "info": all})
}

// pathInfoJSON is what is known of a path in one of Nix's JSON formats.
func pathInfoJSON(i *store.PathInfo, dir store.Dir, format int) map[string]any {
	j := map[string]any{
		"version": format, "storeDir": dir, "narSize": i.NarSize, "ultimate": i.Ultimate,
		"narHash": hash.Format(i.NarHash, hash.SRI), "ca": nil, "deriver": nil, "registrationTime": nil,
	}
	path := func(p store.Path) string {
		if format == 1 {
			return dir.Format(p)
		}
		return p.String()
	}
	refs := []string{}
	for _, r := range i.References {
		refs = append(refs, path(r))
	}
	j["references"] = refs
	if !i.Deriver.IsZero() {
		j["deriver"] = path(i.Deriver)
	}
	if !i.RegistrationTime.IsZero() {
		j["registrationTime"] = i.RegistrationTime.Unix()
	}
	switch {
	case i.CA.IsZero():
	case format == 1:
		j["ca"] = i.CA.String()
	default:
		j["ca"] = map[string]any{"method": i.CA.Method.String(), "hash": hash.Format(i.CA.Hash, hash.SRI)}
	}
	sigs := []any{}
	for _, s := range i.Sigs {
		if name, sig, ok := strings.Cut(s, ":"); ok && format == 3 {
			sigs = append(sigs, map[string]string{"keyName": name, "sig": sig})
		} else {
			sigs = append(sigs, s)
		}
	}
	j["signatures"] = sigs
	return j
}

// printCompactJSON prints JSON in one line, without HTML's escapes.
func printCompactJSON(env *Env, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := env.Stdout.Write(b.Bytes())
	return err
}
