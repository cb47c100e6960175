package cache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/closure"
	"gonix.dev/gonix/store/sign"
)

func serve(t *testing.T, h *Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func get(t *testing.T, method, url, ranges string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ranges != "" {
		req.Header.Set("Range", ranges)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, data
}

func TestHandler(t *testing.T) {
	src := newMemStore()
	a := src.add(t, "a", noise(300_000, 9))
	b := src.add(t, "b", "b", a.Path)
	key, err := sign.Generate("k-1")
	if err != nil {
		t.Fatal(err)
	}
	drv := store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x.drv")
	logs := func(_ context.Context, p store.Path) ([]byte, error) {
		if p != drv {
			return nil, &store.InvalidPathError{Path: p.String()}
		}
		return []byte("log\n"), nil
	}
	for kind := range extensions {
		c := open(t, serve(t, &Handler{Source: src, Keys: []sign.SecretKey{key}, Compression: kind, BuildLog: logs}), Options{})
		dst := newMemStore()
		if _, err := closure.Copy(t.Context(), c, dst, []store.Path{b.Path}, closure.CopyOptions{}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if len(dst.info) != 2 || !(sign.Keys{"k-1": key.Public()}).Trusts(store.DefaultDir, dst.info[b.Path]) {
			t.Errorf("%s: copied %v", kind, dst.info)
		}
		if l, err := c.Listing(t.Context(), a.Path); err != nil || l.Size != 300_000 {
			t.Errorf("%s: listing %v, %v", kind, l, err)
		}
		if log, err := c.BuildLog(t.Context(), drv); err != nil || string(log) != "log\n" {
			t.Errorf("log %q, %v", log, err)
		}
		if c.Priority() != 30 || !c.WantMassQuery() {
			t.Error("nix-cache-info")
		}
	}

	url := serve(t, &Handler{Source: src})
	in, err := open(t, url, Options{}).QueryNarInfo(t.Context(), a.Path)
	if err != nil {
		t.Fatal(err)
	}
	want := src.nars[a.Path]
	for _, tt := range []struct {
		ranges string
		status int
		body   []byte
	}{
		{"", 200, want},
		{"bytes=0-", 206, want},
		{"bytes=1000-", 206, want[1000:]},
		{"bytes=1000-1999", 206, want[1000:2000]},
		{"bytes=-10", 206, want[len(want)-10:]},
		{"bytes=99999999-", 416, nil},
		{"lines=1", 416, nil},
	} {
		resp, body := get(t, "GET", url+"/"+in.URL, tt.ranges)
		if resp.StatusCode != tt.status || tt.body != nil && !bytes.Equal(body, tt.body) {
			t.Errorf("range %q: status %d, %d bytes", tt.ranges, resp.StatusCode, len(body))
		}
	}
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"HEAD", in.URL, 200},
		{"HEAD", a.Path.HashPart() + ".narinfo", 200},
		{"GET", strings.Repeat("0", 32) + ".narinfo", 404},
		{"GET", "x.narinfo", 404},
		{"GET", "nar/" + a.Path.HashPart() + ".nar", 404},
		{"GET", "nar/" + strings.Replace(in.URL[4:], "-", "-0", 1), 404},
		{"GET", "nar/../../etc/passwd", 404},
		{"GET", "log/x", 404},
		{"GET", "", 404},
		{"PUT", "x.narinfo", 405},
		{"DELETE", in.URL, 405},
	} {
		if resp, _ := get(t, tt.method, url+"/"+tt.path, ""); resp.StatusCode != tt.status {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, resp.StatusCode, tt.status)
		}
	}
}

// brokenStore fails in the middle of archives.
type brokenStore struct{ *memStore }

func (b brokenStore) NarFromPath(ctx context.Context, p store.Path, w io.Writer) error {
	w.Write(make([]byte, 10_000))
	return errors.New("the disk is gone")
}

// TestHandlerBreaksOff never ends an archive as if it were whole.
func TestHandlerBreaksOff(t *testing.T) {
	src := newMemStore()
	a := src.add(t, "a", noise(300_000, 9))
	for _, kind := range []string{"none", "zstd"} {
		said := make(chan error, 8)
		url := serve(t, &Handler{Source: brokenStore{src}, Compression: kind, Error: func(_ *http.Request, err error) { said <- err }})
		c := open(t, url, Options{Retry: Retry{Attempts: 1}})
		if err := c.NarFromPath(t.Context(), a.Path, io.Discard); err == nil {
			t.Errorf("%s: no error", kind)
		}
		if err := <-said; !strings.Contains(err.Error(), "disk is gone") {
			t.Errorf("%s: said %v", kind, err)
		}
	}
}
