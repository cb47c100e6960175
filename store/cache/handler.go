package cache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
	"gonix.dev/gonix/store/narinfo"
	"gonix.dev/gonix/store/sign"
)

// Handler serves a store as a binary cache. Archives are made while they are
// sent; plain ones also from the middle, for downloads that go on.
type Handler struct {
	Source      store.Source
	Keys        []sign.SecretKey // sign what is served
	Priority    int              // 0 is 30, before cache.nixos.org's 40
	Compression string           // of archives: "" or none, zstd, gzip, br, xz, bzip2
	// BuildLog reads the log of a derivation; nil serves none. A log that is not
	// there is an *store.InvalidPathError.
	BuildLog func(ctx context.Context, drv store.Path) ([]byte, error)
	// Error takes errors that a client can only see as a broken answer.
	Error func(r *http.Request, err error)
}

var _ http.Handler = (*Handler)(nil)

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this binary cache is read-only", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	var err error
	switch {
	case name == cacheInfoFile:
		prio := h.Priority
		if prio == 0 {
			prio = 30
		}
		h.send(w, r, "text/x-nix-cache-info", fmt.Appendf(nil, "StoreDir: %s\nWantMassQuery: 1\nPriority: %d\n", h.Source.StoreDir(), prio))
	case strings.HasSuffix(name, ".narinfo"):
		err = h.narInfo(w, r, strings.TrimSuffix(name, ".narinfo"))
	case strings.HasSuffix(name, ".ls"):
		err = h.listing(w, r, strings.TrimSuffix(name, ".ls"))
	case strings.HasPrefix(name, "nar/"):
		err = h.archive(w, r, strings.TrimPrefix(name, "nar/"))
	case strings.HasPrefix(name, "realisations/"):
		err = h.realisation(w, r, strings.TrimPrefix(name, "realisations/"))
	case strings.HasPrefix(name, "log/") && h.BuildLog != nil:
		err = h.log(w, r, strings.TrimPrefix(name, "log/"))
	default:
		http.NotFound(w, r)
	}
	var invalid *store.InvalidPathError
	var bad *store.PathError
	switch {
	case err == nil:
	case errors.As(err, &invalid), errors.As(err, &bad):
		http.Error(w, "no such path", http.StatusNotFound)
	default:
		if h.Error != nil && r.Context().Err() == nil {
			h.Error(r, err)
		}
		// If the answer has begun already, cutting it off is all that can be done.
		if errors.Is(err, errBegun) {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

// errBegun marks errors after the first byte of an answer.
var errBegun = errors.New("answer has begun")

func (h *Handler) send(w http.ResponseWriter, r *http.Request, kind string, data []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	if r.Method != http.MethodHead {
		w.Write(data)
	}
}

func (h *Handler) find(ctx context.Context, hashPart string) (*store.PathInfo, error) {
	if len(hashPart) != store.HashLen {
		return nil, &store.InvalidPathError{Path: hashPart}
	}
	p, err := h.Source.QueryPathFromHashPart(ctx, hashPart)
	if err != nil {
		return nil, err
	}
	return h.Source.QueryPathInfo(ctx, p)
}

func (h *Handler) compression() string { return firstOf(h.Compression, "none") }

// archiveName has the NAR's hash, so that a path that was made anew with other
// contents is not taken for the old one.
func (h *Handler) archiveName(info *store.PathInfo) string {
	return info.Path.HashPart() + "-" + hash.Format(info.NarHash, hash.Nix32) + ".nar" + extensions[h.compression()]
}

func (h *Handler) narInfo(w http.ResponseWriter, r *http.Request, hashPart string) error {
	info, err := h.find(r.Context(), hashPart)
	if err != nil {
		return err
	}
	in := &narinfo.Info{PathInfo: *info, URL: "nar/" + h.archiveName(info), Compression: h.compression()}
	if in.Compression == "none" {
		in.FileHash, in.FileSize = info.NarHash, info.NarSize
	}
	if len(h.Keys) > 0 {
		text, err := in.Fingerprint(h.Source.StoreDir())
		if err != nil {
			return err
		}
		in.Sigs = slices.Clone(in.Sigs)
		for _, k := range h.Keys {
			in.Sigs = append(in.Sigs, k.Sign(text))
		}
		slices.Sort(in.Sigs)
		in.Sigs = slices.Compact(in.Sigs)
	}
	h.send(w, r, "text/x-nix-narinfo", []byte(narinfo.Format(h.Source.StoreDir(), in)))
	return nil
}

func (h *Handler) archive(w http.ResponseWriter, r *http.Request, name string) error {
	hashPart, _, _ := strings.Cut(name, "-")
	info, err := h.find(r.Context(), hashPart)
	if err != nil {
		return err
	}
	if name != h.archiveName(info) {
		return &store.InvalidPathError{Path: name}
	}
	head := w.Header()
	head.Set("Content-Type", "application/x-nix-nar")
	head.Set("ETag", `"`+hash.Format(info.NarHash, hash.Nix32)+`"`)
	kind := h.compression()
	if kind == "none" && r.Header.Get("Range") != "" {
		s := &narSeeker{h: h, ctx: r.Context(), info: info}
		defer s.Close()
		http.ServeContent(w, r, "", time.Time{}, s)
		return nil
	}
	if kind == "none" {
		head.Set("Accept-Ranges", "bytes")
		head.Set("Content-Length", fmt.Sprint(info.NarSize))
	}
	if r.Method == http.MethodHead {
		return nil
	}
	out, err := compress(w, kind, -1, oneOfMany)
	if err != nil {
		return err
	}
	if err = h.Source.NarFromPath(r.Context(), info.Path, out); err == nil {
		err = out.Close()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errBegun, err)
	}
	return nil
}

// narSeeker lets http.ServeContent read an archive from any byte on. Moving
// costs nothing before the first read.
type narSeeker struct {
	h    *Handler
	ctx  context.Context
	info *store.PathInfo
	off  int64
	pipe *io.PipeReader
}

func (s *narSeeker) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += s.off
	case io.SeekEnd:
		off += s.info.NarSize
	}
	if s.pipe != nil && off != s.off {
		s.Close()
	}
	s.off = off
	return off, nil
}

func (s *narSeeker) Read(p []byte) (int, error) {
	if s.pipe == nil {
		pr, pw := io.Pipe()
		skip := &skipWriter{w: pw, skip: s.off}
		go func() { pw.CloseWithError(s.h.Source.NarFromPath(s.ctx, s.info.Path, skip)) }()
		s.pipe = pr
	}
	n, err := s.pipe.Read(p)
	s.off += int64(n)
	return n, err
}

func (s *narSeeker) Close() error {
	if s.pipe != nil {
		s.pipe.Close()
		s.pipe = nil
	}
	return nil
}

// skipWriter drops the first bytes.
type skipWriter struct {
	w    io.Writer
	skip int64
}

func (s *skipWriter) Write(p []byte) (int, error) {
	n := len(p)
	if drop := min(int64(n), s.skip); drop > 0 {
		s.skip -= drop
		p = p[drop:]
	}
	if len(p) == 0 {
		return n, nil
	}
	_, err := s.w.Write(p)
	return n, err
}

func (h *Handler) listing(w http.ResponseWriter, r *http.Request, hashPart string) error {
	info, err := h.find(r.Context(), hashPart)
	if err != nil {
		return err
	}
	l, err := listNar(r.Context(), h.Source, info.Path)
	if err != nil {
		return err
	}
	data, err := json.Marshal(map[string]any{"version": 1, "root": l})
	if err != nil {
		return err
	}
	h.send(w, r, "application/json", data)
	return nil
}

// listNar lists a path by reading its archive.
func listNar(ctx context.Context, src store.Source, p store.Path) (*nar.Listing, error) {
	pr, pw := io.Pipe()
	defer pr.Close()
	go func() { pw.CloseWithError(src.NarFromPath(ctx, p, pw)) }()
	l, err := nar.List(nar.NewReader(pr))
	if err == nil {
		_, err = io.Copy(io.Discard, pr) // hashes are checked at the end
	}
	return l, err
}

// realisation serves what an output came to be.
func (h *Handler) realisation(w http.ResponseWriter, r *http.Request, name string) error {
	none := &store.InvalidPathError{Path: name}
	src, ok := h.Source.(store.RealisationSource)
	name, isInfo := strings.CutSuffix(name, ".doi")
	id, err := store.ParseDrvOutput(name)
	if !ok || !isInfo || err != nil {
		return none
	}
	found, err := src.QueryRealisation(r.Context(), id)
	if err != nil {
		return err
	}
	if found == nil {
		return none
	}
	for _, k := range h.Keys {
		found.AddSigs(k.Sign(found.Fingerprint()))
	}
	data, err := found.MarshalJSON()
	if err != nil {
		return err
	}
	h.send(w, r, "application/json", data)
	return nil
}

func (h *Handler) log(w http.ResponseWriter, r *http.Request, name string) error {
	drv, err := store.ParsePath(name)
	if err != nil {
		return err
	}
	data, err := h.BuildLog(r.Context(), drv)
	if err != nil {
		return err
	}
	h.send(w, r, "text/plain; charset=utf-8", data)
	return nil
}
