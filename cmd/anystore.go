package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/settings"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/local"
	"gonix.dev/gonix/store/sign"
)

// stores opens the stores of one command. They share connections and what is
// remembered of binary caches.
type stores struct {
	env       *Env
	set       *settings.Settings
	verbosity local.Level
	transport *cache.Transport
	disk      *cache.DiskCache
	warn      func(msg string) // for the user; several goroutines may call it
	mu        sync.Mutex       // of opened: substituters are opened by those who ask them
	opened    []io.Closer
}

func newStores(env *Env, s *settings.Settings, verbosity local.Level) *stores {
	t := newTransport(env, s)
	if !s.IsDefault("connect-timeout") {
		// Whoever has set it knows their network.
		t.FirstContact = max(t.ConnectTimeout, time.Second)
	}
	return &stores{env: env, set: s, verbosity: verbosity, transport: t, warn: func(msg string) { warnf(env, "%s", msg) }}
}

// fetchTransport is the transport of downloads that cannot be done without, for
// which a first contact may take as long as any other.
func fetchTransport(env *Env, s *settings.Settings) *cache.Transport {
	t := newTransport(env, s)
	t.FirstContact, t.Patient = max(t.ConnectTimeout, 15*time.Second), true
	return t
}

func newTransport(env *Env, s *settings.Settings) *cache.Transport {
	seconds := func(name string) time.Duration { return time.Duration(s.Size(name)) * time.Second }
	t := &cache.Transport{
		Getenv:         env.Getenv,
		UserAgent:      "gonix/" + version,
		CAFile:         s.String("ssl-cert-file"),
		NetrcFile:      s.String("netrc-file"),
		ConnectTimeout: seconds("connect-timeout"),
		StallTimeout:   seconds("stalled-download-timeout"),
		Connections:    s.Int("http-connections"),
		BytesPerSecond: int64(s.Int("download-speed")) << 10,
		NoHTTP2:        !s.Bool("http2"),
	}
	if suffix := s.String("user-agent-suffix"); suffix != "" {
		t.UserAgent += " " + suffix
	}
	if t.Connections == 0 {
		t.Connections = -1
	}
	return t
}

// Close closes what was opened.
func (st *stores) Close() error {
	var errs []error
	for _, c := range slices.Backward(st.opened) {
		errs = append(errs, c.Close())
	}
	st.opened = nil
	return errors.Join(errs...)
}

// isCache says whether a store URI is that of a binary cache.
func isCache(uri string) bool {
	scheme, _, ok := strings.Cut(withSlashes(uri), "://")
	return ok && slices.Contains(cache.Schemes, scheme)
}

// withSlashes is a URI in its full form: file:/DIR is file:///DIR.
func withSlashes(uri string) string {
	if dir, ok := strings.CutPrefix(uri, "file:/"); ok && !strings.HasPrefix(dir, "/") {
		return "file:///" + dir
	}
	return uri
}

// open opens the store that a URI names: a binary cache or a local store.
func (st *stores) open(ctx context.Context, uri string) (store.Store, error) {
	if isCache(uri) {
		return st.openCache(uri)
	}
	set, err := storeSettings(st.env, st.set, uri, st.verbosity)
	if err != nil {
		return nil, err
	}
	s, err := local.Open(ctx, set)
	if err != nil {
		return nil, err
	}
	st.opened = append(st.opened, s)
	return s, nil
}

// openDefault opens the store of the settings.
func (st *stores) openDefault(ctx context.Context) (store.Store, error) {
	return st.open(ctx, st.set.String("store"))
}

func (st *stores) openCache(uri string) (*cache.Cache, error) {
	retry := retrySettings(st.set)
	retry.Warn = func(msg string) { st.warn(msg) }
	return cache.Open(st.cacheURI(withSlashes(uri)), cache.Options{
		StoreDir:  storeDir(st.env),
		Transport: st.transport,
		Disk:      st.diskCache(),
		ForceDisk: st.env.Getenv("_NIX_FORCE_HTTP") == "1",
		Retry:     retry,
	})
}

func retrySettings(s *settings.Settings) cache.Retry {
	return cache.Retry{
		Attempts:     max(1, s.Int("filetransfer-retry-attempts")),
		Delay:        time.Duration(s.Size("filetransfer-retry-delay")) * time.Millisecond,
		LimitedDelay: time.Duration(s.Size("filetransfer-retry-delay-rate-limited")) * time.Millisecond,
		MaxDelay:     time.Duration(s.Size("filetransfer-retry-max-delay")) * time.Millisecond,
		NoJitter:     !s.Bool("filetransfer-retry-jitter"),
	}
}

// cacheURI makes key files in a cache's parameters absolute.
func (st *stores) cacheURI(uri string) string {
	base, query, ok := strings.Cut(uri, "?")
	if !ok || !strings.Contains(query, "secret-key") {
		return uri
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return uri
	}
	for _, name := range []string{"secret-key", "secret-keys"} {
		if files := q.Get(name); files != "" {
			words := strings.Split(files, ",")
			for i := range words {
				words[i] = st.env.abs(words[i])
			}
			q.Set(name, strings.Join(words, ","))
		}
	}
	return base + "?" + q.Encode()
}

// storeDir is the store directory that the environment names, or the usual one.
func storeDir(env *Env) store.Dir {
	if v := firstOf(env.Getenv("NIX_STORE_DIR"), env.Getenv("NIX_STORE")); v != "" {
		return store.Dir(filepath.Clean(v))
	}
	return store.DefaultDir
}

// diskCache opens the memory of binary caches, or does without.
func (st *stores) diskCache() *cache.DiskCache {
	if st.disk != nil {
		return st.disk
	}
	dir := st.env.Getenv("NIX_CACHE_HOME")
	if dir == "" {
		base := st.env.Getenv("XDG_CACHE_HOME")
		if base == "" {
			if base = st.env.Getenv("HOME"); base == "" {
				return nil
			}
			base = filepath.Join(base, ".cache")
		}
		dir = filepath.Join(base, "nix")
	}
	ttl := func(name string) time.Duration {
		if n := st.set.Size(name); n > 0 {
			return time.Duration(min(n, 1<<33)) * time.Second
		}
		return -1
	}
	d, err := cache.OpenDiskCache(filepath.Join(dir, filepath.Base(cache.DiskCacheName)), cache.TTL{
		Positive: ttl("narinfo-cache-positive-ttl"),
		Negative: ttl("narinfo-cache-negative-ttl"),
		Meta:     ttl("narinfo-cache-meta-ttl"),
	})
	if err != nil {
		return nil // it only saves requests
	}
	st.disk = d
	st.opened = append(st.opened, d)
	return d
}

// neighbour is another local store to fetch paths from. It is opened when it is asked,
// and never made; where we may not write, what it has is read as it is.
func (st *stores) neighbour(uri string) (*cache.Neighbour, error) {
	set, err := storeSettings(st.env, st.set, uri, st.verbosity)
	if err != nil {
		return nil, err
	}
	n := &cache.Neighbour{Address: uri, Dir: storeDir(st.env)}
	if _, query, ok := strings.Cut(uri, "?"); ok {
		params, err := url.ParseQuery(query)
		if err != nil {
			return nil, err
		}
		yes := func(name string) bool { v := params.Get(name); return v == "1" || v == "true" }
		n.Believed, n.MassQuery = yes("trusted"), yes("want-mass-query")
		if p := params.Get("priority"); p != "" {
			if n.Rank, err = strconv.Atoi(p); err != nil {
				return nil, fmt.Errorf("parameter 'priority': %w", err)
			}
		}
	}
	n.Open = func(ctx context.Context) (store.Source, error) {
		db := filepath.Join(set.StateDir, "db")
		if _, err := os.Stat(filepath.Join(db, "db.sqlite")); err != nil {
			return nil, fmt.Errorf("there is no store: %w", err)
		}
		if unix.Access(db, unix.W_OK) != nil {
			set.ReadOnly = true
		}
		s, err := local.Open(ctx, set)
		if err != nil {
			return nil, err
		}
		st.mu.Lock()
		defer st.mu.Unlock()
		st.opened = append(st.opened, s)
		return s, nil
	}
	return n, nil
}

// substituter has the places that paths may be fetched from: those of
// substituters, unless substitute is off.
func (st *stores) substituter() (*cache.Substituter, error) {
	keys, err := sign.ParseKeys(st.set.Strings("trusted-public-keys"))
	if err != nil {
		return nil, fmt.Errorf("setting 'trusted-public-keys': %w", err)
	}
	sub := &cache.Substituter{
		Keys:          keys,
		NoRequireSigs: !st.set.Bool("require-sigs"),
		Warn:          func(msg string) { st.warn(msg) },
	}
	if !st.set.Bool("substitute") {
		return sub, nil
	}
	for _, uri := range st.set.Strings("substituters") {
		var o cache.Origin
		if isCache(uri) {
			o, err = st.openCache(uri)
		} else {
			o, err = st.neighbour(uri)
		}
		if err != nil {
			warnf(st.env, "going on without the substituter '%s': %v", uri, err)
			continue
		}
		sub.Origins = append(sub.Origins, o)
	}
	return sub, nil
}

// storePaths reads the store paths that a command was given: absolute names in or
// below the store, or symlinks to such.
func storePaths(env *Env, src store.Source, args []string) ([]store.Path, error) {
	paths := make([]store.Path, len(args))
	for i, arg := range args {
		p, err := followToStore(env, src.StoreDir(), arg)
		if err != nil {
			return nil, err
		}
		paths[i] = p
	}
	return paths, nil
}

// secretKey reads a file with a secret key.
func secretKey(env *Env, name string) (sign.SecretKey, error) {
	text, err := os.ReadFile(env.abs(name))
	if err != nil {
		return sign.SecretKey{}, fmt.Errorf("read secret key: %w", err)
	}
	k, err := sign.ParseSecretKey(string(text))
	if err != nil {
		return sign.SecretKey{}, fmt.Errorf("read secret key '%s': %w", name, err)
	}
	return k, nil
}
