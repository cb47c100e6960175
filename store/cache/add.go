package cache

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
	"gonix.dev/gonix/store/narinfo"
)

// AddToStore implements store.Store. The cache signs with its own keys; whether
// others have signed does not matter to it.
func (c *Cache) AddToStore(ctx context.Context, info *store.PathInfo, archive io.Reader, opts store.AddOptions) error {
	s, err := c.Stage(ctx, info, archive, opts)
	if s == nil || err != nil {
		return err
	}
	return c.Commit(ctx, []store.Staged{s})
}

// staged is an archive that is in the cache without its narinfo.
type staged struct{ in *narinfo.Info }

// Discard leaves the archive: others may have put the same one there.
func (*staged) Discard() {}

// Stage implements store.Stager.
func (c *Cache) Stage(ctx context.Context, info *store.PathInfo, archive io.Reader, opts store.AddOptions) (store.Staged, error) {
	if err := c.init(ctx, true); err != nil {
		return nil, err
	}
	if !opts.Repair {
		if in, err := c.lookup(ctx, info.Path.HashPart()); err != nil && !errors.Is(err, narinfo.ErrCorrupt) {
			return nil, err
		} else if err == nil && in != nil && in.Path == info.Path {
			return nil, nil
		}
	}
	if info.NarSize <= 0 || info.NarHash.IsZero() {
		return nil, fmt.Errorf("add '%s' to '%s': size and hash of its archive are not known", c.dir.Format(info.Path), c.URI())
	}
	in, err := c.upload(ctx, info, archive, opts)
	if err != nil {
		return nil, fmt.Errorf("add '%s' to '%s': %w", c.dir.Format(info.Path), c.URI(), err)
	}
	return &staged{in}, nil
}

// Commit implements store.Stager: it writes narinfo files, those of references
// before those of what refers to them, so that closures are always complete.
func (c *Cache) Commit(ctx context.Context, all []store.Staged) error {
	infos := make(map[store.Path]*narinfo.Info, len(all))
	for _, s := range all {
		in := s.(*staged).in
		infos[in.Path] = in
	}
	for _, in := range infos {
		for _, r := range in.References {
			if infos[r] != nil {
				continue
			}
			if ref, err := c.lookup(ctx, r.HashPart()); err != nil {
				return err
			} else if ref == nil {
				return fmt.Errorf("cannot add '%s' to the binary cache because the reference '%s' is not valid", c.dir.Format(in.Path), c.dir.Format(r))
			}
		}
		if err := c.sign(in); err != nil {
			return err
		}
	}
	levels := byDepth(infos)
	if d, ok := c.back.(directory); ok {
		if err := d.commit(c.dir, slices.Concat(levels...)); err != nil {
			return fmt.Errorf("add to '%s': %w", c.URI(), err)
		}
		for _, in := range infos {
			c.remember(in.Path.HashPart(), in)
		}
		return nil
	}
	for _, level := range levels {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(max(cap(c.slots), 25))
		for _, in := range level {
			g.Go(func() error { return c.writeNarInfo(ctx, in) })
		}
		if err := g.Wait(); err != nil {
			return fmt.Errorf("add to '%s': %w", c.URI(), err)
		}
	}
	return nil
}

// byDepth sorts infos into levels: what is in one refers only to lower ones.
func byDepth(infos map[store.Path]*narinfo.Info) [][]*narinfo.Info {
	depth := make(map[store.Path]int, len(infos)) // -1 while under way
	var levels [][]*narinfo.Info
	var visit func(in *narinfo.Info) int
	visit = func(in *narinfo.Info) int {
		if d, ok := depth[in.Path]; ok {
			return d
		}
		depth[in.Path] = -1
		d := 0
		for _, r := range in.References {
			if dep := infos[r]; dep != nil && r != in.Path {
				d = max(d, visit(dep)+1)
			}
		}
		depth[in.Path] = d
		for len(levels) <= d {
			levels = append(levels, nil)
		}
		levels[d] = append(levels[d], in)
		return d
	}
	for _, in := range infos {
		visit(in)
	}
	return levels
}

// sign adds the signatures of the cache's keys.
func (c *Cache) sign(in *narinfo.Info) error {
	if len(c.par.keys) == 0 {
		return nil
	}
	text, err := in.Fingerprint(c.dir)
	if err != nil {
		return err
	}
	in.Sigs = slices.Clone(in.Sigs)
	for _, k := range c.par.keys {
		in.Sigs = append(in.Sigs, k.Sign(text))
	}
	slices.Sort(in.Sigs)
	in.Sigs = slices.Compact(in.Sigs)
	return nil
}

// writeNarInfo makes a path valid.
func (c *Cache) writeNarInfo(ctx context.Context, in *narinfo.Info) error {
	name := in.Path.HashPart() + ".narinfo"
	text := narinfo.Format(c.dir, in)
	if err := c.putSmall(ctx, name, []byte(text), "text/x-nix-narinfo", c.par.narinfoCompression); err != nil {
		return err
	}
	c.remember(in.Path.HashPart(), in)
	return nil
}

// AddSignatures adds signatures to a path that is in the cache.
func (c *Cache) AddSignatures(ctx context.Context, p store.Path, sigs []string) error {
	in, err := c.QueryNarInfo(ctx, p)
	if err != nil {
		return err
	}
	changed := *in
	changed.Sigs = append(slices.Clone(in.Sigs), sigs...)
	slices.Sort(changed.Sigs)
	changed.Sigs = slices.Compact(changed.Sigs)
	return c.writeNarInfo(ctx, &changed)
}

// inMemory is the size up to which archives are made ready without a file.
const inMemory = 1 << 20

// upload compresses an archive and puts it into the cache. The compressed bytes
// must be at hand before their name is known: it is their hash.
func (c *Cache) upload(ctx context.Context, info *store.PathInfo, archive io.Reader, opts store.AddOptions) (*narinfo.Info, error) {
	sp := &spool{c: c}
	defer sp.discard()
	plain := c.par.compression == "none"
	packed := &countingWriter{w: sp}
	if !plain {
		packed.sum = hash.New(hash.SHA256)
	}
	comp, err := compress(packed, c.par.compression, c.par.level, c.par.share)
	if err != nil {
		return nil, err
	}
	var out io.Writer = comp
	var list chan listed
	var tree *nar.Listing
	var pipe *io.PipeWriter
	if c.par.listing || c.par.debugInfo {
		var pr *io.PipeReader
		pr, pipe = io.Pipe()
		list = make(chan listed, 1)
		go func() {
			l, err := nar.List(nar.NewReader(pr))
			if err == nil {
				_, err = io.Copy(io.Discard, pr)
			}
			pr.CloseWithError(err)
			list <- listed{l, err}
		}()
		out = io.MultiWriter(comp, pipe)
	}
	// One byte more, to notice an archive that is too long, would be read from
	// what follows it: a longer one has another hash within its first NarSize bytes.
	tee := hash.NewTee(io.LimitReader(archive, info.NarSize), hash.SHA256)
	defer tee.Close()
	_, err = tee.WriteTo(out)
	if err == nil {
		err = comp.Close()
	}
	if pipe != nil {
		pipe.CloseWithError(err)
		l := <-list
		if err == nil {
			err = l.err
		}
		tree = l.listing
		if err == nil && c.par.listing {
			err = c.putListing(ctx, info.Path, tree)
		}
	}
	if err != nil {
		return nil, err
	}
	got := tee.Sum()
	if tee.Size() != info.NarSize {
		return nil, fmt.Errorf("archive has %d bytes instead of %d", tee.Size(), info.NarSize)
	}
	if got != info.NarHash {
		return nil, fmt.Errorf("hash mismatch: archive has %s instead of %s", got, info.NarHash)
	}
	in := &narinfo.Info{PathInfo: *info, Compression: c.par.compression, FileSize: packed.n, FileHash: info.NarHash}
	in.Ultimate = false
	if !plain {
		in.FileHash = packed.sum.Sum()
	}
	in.URL = "nar/" + hash.Format(in.FileHash, hash.Nix32) + ".nar" + extensions[c.par.compression]
	if c.par.debugInfo {
		if err := c.indexDebugInfo(ctx, tree, in.URL); err != nil {
			return nil, err
		}
	}
	if !opts.Repair {
		if have, err := c.back.exists(ctx, in.URL); err != nil {
			return nil, err
		} else if have {
			return in, nil
		}
	}
	return in, sp.put(ctx, in.URL, "application/x-nix-nar")
}

type listed struct {
	listing *nar.Listing
	err     error
}

// putListing writes `<hash part>.ls`.
func (c *Cache) putListing(ctx context.Context, p store.Path, l *nar.Listing) error {
	data, err := json.Marshal(map[string]any{"version": 1, "root": l})
	if err != nil {
		return err
	}
	return c.putSmall(ctx, p.HashPart()+".ls", data, "application/json", c.par.lsCompression)
}

// maxListing bounds a listing, in bytes.
const maxListing = 64 << 20

// Listing is the listing of a path's archive: the one that the cache keeps, or
// one made of the archive.
func (c *Cache) Listing(ctx context.Context, p store.Path) (*nar.Listing, error) {
	if _, err := c.QueryNarInfo(ctx, p); err != nil {
		return nil, err
	}
	data, err := c.readSmall(ctx, p.HashPart()+".ls", maxListing)
	if err == nil {
		var j struct {
			Version int
			Root    *nar.Listing
		}
		if err := json.Unmarshal(data, &j); err != nil || j.Version != 1 || j.Root == nil {
			return nil, fmt.Errorf("listing '%s' is corrupt", c.location(p.HashPart()+".ls"))
		}
		return j.Root, nil
	}
	if !errors.Is(err, errNotFound) {
		return nil, err
	}
	return listNar(ctx, c, p)
}

// putSmall writes a whole file, perhaps compressed.
func (c *Cache) putSmall(ctx context.Context, name string, data []byte, kind, compression string) error {
	encoding := ""
	if compression != "" && compression != "none" {
		if _, ok := c.back.(directory); !ok { // a directory cannot say how a file is encoded
			var b bytes.Buffer
			w, err := compress(&b, compression, -1, oneCPU)
			if err == nil {
				_, err = w.Write(data)
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				return err
			}
			data, encoding = b.Bytes(), compression
		}
	}
	return c.try(ctx, "upload", func() error {
		return c.back.put(ctx, name, bytes.NewReader(data), int64(len(data)), kind, encoding)
	})
}

type countingWriter struct {
	w   io.Writer
	n   int64
	sum *hash.Writer // nil: not wanted
}

func (c *countingWriter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	if c.sum != nil {
		c.sum.Write(p)
	}
	return c.w.Write(p)
}

// spool holds a compressed archive until its name is known.
type spool struct {
	c   *Cache
	buf bytes.Buffer
	f   *os.File // once it is too large for memory

	durable        bool  // commit will wait for the disk
	written, begun int64 // bytes of f, and those that are on their way to disk
}

func (s *spool) Write(p []byte) (n int, err error) {
	if s.f == nil {
		if s.buf.Len()+len(p) <= inMemory {
			return s.buf.Write(p)
		}
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	n, err = s.f.Write(p)
	s.written += int64(n)
	if s.durable && s.written-s.begun >= writeback {
		beginSync(s.f, s.begun, s.written-s.begun)
		s.begun = s.written
	}
	return n, err
}

// writeback is how much is written before the disk may begin, in bytes: who commits
// waits for it.
const writeback = 8 << 20

// spill goes on in a file.
func (s *spool) spill() (err error) {
	var d directory
	if d, s.durable = s.c.back.(directory); s.durable {
		s.f, err = d.temp()
	} else {
		s.f, err = store.UnnamedFile(s.c.temp)
	}
	if err != nil {
		return err
	}
	n, err := s.f.Write(s.buf.Bytes())
	s.written += int64(n)
	s.buf = bytes.Buffer{}
	return err
}

// put gives the archive to the backend.
func (s *spool) put(ctx context.Context, name, kind string) error {
	if d, ok := s.c.back.(directory); ok {
		// commit makes it durable.
		if s.f == nil {
			if err := s.spill(); err != nil {
				return err
			}
		}
		return d.adopt(s.f, name)
	}
	if s.f == nil {
		data := bytes.NewReader(s.buf.Bytes())
		return s.c.try(ctx, "upload", func() error { return s.c.back.put(ctx, name, data, data.Size(), kind, "") })
	}
	return s.c.try(ctx, "upload", func() error { return s.c.back.put(ctx, name, s.f, s.written, kind, "") })
}

func (s *spool) discard() {
	if s.f != nil {
		s.f.Close()
		os.Remove(s.f.Name())
	}
}
