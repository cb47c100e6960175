package cache

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/narinfo"
	"gonix.dev/gonix/store/sign"
)

// Options are what caches need from outside. The zero value works.
type Options struct {
	StoreDir  store.Dir  // store.DefaultDir if empty
	Transport *Transport // shared by caches; nil is one of its own
	Disk      *DiskCache // for caches behind a network; nil remembers nothing
	Retry     Retry
	// ForceDisk uses Disk for directories too.
	ForceDisk bool
	TempDir   string // where uploads are made ready; the system's if empty
}

// Cache is a binary cache. It implements store.Store and store.Stager.
type Cache struct {
	back  backend
	uri   string // without parameters; the key in the disk cache
	dir   store.Dir
	retry Retry
	disk  *DiskCache // nil for local files
	temp  string
	par   params
	slots chan struct{} // requests for small files under way; nil is no limit

	initMu sync.Mutex
	inited bool
	info   info

	known sync.Map // hash part -> *narinfo.Info, nil if the cache does not have it
}

// params are what a cache's address says after the question mark.
type params struct {
	compression string
	level       int
	share       share // of the machine, for compressing
	keys        []sign.SecretKey
	listing     bool
	debugInfo   bool
	narCache    string // directory for unpacked archives; "" keeps none
	trusted     bool
	// Compressions of small files, none if empty.
	narinfoCompression, lsCompression, logCompression string
	priority                                          *int
	wantMassQuery                                     *bool
}

// Schemes are the addresses that Open understands.
var Schemes = []string{"file", "http", "https", "s3"}

// Open makes a Cache of an address such as
//
//	file:///var/cache?compression=zstd&secret-key=/etc/key
//	https://cache.nixos.org
//	s3://bucket?region=eu-west-1&endpoint=minio.example.org
//
// It reads key files, but does not talk to the cache yet.
func Open(uri string, opts Options) (*Cache, error) {
	fail := func(err error) (*Cache, error) {
		return nil, fmt.Errorf("open binary cache '%s': %w", redact(uri), err)
	}
	u, err := url.Parse(uri)
	if err != nil {
		return fail(err)
	}
	q := u.Query()
	c := &Cache{dir: opts.StoreDir, retry: opts.Retry.withDefaults(), temp: opts.TempDir}
	if c.dir == "" {
		c.dir = store.DefaultDir
	}
	if d := q.Get("store"); d != "" {
		c.dir = store.Dir(d)
	}
	if err := c.par.parse(q); err != nil {
		return fail(err)
	}
	t := opts.Transport
	if t == nil {
		t = &Transport{}
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" || !filepath.IsAbs(u.Path) {
			return fail(errors.New("it needs an absolute path: file:///path"))
		}
		root := filepath.Clean(u.Path)
		c.uri = "file://" + root
		c.back = directory{root, new(sync.Once)}
		if opts.ForceDisk {
			c.disk = opts.Disk
		}
	case "http", "https":
		if u.Host == "" {
			return fail(errors.New("the host is missing"))
		}
		base := *u
		base.RawQuery, base.Fragment = "", ""
		c.uri = strings.TrimRight(base.String(), "/")
		base.Path = strings.TrimRight(base.Path, "/") + "/"
		if base.RawPath != "" {
			base.RawPath = strings.TrimRight(base.RawPath, "/") + "/"
		}
		c.back, c.disk = &web{t, &base}, opts.Disk
	case "s3":
		b, err := openBucket(t, u, q)
		if err != nil {
			return fail(err)
		}
		c.uri, c.back, c.disk = b.uri, b, opts.Disk
		if region, endpoint := q.Get("region"), q.Get("endpoint"); region+endpoint != "" {
			// Buckets of the same name elsewhere are other caches.
			c.uri += "?" + url.Values{"endpoint": {endpoint}, "region": {region}}.Encode()
		}
	default:
		return fail(fmt.Errorf("do not know how to open '%s://'; use one of %s", u.Scheme, strings.Join(Schemes, ", ")))
	}
	if n := t.connections(); n > 0 {
		c.slots = make(chan struct{}, n)
	}
	return c, nil
}

// redact removes a password from an address.
func redact(uri string) string {
	if u, err := url.Parse(uri); err == nil {
		return u.Redacted()
	}
	return uri
}

func (p *params) parse(q url.Values) error {
	p.compression, p.level = "xz", -1
	for name := range q {
		val := q.Get(name)
		flag := func() (bool, error) {
			switch val {
			case "true", "1", "yes":
				return true, nil
			case "false", "0", "no":
				return false, nil
			}
			return false, fmt.Errorf("parameter '%s' must be true or false, not '%s'", name, val)
		}
		var err error
		switch name {
		case "compression", "narinfo-compression", "ls-compression", "log-compression":
			if _, ok := extensions[val]; !ok && val != "" {
				return fmt.Errorf("compression '%s' is not one of none, xz, zstd, bzip2, gzip, br", val)
			}
			switch name {
			case "compression":
				p.compression = firstOf(val, "none")
			case "narinfo-compression":
				p.narinfoCompression = val
			case "ls-compression":
				p.lsCompression = val
			case "log-compression":
				p.logCompression = val
			}
		case "compression-level":
			p.level, err = strconv.Atoi(val)
		case "parallel-compression":
			var all bool
			if all, err = flag(); all {
				p.share = allCPUs
			}
		case "write-nar-listing":
			p.listing, err = flag()
		case "index-debug-info":
			p.debugInfo, err = flag()
		case "local-nar-cache":
			p.narCache = val
		case "trusted":
			p.trusted, err = flag()
		case "want-mass-query":
			var b bool
			b, err = flag()
			p.wantMassQuery = &b
		case "priority":
			var n int
			n, err = strconv.Atoi(val)
			p.priority = &n
		case "secret-key", "secret-keys":
			for _, file := range strings.Split(val, ",") {
				text, err := os.ReadFile(file)
				if err != nil {
					return fmt.Errorf("read secret key: %w", err)
				}
				k, err := sign.ParseSecretKey(string(text))
				if err != nil {
					return fmt.Errorf("read secret key '%s': %w", file, err)
				}
				p.keys = append(p.keys, k)
			}
		}
		if err != nil {
			return fmt.Errorf("parameter '%s': %w", name, err)
		}
	}
	if !q.Has("parallel-compression") && p.compression == "zstd" {
		p.share = allCPUs
	}
	return nil
}

// URI is the cache's address without parameters.
func (c *Cache) URI() string { return redact(c.uri) }

// StoreDir is the store directory that the cache is for.
func (c *Cache) StoreDir() store.Dir { return c.dir }

// Trusted says whether the cache's address says that no signatures are needed.
func (c *Cache) Trusted() bool { return c.par.trusted }

func (c *Cache) location(name string) string {
	switch b := c.back.(type) {
	case *web:
		return b.location(name)
	case *bucket:
		return b.location(name)
	}
	return c.uri + "/" + name
}

const cacheInfoFile = "nix-cache-info"

// Init makes sure that the cache is there and for our store directory. Other
// methods call it by themselves.
func (c *Cache) Init(ctx context.Context) error { return c.init(ctx, false) }

// Prepare is Init for a cache that is to be written to: it makes one where there
// is none.
func (c *Cache) Prepare(ctx context.Context) error { return c.init(ctx, true) }

// init reads nix-cache-info; create writes it if it is missing. An error is not
// remembered: the network may come back.
func (c *Cache) init(ctx context.Context, create bool) error {
	c.initMu.Lock()
	defer c.initMu.Unlock()
	if c.inited {
		return nil
	}
	in, known := info{}, false
	if c.disk != nil && !create {
		in, known = c.disk.cacheInfo(c.uri)
	}
	if !known {
		data, err := c.readSmall(ctx, cacheInfoFile, 64<<10)
		switch {
		case errors.Is(err, errNotFound) && create:
			data = []byte("StoreDir: " + string(c.dir) + "\n")
			if err := c.putSmall(ctx, cacheInfoFile, data, "text/x-nix-cache-info", ""); err != nil {
				return fmt.Errorf("make binary cache '%s': %w", c.URI(), err)
			}
		case errors.Is(err, errNotFound):
			// A directory or server without the file may still be a cache.
			if _, ok := c.back.(directory); !ok {
				return &TransferError{URL: c.location(cacheInfoFile), Err: fmt.Errorf("'%s' does not appear to be a binary cache: %w", c.URI(), err)}
			}
		case err != nil:
			return err
		}
		in = parseCacheInfo(string(data))
		if in.storeDir == "" {
			in.storeDir = c.dir
		}
	}
	if in.storeDir != c.dir {
		return fmt.Errorf("binary cache '%s' is for Nix stores with prefix '%s', not '%s'", c.URI(), in.storeDir, c.dir)
	}
	if c.disk != nil && !known {
		c.disk.putCacheInfo(c.uri, in)
	}
	c.info, c.inited = in, true
	return nil
}

func parseCacheInfo(text string) (in info) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "StoreDir":
			in.storeDir = store.Dir(value)
		case "WantMassQuery":
			in.wantMassQuery = value == "1"
		case "Priority":
			in.priority, _ = strconv.Atoi(value)
		}
	}
	return in
}

// Priority says how early the cache wants to be asked; lower is earlier. It is 0
// before Init.
func (c *Cache) Priority() int {
	if c.par.priority != nil {
		return *c.par.priority
	}
	c.initMu.Lock()
	defer c.initMu.Unlock()
	return c.info.priority
}

// WantMassQuery says whether the cache may be asked for many paths at once.
func (c *Cache) WantMassQuery() bool {
	if c.par.wantMassQuery != nil {
		return *c.par.wantMassQuery
	}
	c.initMu.Lock()
	defer c.initMu.Unlock()
	return c.info.wantMassQuery
}

func (c *Cache) invalid(what string) error { return &store.InvalidPathError{Path: what, URI: c.URI()} }

// QueryNarInfo is what the cache says of p.
func (c *Cache) QueryNarInfo(ctx context.Context, p store.Path) (*narinfo.Info, error) {
	in, err := c.lookup(ctx, p.HashPart())
	if err != nil {
		return nil, err
	}
	if in == nil || in.Path != p {
		return nil, c.invalid(c.dir.Format(p))
	}
	return in, nil
}

// QueryPathInfo implements store.Source.
func (c *Cache) QueryPathInfo(ctx context.Context, p store.Path) (*store.PathInfo, error) {
	in, err := c.QueryNarInfo(ctx, p)
	if err != nil {
		return nil, err
	}
	pi := in.PathInfo
	return &pi, nil
}

// QueryPathFromHashPart implements store.Source.
func (c *Cache) QueryPathFromHashPart(ctx context.Context, hashPart string) (store.Path, error) {
	in, err := c.lookup(ctx, hashPart)
	if err != nil {
		return store.Path{}, err
	}
	if in == nil {
		return store.Path{}, c.invalid(hashPart)
	}
	return in.Path, nil
}

// QueryValidPaths implements store.Source.
func (c *Cache) QueryValidPaths(ctx context.Context, paths []store.Path) (map[store.Path]bool, error) {
	valid := make(map[store.Path]bool, len(paths))
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(cap(c.slots), 25))
	for _, p := range paths {
		g.Go(func() error {
			in, err := c.lookup(ctx, p.HashPart())
			if err != nil {
				return err
			}
			if in != nil && in.Path == p {
				mu.Lock()
				valid[p] = true
				mu.Unlock()
			}
			return nil
		})
	}
	return valid, g.Wait()
}

// AllValid lists the paths of the cache, sorted; only a directory can tell.
func (c *Cache) AllValid(ctx context.Context) ([]store.Path, error) {
	d, ok := c.back.(directory)
	if !ok {
		return nil, fmt.Errorf("'%s' cannot list all its paths", c.URI())
	}
	parts, err := d.hashParts()
	if err != nil {
		return nil, err
	}
	paths := make([]store.Path, 0, len(parts))
	for _, part := range parts {
		in, err := c.lookup(ctx, part)
		if err != nil {
			return nil, err
		}
		if in != nil {
			paths = append(paths, in.Path)
		}
	}
	return store.SortPaths(paths), nil
}

// lookup finds a narinfo: in memory, in the disk cache, in the cache itself. It
// is nil if the cache does not have the path.
func (c *Cache) lookup(ctx context.Context, hashPart string) (*narinfo.Info, error) {
	if v, ok := c.known.Load(hashPart); ok {
		return v.(*narinfo.Info), nil
	}
	if len(hashPart) != store.HashLen || strings.ContainsAny(hashPart, "/.") {
		return nil, c.invalid(hashPart)
	}
	if err := c.init(ctx, false); err != nil {
		return nil, err
	}
	if c.disk != nil {
		if in, ok := c.disk.lookup(c.uri, hashPart, c.dir); ok {
			c.known.Store(hashPart, in)
			return in, nil
		}
	}
	leave, err := c.slot(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	name := hashPart + ".narinfo"
	data, err := c.readSmall(ctx, name, narinfo.MaxSize)
	if err != nil && !errors.Is(err, errNotFound) {
		return nil, err
	}
	var in *narinfo.Info
	if err == nil {
		in, err = narinfo.Parse(c.dir, string(data), c.location(name))
		if err == nil && in.Path.HashPart() != hashPart {
			err = fmt.Errorf("narinfo '%s' is %w: it is of another path, '%s'", c.location(name), narinfo.ErrCorrupt, c.dir.Format(in.Path))
		}
		if err != nil {
			return nil, err
		}
	}
	c.remember(hashPart, in)
	return in, nil
}

// slot waits until one more small file may be asked for. leave lets the next one go.
func (c *Cache) slot(ctx context.Context) (leave func(), err error) {
	if c.slots == nil {
		return func() {}, nil
	}
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *Cache) remember(hashPart string, in *narinfo.Info) {
	c.known.Store(hashPart, in)
	if c.disk != nil {
		c.disk.remember(c.uri, hashPart, in)
	}
}

// logName is where the log of a derivation is.
func logName(drv store.Path) string { return "log/" + drv.String() }

// maxLog bounds a build log, in bytes.
const maxLog = 1 << 30

// BuildLog reads the build log of a derivation, or of the derivation that made a
// path.
func (c *Cache) BuildLog(ctx context.Context, p store.Path) ([]byte, error) {
	if err := c.init(ctx, false); err != nil {
		return nil, err
	}
	if !p.IsDerivation() {
		in, err := c.QueryNarInfo(ctx, p)
		if err != nil {
			return nil, err
		}
		if p = in.Deriver; p.IsZero() {
			return nil, c.invalid("the deriver")
		}
	}
	data, err := c.readSmall(ctx, logName(p), maxLog)
	if errors.Is(err, errNotFound) {
		return nil, c.invalid("log of " + c.dir.Format(p))
	}
	return data, err
}

// AddBuildLog writes the build log of a derivation.
func (c *Cache) AddBuildLog(ctx context.Context, drv store.Path, log []byte) error {
	if err := c.init(ctx, true); err != nil {
		return err
	}
	return c.putSmall(ctx, logName(drv), log, "text/plain; charset=utf-8", c.par.logCompression)
}
