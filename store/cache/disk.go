package cache

import (
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/narinfo"
)

//go:embed disk.sql
var diskSchema string

// DiskCacheName is the file below the user's cache directory in which Nix 2.4 to
// 2.30 keep what they know of binary caches, and we with them.
const DiskCacheName = "nix/binary-cache-v6.sqlite"

// DiskCache remembers what caches said of paths, across runs and together with
// Nix. It is only a memory: whatever is wrong with it, questions go to the caches.
type DiskCache struct {
	positive, negative, meta time.Duration

	mu   sync.Mutex
	conn *sqlite.Conn
	ids  map[string]int64 // by cache URL
}

// TTL says for how long a DiskCache believes itself. Zero values are Nix's
// defaults; negative ones mean not at all.
type TTL struct {
	Positive time.Duration // that a path is there; 30 days if 0
	Negative time.Duration // that it is not; 1 hour if 0
	Meta     time.Duration // nix-cache-info; 7 days if 0
}

const purgeInterval = 24 * time.Hour

// OpenDiskCache opens the database, and makes it first if it is not there.
func OpenDiskCache(name string, ttl TTL) (*DiskCache, error) {
	or := func(d, def time.Duration) time.Duration {
		if d == 0 {
			return def
		}
		return max(d, 0)
	}
	d := &DiskCache{
		positive: or(ttl.Positive, 30*24*time.Hour),
		negative: or(ttl.Negative, time.Hour),
		meta:     or(ttl.Meta, 7*24*time.Hour),
		ids:      map[string]int64{},
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return nil, err
	}
	conn, err := sqlite.OpenConn("file:"+(&url.URL{Path: name}).EscapedPath(), sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenURI)
	if err != nil {
		return nil, fmt.Errorf("open '%s': %w", name, err)
	}
	d.conn = conn
	if err := d.setUp(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("open '%s': %w", name, err)
	}
	return d, nil
}

func (d *DiskCache) setUp() error {
	d.conn.SetBusyTimeout(10 * time.Second)
	for _, p := range []string{
		// A cache may be lost in a crash. The journal is Nix's for caches.
		"pragma synchronous = off", "pragma main.journal_mode = truncate", "pragma foreign_keys = 1",
	} {
		if err := sqlitex.ExecuteTransient(d.conn, p, nil); err != nil {
			return err
		}
	}
	have := false
	err := sqlitex.ExecuteTransient(d.conn, "select 1 from sqlite_master where name = 'LastPurge'", &sqlitex.ExecOptions{
		ResultFunc: func(*sqlite.Stmt) error { have = true; return nil }})
	if err != nil {
		return err
	}
	if !have {
		if err := sqlitex.ExecuteScript(d.conn, diskSchema, nil); err != nil {
			return err
		}
	}
	return d.purge()
}

// purge deletes what is too old to be believed, once a day.
func (d *DiskCache) purge() error {
	now := time.Now()
	var last int64
	err := sqlitex.Execute(d.conn, "select value from LastPurge", &sqlitex.ExecOptions{
		ResultFunc: func(st *sqlite.Stmt) error { last = st.ColumnInt64(0); return nil }})
	if err != nil || last >= now.Add(-purgeInterval).Unix() && last < future(now) {
		return err
	}
	// Not less than the defaults: a short-lived setting must not empty the cache.
	old := &sqlitex.ExecOptions{Args: []any{now.Add(-max(d.negative, time.Hour)).Unix(), now.Add(-max(d.positive, 30*24*time.Hour)).Unix()}}
	for _, q := range []string{
		"delete from NARs where (present = 0 and timestamp < ?) or (present = 1 and timestamp < ?)",
		"delete from Realisations where (content is null and timestamp < ?) or (content is not null and timestamp < ?)",
	} {
		if err := sqlitex.Execute(d.conn, q, old); err != nil {
			return err
		}
	}
	return sqlitex.Execute(d.conn, "insert or replace into LastPurge(dummy, value) values ('', ?)",
		&sqlitex.ExecOptions{Args: []any{now.Unix()}})
}

// future is when something is no longer believed to have been written in the past:
// the clock was wrong then, or is wrong now, and it would be believed for too long.
func future(now time.Time) int64 { return now.Add(time.Minute).Unix() }

// Close closes the database.
func (d *DiskCache) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conn.Close()
}

// info is what a cache says of itself in nix-cache-info.
type info struct {
	storeDir      store.Dir
	wantMassQuery bool
	priority      int
}

// cacheInfo is what is remembered of a cache, if it is young enough.
func (d *DiskCache) cacheInfo(uri string) (in info, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	err := sqlitex.Execute(d.conn, "select id, storeDir, wantMassQuery, priority from BinaryCaches where url = ? and timestamp > ? and timestamp < ?",
		&sqlitex.ExecOptions{
			Args: []any{uri, now.Add(-d.meta).Unix(), future(now)},
			ResultFunc: func(st *sqlite.Stmt) error {
				d.ids[uri] = st.ColumnInt64(0)
				in, ok = info{store.Dir(st.ColumnText(1)), st.ColumnInt64(2) != 0, st.ColumnInt(3)}, true
				return nil
			}})
	return in, ok && err == nil
}

func (d *DiskCache) putCacheInfo(uri string, in info) {
	d.mu.Lock()
	defer d.mu.Unlock()
	sqlitex.Execute(d.conn, "insert into BinaryCaches(url, timestamp, storeDir, wantMassQuery, priority) values (?1, ?2, ?3, ?4, ?5) "+
		"on conflict (url) do update set timestamp = ?2, storeDir = ?3, wantMassQuery = ?4, priority = ?5 returning id",
		&sqlitex.ExecOptions{
			Args: []any{uri, time.Now().Unix(), string(in.storeDir), in.wantMassQuery, in.priority},
			ResultFunc: func(st *sqlite.Stmt) error {
				d.ids[uri] = st.ColumnInt64(0)
				return nil
			}})
}

// lookup is what is remembered of a path. known says whether anything is; a nil
// info is a path that the cache does not have.
func (d *DiskCache) lookup(uri, hashPart string, dir store.Dir) (in *narinfo.Info, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, ok := d.ids[uri]
	if !ok {
		return nil, false
	}
	now := time.Now()
	err := sqlitex.Execute(d.conn, "select present, namePart, url, compression, fileHash, fileSize, narHash, narSize, refs, deriver, sigs, ca "+
		"from NARs where cache = ? and hashPart = ? and ((present = 0 and timestamp > ?) or (present = 1 and timestamp > ?)) and timestamp < ?",
		&sqlitex.ExecOptions{
			Args: []any{id, hashPart, now.Add(-d.negative).Unix(), now.Add(-d.positive).Unix(), future(now)},
			ResultFunc: func(st *sqlite.Stmt) (err error) {
				if st.ColumnInt64(0) == 0 {
					known = true
					return nil
				}
				in, err = readRow(st, hashPart, dir)
				known = err == nil
				return err
			}})
	if err != nil {
		return nil, false
	}
	return in, known
}

// readRow puts a row through the parser of narinfo files: it may have been
// written by others.
func readRow(st *sqlite.Stmt, hashPart string, dir store.Dir) (*narinfo.Info, error) {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	line("StorePath", string(dir)+"/"+hashPart+"-"+st.ColumnText(1))
	line("URL", st.ColumnText(2))
	line("Compression", st.ColumnText(3))
	line("FileHash", st.ColumnText(4))
	line("FileSize", st.ColumnText(5))
	line("NarHash", st.ColumnText(6))
	line("NarSize", st.ColumnText(7))
	line("References", st.ColumnText(8))
	line("Deriver", st.ColumnText(9))
	for sig := range strings.FieldsSeq(st.ColumnText(10)) {
		line("Sig", sig)
	}
	line("CA", st.ColumnText(11))
	return narinfo.Parse(dir, b.String(), hashPart)
}

// remember keeps what a cache says of a path; nil if it does not have it.
func (d *DiskCache) remember(uri, hashPart string, in *narinfo.Info) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, ok := d.ids[uri]
	if !ok {
		return
	}
	now := time.Now().Unix()
	if in == nil {
		sqlitex.Execute(d.conn, "insert or replace into NARs(cache, hashPart, timestamp, present) values (?, ?, ?, 0)",
			&sqlitex.ExecOptions{Args: []any{id, hashPart, now}})
		return
	}
	refs := make([]string, len(in.References))
	for i, r := range in.References {
		refs[i] = r.String()
	}
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	var fileHash, fileSize any
	if !in.FileHash.IsZero() {
		fileHash = hash.WithPrefix(in.FileHash, hash.Nix32)
	}
	if in.FileSize != 0 {
		fileSize = in.FileSize
	}
	sqlitex.Execute(d.conn, "insert or replace into NARs(cache, hashPart, namePart, url, compression, fileHash, fileSize, narHash, "+
		"narSize, refs, deriver, sigs, ca, timestamp, present) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
		&sqlitex.ExecOptions{Args: []any{id, hashPart, in.Path.Name(), in.URL, in.Compression, fileHash, fileSize,
			hash.WithPrefix(in.NarHash, hash.Nix32), in.NarSize, strings.Join(refs, " "),
			orNull(in.Deriver.String()), strings.Join(in.Sigs, " "), in.CA.String(), now}})
}

// realisation is what is remembered of an output. known says whether anything is; a
// nil realisation is one that the cache does not have.
func (d *DiskCache) realisation(uri string, id store.DrvOutput) (r *store.Realisation, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	cache, ok := d.ids[uri]
	if !ok {
		return nil, false
	}
	now := time.Now()
	err := sqlitex.Execute(d.conn, "select content from Realisations where cache = ? and outputId = ? and "+
		"((content is null and timestamp > ?) or (content is not null and timestamp > ?)) and timestamp < ?",
		&sqlitex.ExecOptions{
			Args: []any{cache, id.String(), now.Add(-d.negative).Unix(), now.Add(-d.positive).Unix(), future(now)},
			ResultFunc: func(st *sqlite.Stmt) (err error) {
				if known = st.ColumnIsNull(0); known {
					return nil
				}
				r, err = parseRealisation([]byte(st.ColumnText(0)), id)
				known = err == nil
				return err
			}})
	if err != nil {
		return nil, false
	}
	return r, known
}

// rememberRealisation keeps what a cache says of an output; nil if it says nothing.
func (d *DiskCache) rememberRealisation(uri string, id store.DrvOutput, r *store.Realisation) {
	d.mu.Lock()
	defer d.mu.Unlock()
	cache, ok := d.ids[uri]
	if !ok {
		return
	}
	var content any
	if r != nil {
		text, err := r.MarshalJSON()
		if err != nil {
			return
		}
		content = string(text)
	}
	sqlitex.Execute(d.conn, "insert or replace into Realisations(cache, outputId, content, timestamp) values (?, ?, ?, ?)",
		&sqlitex.ExecOptions{Args: []any{cache, id.String(), content, time.Now().Unix()}})
}
