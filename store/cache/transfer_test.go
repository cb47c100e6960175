package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite/sqlitex"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/closure"
	"gonix.dev/gonix/store/narinfo"
)

// filled makes a web cache with one path of about a megabyte.
func filled(t *testing.T, params string) (*fakeWeb, *store.PathInfo, []byte) {
	t.Helper()
	f := newFakeWeb(t)
	src := newMemStore()
	info := src.add(t, "a", noise(1<<20, 5))
	c := open(t, "file://"+f.dir+params, Options{})
	if _, err := closure.Copy(t.Context(), src, c, []store.Path{info.Path}, closure.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	return f, info, src.nars[info.Path]
}

// breakOff sends the first n bytes of what was asked for and cuts the connection.
func (f *fakeWeb) breakOff(w http.ResponseWriter, r *http.Request, n int) {
	data, err := os.ReadFile(filepath.Join(f.dir, filepath.FromSlash(r.URL.Path)))
	if err != nil {
		panic(err)
	}
	off := 0
	if h := r.Header.Get("Range"); h != "" {
		fmt.Sscanf(h, "bytes=%d-", &off)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", off, len(data)-1, len(data)))
		w.Header().Set("Content-Length", fmt.Sprint(len(data)-off))
		w.WriteHeader(http.StatusPartialContent)
	} else {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	}
	w.Write(data[off : off+n])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestResume(t *testing.T) {
	t.Parallel()
	f, info, want := filled(t, "?compression=none")
	f.before = func(w http.ResponseWriter, r *http.Request, nth int) bool {
		if strings.Contains(r.URL.Path, "/nar/") && nth <= 3 {
			f.breakOff(w, r, 100_000)
		}
		return false
	}
	var b bytes.Buffer
	var told []string
	retry := Retry{NoJitter: true, Delay: time.Millisecond, Warn: func(msg string) { told = append(told, msg) }}
	if err := open(t, f.URL, Options{Retry: retry}).NarFromPath(t.Context(), info.Path, &b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Error("archives differ")
	}
	if len(told) != 3 || !strings.HasSuffix(told[0], "unexpected EOF; retrying from offset 100000 in 1 ms (4 attempts left)") ||
		!strings.HasPrefix(told[2], "error: unable to download '"+f.URL+"/nar/") ||
		!strings.HasSuffix(told[2], "; retrying from offset 300000 in 4 ms (2 attempts left)") {
		t.Errorf("told: %q", told)
	}
	reqs := f.requests("/nar/")
	if len(reqs) != 4 || !strings.HasSuffix(reqs[3], "bytes=300000-") {
		t.Errorf("requests: %q", reqs)
	}
}

// TestResumeWithoutRanges goes on with servers that send the whole file again.
func TestResumeWithoutRanges(t *testing.T) {
	t.Parallel()
	f, info, want := filled(t, "?compression=zstd")
	f.before = func(w http.ResponseWriter, r *http.Request, nth int) bool {
		if strings.Contains(r.URL.Path, "/nar/") {
			r.Header.Del("Range")
			if nth == 1 {
				f.breakOff(w, r, 100_000)
			}
		}
		return false
	}
	var b bytes.Buffer
	if err := open(t, f.URL, Options{}).NarFromPath(t.Context(), info.Path, &b); err != nil || !bytes.Equal(b.Bytes(), want) {
		t.Error(err)
	}
}

// TestGivesUp ends a download that never gets on.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	f, info, _ := filled(t, "?compression=none")
	f.before = func(w http.ResponseWriter, r *http.Request, nth int) bool {
		if strings.Contains(r.URL.Path, "/nar/") {
			f.breakOff(w, r, 10)
		}
		return false
	}
	err := open(t, f.URL, Options{}).NarFromPath(t.Context(), info.Path, &bytes.Buffer{})
	var te *TransferError
	if !errors.As(err, &te) || len(f.requests("/nar/")) != 5 {
		t.Errorf("error %v after %d requests", err, len(f.requests("/nar/")))
	}
}

// TestChangedFile refuses to put two files together.
func TestChangedFile(t *testing.T) {
	t.Parallel()
	f, info, _ := filled(t, "?compression=none")
	f.before = func(w http.ResponseWriter, r *http.Request, nth int) bool {
		switch {
		case strings.Contains(r.URL.Path, "/nar/") && nth == 1:
			f.breakOff(w, r, 1000)
		case strings.Contains(r.URL.Path, "/nar/"):
			w.Header().Set("Content-Range", "bytes 1000-1999/2000")
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusPartialContent)
			w.Write(make([]byte, 1000))
			return true
		}
		return false
	}
	err := open(t, f.URL, Options{}).NarFromPath(t.Context(), info.Path, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "changed during its download") {
		t.Error(err)
	}
}

// TestStatus has the answers that are tried again and those that are not.
func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		status, tries int
		invalid       bool // the path counts as missing
	}{
		{500, 5, false}, {502, 5, false}, {503, 5, false}, {429, 5, false}, {408, 5, false},
		{400, 1, false}, {401, 1, false}, {501, 1, false},
		{404, 1, true}, {403, 1, true}, {410, 1, true},
	} {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			t.Parallel()
			f, info, _ := filled(t, "?compression=zstd")
			f.before = func(w http.ResponseWriter, r *http.Request, nth int) bool {
				if strings.HasSuffix(r.URL.Path, ".narinfo") {
					http.Error(w, "no", tt.status)
					return true
				}
				return false
			}
			_, err := open(t, f.URL, Options{}).QueryPathInfo(t.Context(), info.Path)
			var te *TransferError
			var invalid *store.InvalidPathError
			if tt.invalid != errors.As(err, &invalid) || !tt.invalid && (!errors.As(err, &te) || te.Status != tt.status) {
				t.Errorf("error %v", err)
			}
			if n := len(f.requests(".narinfo")); n != tt.tries {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestRecovers gets what it wants from a server that is busy at first.
func TestRecovers(t *testing.T) {
	t.Parallel()
	f, info, _ := filled(t, "?compression=zstd")
	f.before = func(w http.ResponseWriter, r *http.Request, nth int) bool {
		if nth < 3 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
		}
		return nth < 3
	}
	if err := open(t, f.URL, Options{}).NarFromPath(t.Context(), info.Path, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

// TestStall gives up on a server that sends nothing any more.
func TestStall(t *testing.T) {
	t.Parallel()
	f, info, _ := filled(t, "?compression=none")
	release := make(chan struct{})
	defer close(release)
	f.before = func(w http.ResponseWriter, r *http.Request, nth int) bool {
		if strings.Contains(r.URL.Path, "/nar/") {
			w.Header().Set("Content-Length", fmt.Sprint(info.NarSize))
			w.Write(make([]byte, 100))
			w.(http.Flusher).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return true
		}
		return false
	}
	c := open(t, f.URL, Options{Transport: &Transport{StallTimeout: time.Second}, Retry: Retry{Attempts: 2, Delay: 1}})
	err := c.NarFromPath(t.Context(), info.Path, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "no data for") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c = open(t, f.URL, Options{})
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := c.NarFromPath(ctx, info.Path, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNetrc(t *testing.T) {
	t.Parallel()
	f, info, _ := filled(t, "?compression=zstd")
	f.before = func(w http.ResponseWriter, r *http.Request, nth int) bool {
		if u, p, ok := r.BasicAuth(); !ok || u != "me" || p != "pass" {
			http.Error(w, "who?", http.StatusUnauthorized)
			return true
		}
		return false
	}
	file := filepath.Join(t.TempDir(), "netrc")
	os.WriteFile(file, []byte("# comment\nmacdef x\nmachine 127.0.0.1 login no\n\nmachine example.org login a password b\nmachine 127.0.0.1\n  login me password pass\n"), 0o600)
	if _, err := open(t, f.URL, Options{Transport: &Transport{NetrcFile: file}}).QueryPathInfo(t.Context(), info.Path); err != nil {
		t.Error(err)
	}
	if _, err := open(t, f.URL, Options{}).QueryPathInfo(t.Context(), info.Path); err == nil {
		t.Error("no password needed")
	}
}

func TestLimiter(t *testing.T) {
	l := limiter{rate: 1000}
	start := time.Now()
	for range 3 {
		if err := l.wait(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(start); d < 60*time.Millisecond {
		t.Errorf("60 bytes at 1000 a second took %s", d)
	}
}

func TestDiskCache(t *testing.T) {
	f, info, _ := filled(t, "?compression=zstd")
	name := filepath.Join(t.TempDir(), "nix/cache.sqlite")
	missing := store.MustParsePath("p4pclmv1gyja5kzc26npqpia1qqxrf0l-x")
	session := func(ttl TTL) {
		t.Helper()
		d, err := OpenDiskCache(name, ttl)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		c := open(t, f.URL, Options{Disk: d})
		in, err := c.QueryNarInfo(t.Context(), info.Path)
		if err != nil || in.NarHash != info.NarHash {
			t.Fatalf("%v %v", in, err)
		}
		var invalid *store.InvalidPathError
		if _, err := c.QueryPathInfo(t.Context(), missing); !errors.As(err, &invalid) {
			t.Fatal(err)
		}
	}
	count := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		n := len(f.log)
		f.log = nil
		return n
	}
	session(TTL{})
	if n := count(); n != 3 {
		t.Errorf("%d requests at first", n)
	}
	session(TTL{})
	if n := count(); n != 0 {
		t.Errorf("%d requests when all is known", n)
	}
	session(TTL{Negative: -1})
	if n := count(); n != 1 {
		t.Errorf("%d requests without negative answers", n)
	}
	session(TTL{Positive: -1, Meta: -1})
	if n := count(); n != 2 {
		t.Errorf("%d requests without positive answers", n)
	}
	// What was written while the clock was wrong is not believed for ever.
	for _, later := range []int64{3600, -365 * 24 * 3600} {
		d, err := OpenDiskCache(name, TTL{})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"NARs", "BinaryCaches"} {
			if err := sqlitex.ExecuteTransient(d.conn, "update "+table+" set timestamp = timestamp + ?", &sqlitex.ExecOptions{Args: []any{later}}); err != nil {
				t.Fatal(err)
			}
		}
		d.Close()
		session(TTL{})
		if n := count(); n != 3 {
			t.Errorf("%d requests when all was known %d seconds later", n, later)
		}
	}
	// What somebody else wrote is not believed blindly.
	d, err := OpenDiskCache(name, TTL{})
	if err != nil {
		t.Fatal(err)
	}
	in := &narinfo.Info{PathInfo: *info, URL: "../../etc/passwd", Compression: "none"}
	if _, ok := d.cacheInfo(f.URL); !ok {
		t.Error("the cache is not known")
	}
	d.remember(f.URL, info.Path.HashPart(), in)
	if in, known := d.lookup(f.URL, info.Path.HashPart(), store.DefaultDir); known || in != nil {
		t.Errorf("believes %v", in)
	}
	d.Close()
}

// TestDiskCacheOfNix checks that Nix and we can use one database: the schemas
// are the same, column for column.
func TestDiskCacheOfNix(t *testing.T) {
	nix, err := exec.LookPath("nix")
	if err != nil {
		if os.Getenv("GONIX_CI") == "1" {
			t.Fatal("CI lacks nix")
		}
		t.Skip("no real Nix here")
	}
	f, info, _ := filled(t, "?compression=zstd")
	home := t.TempDir()
	name := filepath.Join(home, ".cache", DiskCacheName)
	ask := func() (string, error) {
		c := exec.Command(nix, "--extra-experimental-features", "nix-command", "--store", "dummy://", "path-info", "--store", f.URL, store.DefaultDir.Format(info.Path))
		c.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home+"/.cache", "NIX_REMOTE=", "http_proxy=")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	// We write, Nix reads: without any request.
	d, err := OpenDiskCache(name, TTL{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, f.URL, Options{Disk: d}).QueryPathInfo(t.Context(), info.Path); err != nil {
		t.Fatal(err)
	}
	d.Close()
	n := len(f.requests("/"))
	if out, err := ask(); err != nil || !strings.Contains(out, info.Path.String()) {
		t.Errorf("nix path-info: %v\n%s", err, out)
	}
	if reqs := f.requests("/"); len(reqs) != n {
		t.Errorf("Nix has asked the cache: %q", reqs[n:])
	}
	// Nix writes, we read.
	os.Remove(name)
	if out, err := ask(); err != nil {
		t.Fatalf("nix path-info: %v\n%s", err, out)
	}
	n = len(f.requests("/"))
	if d, err = OpenDiskCache(name, TTL{}); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	in, err := open(t, f.URL, Options{Disk: d}).QueryPathInfo(t.Context(), info.Path)
	if err != nil || in.NarHash != info.NarHash {
		t.Errorf("%v %v", in, err)
	}
	if reqs := f.requests("/"); len(reqs) != n {
		t.Errorf("we have asked the cache: %q", reqs[n:])
	}
}
