package cmd

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gonix.dev/gonix/store/hash"
)

// library is a binary cache behind a server whose answers a test may replace.
type library struct {
	*httptest.Server
	dir string

	mu     sync.Mutex
	asked  map[string]int // paths, with their methods and ranges
	answer func(w http.ResponseWriter, r *http.Request, nth int) bool
}

func (l *library) count(part string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for what, times := range l.asked {
		if strings.Contains(what, part) {
			n += times
		}
	}
	return n
}

func serveDir(t *testing.T, dir string, answer func(w http.ResponseWriter, r *http.Request, nth int) bool) *library {
	l := &library{dir: dir, asked: map[string]int{}, answer: answer}
	files := http.FileServer(http.Dir(dir))
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.URL.Path
		l.mu.Lock()
		l.asked[what+" "+r.Header.Get("Range")]++
		nth := l.asked[what+" "+r.Header.Get("Range")]
		l.mu.Unlock()
		if l.answer == nil || !l.answer(w, r, nth) {
			files.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(l.Close)
	return l
}

// substitution is a place with something to fetch or build, and a cache that has it.
type substitution struct {
	*peers
	cache, public string
	path          string // of what is built
	runs          int
}

// bigOutput makes an output of 4 MB that does not compress.
const bigOutput = `derivation { name = "big"; system = builtins.currentSystem; builder = "/bin/sh";
  PATH = "/usr/bin:/bin"; args = [ "-c" "seq 1 90000 | while read i; do echo $i; done | sha512sum >x; i=0; while [ $i -lt 14 ]; do cat x x >y; mv y x; i=$((i+1)); done; mv x $out; echo built" ]; }`

func newSubstitution(t *testing.T) *substitution {
	p := newAlone(t)
	p.vars["NIX_CONFIG"] += "\nsubstitute = true\nfiletransfer-retry-delay = 1\nfsync-store-paths = false"
	s := &substitution{peers: p, public: p.keys(), cache: p.dir + "/cache"}
	if err := os.WriteFile(p.dir+"/big.nix", []byte(bigOutput), 0o644); err != nil {
		t.Fatal(err)
	}
	s.path = p.mustGonix("build", "-f", "big.nix", "", "--no-link", "--print-out-paths")
	p.mustGonix("copy", "--to", "file://"+s.cache+"?compression=none&secret-key=k.secret", s.path)
	return s
}

// copyOf copies the cache, with every file changed.
func (s *substitution) copyOf(change func(name string, text []byte) []byte) string {
	s.t.Helper()
	dir := s.t.TempDir()
	err := filepath.WalkDir(s.cache, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(s.cache, name)
		os.MkdirAll(filepath.Dir(filepath.Join(dir, rel)), 0o755)
		return os.WriteFile(filepath.Join(dir, rel), change(rel, text), 0o644)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return dir
}

// fetch deletes what there is and builds it with the given substituters and flags.
// It returns what was told and whether something was built. The memory of caches
// is shared by the runs of one home.
func (s *substitution) fetch(home string, substituters []string, flags ...string) (talk string, built bool, status int) {
	s.t.Helper()
	s.runs++
	at := s.with("XDG_CACHE_HOME", filepath.Join(s.dir, home))
	// Children of other tests hold all our open files until they exec.
	if _, errs, status := at.gonix("store", "delete", "--ignore-liveness", s.path); status != 0 && !strings.Contains(errs, "not valid") {
		s.t.Fatal(errs)
	}
	args := append([]string{"build", "-f", "big.nix", "", "--no-link", "-L", "--option", "substituters", strings.Join(substituters, " "),
		"--option", "trusted-public-keys", s.public}, flags...)
	_, talk, status = at.gonix(args...)
	if status == 0 {
		if _, errs, bad := at.gonix("store", "verify", "--all", "--no-trust"); bad != 0 {
			s.t.Errorf("what was fetched is wrong: %s", errs)
		}
	}
	return talk, strings.Contains(talk, "> built"), status
}

// TestSubstitution fetches from servers that behave, and ones that do not.
func TestSubstitution(t *testing.T) {
	t.Parallel()
	s := newSubstitution(t)
	good := serveDir(t, s.cache, nil)
	lying := serveDir(t, s.copyOf(func(name string, text []byte) []byte {
		if strings.HasPrefix(name, "nar/") {
			text[len(text)/2] ^= 1
		}
		return text
	}), nil)
	nar := func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/nar/") }
	failing := func(status int) *library {
		return serveDir(t, s.cache, func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if !strings.HasSuffix(r.URL.Path, ".narinfo") {
				return false
			}
			http.Error(w, "no", status)
			return true
		})
	}
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	stalling := serveDir(t, s.cache, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if !nar(r) {
			return false
		}
		w.Header().Set("Content-Length", "2162800")
		w.Write(make([]byte, 1000))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	unsigned := serveDir(t, s.copyOf(func(name string, text []byte) []byte {
		before, _, _ := strings.Cut(string(text), "Sig:")
		return []byte(before)
	}), nil)
	busy := failing(http.StatusServiceUnavailable)
	teapot := failing(http.StatusTeapot)
	forbidden := failing(http.StatusForbidden)

	for _, c := range []struct {
		name   string
		from   []string
		flags  []string
		built  bool
		status int
		says   string // in what is told; "" if nothing but what is done
	}{
		{"good", []string{good.URL}, nil, false, 0, ""},
		{"the next after a liar", []string{lying.URL, good.URL}, nil, false, 0, "hash mismatch importing path"},
		{"a liar that comes last is not asked", []string{lying.URL + "?priority=99", good.URL}, nil, false, 0, ""},
		{"only a liar", []string{lying.URL}, nil, false, 1, "try '--fallback' to build derivation from source"},
		{"only a liar, with fallback", []string{lying.URL}, []string{"--fallback"}, true, 0, "hash mismatch importing path"},
		{"nobody there", []string{dead.URL}, nil, true, 0, "cannot reach '" + dead.URL + "'"},
		{"the next after nobody", []string{dead.URL, good.URL}, nil, false, 0, "cannot reach '" + dead.URL + "'"},
		{"forbidden is not there", []string{forbidden.URL}, nil, true, 0, ""},
		{"a server error", []string{teapot.URL, good.URL}, nil, false, 0, "going on without '" + teapot.URL + "'"},
		{"a busy server", []string{busy.URL}, []string{"--option", "download-attempts", "3", "--option", "filetransfer-retry-delay-rate-limited", "1"}, true, 0, "going on without '" + busy.URL + "'"},
		{"stalled", []string{stalling.URL, good.URL}, []string{"--option", "stalled-download-timeout", "1", "--option", "download-attempts", "1"}, false, 0, "no data for 1s"},
		{"unsigned", []string{unsigned.URL}, nil, true, 0, "not signed by any of the keys in 'trusted-public-keys'"},
		{"unsigned, trusted", []string{unsigned.URL + "?trusted=1"}, nil, false, 0, ""},
		{"unsigned, and nobody asks for it", []string{unsigned.URL}, []string{"--option", "require-sigs", "false"}, false, 0, ""},
		{"another key", []string{good.URL}, []string{"--option", "trusted-public-keys", "k-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY="}, true, 0, "not signed by any"},
		{"switched off", []string{good.URL}, []string{"--option", "substitute", "false"}, true, 0, ""},
	} {
		talk, built, status := s.fetch("home-"+fmt.Sprint(s.runs), c.from, c.flags...)
		if status != c.status || built != c.built {
			t.Errorf("%s: status %d, built: %v\n%s", c.name, status, built, talk)
		}
		if c.says != "" && strings.Count(talk, c.says) != 1 || c.says == "" && strings.Contains(talk, "warning") {
			t.Errorf("%s: wanted %q once\n%s", c.name, c.says, talk)
		}
	}
	if n := busy.count(".narinfo"); n != 3 {
		t.Errorf("a busy server was asked %d times", n)
	}

	// Each attempt that is made again is told, before the wait.
	retries := []string{"--option", "download-attempts", "3", "--option", "filetransfer-retry-delay-rate-limited", "1", "--option", "filetransfer-retry-jitter", "false"}
	for _, c := range []struct{ format, warning string }{
		{"raw", "warning: "},
		{"internal-json", `@nix {"action":"msg","level":1,"msg":"\u001b[35;1mwarning:\u001b[0m `},
	} {
		talk, _, _ := s.fetch("home-"+c.format, []string{busy.URL}, append(retries, "--log-format", c.format)...)
		for _, left := range []string{"retrying in 1 ms (2 attempts left)", "retrying in 2 ms (for the last time)"} {
			if !regexp.MustCompile("(?m)^" + regexp.QuoteMeta(c.warning+"error: unable to download '"+busy.URL) + ".*: HTTP error 503; " + regexp.QuoteMeta(left)).MatchString(talk) {
				t.Errorf("%s: not told: %s\n%s", c.format, left, talk)
			}
		}
	}
}

// TestBrokenDownload goes on where a connection broke off.
func TestBrokenDownload(t *testing.T) {
	t.Parallel()
	s := newSubstitution(t)
	flaky := serveDir(t, s.cache, nil)
	flaky.answer = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if !strings.HasPrefix(r.URL.Path, "/nar/") || flaky.count("/nar/") > 3 {
			return false
		}
		http.ServeFile(&shortWriter{ResponseWriter: w, left: 1 << 20}, r, s.cache+r.URL.Path)
		panic(http.ErrAbortHandler)
	}
	talk, built, status := s.fetch("home", []string{flaky.URL})
	if status != 0 || built {
		t.Fatalf("status %d, built: %v\n%s", status, built, talk)
	}
	if n := flaky.count("bytes="); n != 3 {
		t.Errorf("%d requests for the rest: %v", n, flaky.asked)
	}
}

// TestFetchURL has builtin:fetchurl download from servers that break off, encode,
// are busy, or do not have the file.
func TestFetchURL(t *testing.T) {
	t.Parallel()
	p := newAlone(t)
	p.vars["NIX_CONFIG"] += "\nfiletransfer-retry-delay = 1\nfiletransfer-retry-delay-rate-limited = 1"
	data := bytes.Repeat([]byte("all work and no play\n"), 1<<17)
	sum := hash.SumString(hash.SHA256, string(data))
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", data, 0o644); err != nil {
		t.Fatal(err)
	}
	l := serveDir(t, dir, nil)
	l.answer = func(w http.ResponseWriter, r *http.Request, nth int) bool {
		switch kind, _, _ := strings.Cut(r.URL.RawQuery, "="); {
		case kind == "short" && l.count("/file") <= 2:
			http.ServeFile(&shortWriter{ResponseWriter: w, left: 1 << 20}, r, dir+"/file")
			panic(http.ErrAbortHandler)
		case kind == "gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(data)
			z.Close()
			return true
		case kind == "busy" && nth < 3:
			http.Error(w, "later", http.StatusServiceUnavailable)
			return true
		case kind == "gone":
			http.Error(w, "gone", http.StatusNotFound)
			return true
		}
		return false
	}
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	for _, c := range []struct{ url, fails string }{
		{l.URL + "/file?short=1", ""},
		{l.URL + "/file?gzip=1", ""},
		{l.URL + "/file?busy=1", ""},
		{"file://" + dir + "/file", ""},
		{l.URL + "/file?gone=1", "HTTP error 404"},
		{dead.URL + "/file", "> error: unable to download '" + dead.URL + "/file': dial"},
		{"file://" + dir, "not a regular file"},
		{"ftp://x/file", "scheme 'ftp' is not supported"},
	} {
		l.mu.Lock()
		clear(l.asked)
		l.mu.Unlock()
		expr := fmt.Sprintf(`derivation { name = "f"; system = "builtin"; builder = "builtin:fetchurl"; url = "%s"; outputHash = "%s"; outputHashAlgo = "sha256"; }`,
			c.url, hash.Format(sum, hash.Nix32))
		out, errs, status := p.gonix("build", "--no-link", "--print-out-paths", "--expr", expr, "")
		if c.fails != "" {
			if status != 1 || strings.Count(errs, c.fails) != 1 || !strings.Contains(errs, "unable to download '"+c.url+"'") {
				t.Errorf("%s: status %d\n%s", c.url, status, errs)
			}
			continue
		}
		if status != 0 {
			t.Errorf("%s: %s", c.url, errs)
			continue
		}
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v", c.url, len(got), err)
		}
		if strings.Contains(c.url, "short") && l.count("bytes=") != 2 {
			t.Errorf("asked for %v", l.asked)
		}
		// Children of other tests hold all our open files until they exec.
		p.mustGonix("store", "delete", "--ignore-liveness", out)
	}
}

type shortWriter struct {
	http.ResponseWriter
	left int
}

func (w *shortWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	return w.ResponseWriter.Write(p[:n])
}

// TestRemembered keeps what caches said, for as long as the settings say.
func TestRemembered(t *testing.T) {
	t.Parallel()
	s := newSubstitution(t)
	full, empty := serveDir(t, s.cache, nil), serveDir(t, t.TempDir(), nil)
	if err := os.WriteFile(empty.dir+"/nix-cache-info", []byte("StoreDir: "+s.dir+"/store\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		flags       []string
		full, empty int // narinfo files asked for, in all
		info        int // nix-cache-info
	}{
		{nil, 1, 1, 1},
		{nil, 1, 1, 1},
		{[]string{"--option", "narinfo-cache-negative-ttl", "0"}, 1, 2, 1},
		{[]string{"--option", "narinfo-cache-positive-ttl", "0"}, 2, 2, 1},
		{[]string{"--option", "narinfo-cache-meta-ttl", "0"}, 2, 2, 2},
	} {
		talk, built, status := s.fetch("home", []string{empty.URL, full.URL}, c.flags...)
		if status != 0 || built {
			t.Fatalf("%d: status %d, built: %v\n%s", i, status, built, talk)
		}
		if a, b, n := full.count(".narinfo"), empty.count(".narinfo"), full.count("nix-cache-info"); a != c.full || b != c.empty || n != c.info {
			t.Errorf("%d, %q: asked %d and %d times, and %d times what it is", i, c.flags, a, b, n)
		}
	}
}

// TestProxyAndPassword goes through a proxy, to a server that wants to know who asks.
func TestProxyAndPassword(t *testing.T) {
	t.Parallel()
	s := newSubstitution(t)
	closed := serveDir(t, s.cache, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if user, word, ok := r.BasicAuth(); ok && user == "me" && word == "open" {
			return false
		}
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return true
	})
	to, _ := url.Parse(closed.URL)
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		if r.In.URL.Host != "cache.invalid" {
			t.Errorf("the proxy is asked for %s", r.In.URL)
		}
		r.SetURL(to)
	}})
	defer proxy.Close()
	netrc := filepath.Join(s.dir, "netrc")
	if err := os.WriteFile(netrc, []byte("machine cache.invalid login me password open\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	talk, built, status := s.fetch("home-1", []string{closed.URL})
	if status != 0 || !built || !strings.Contains(talk, "HTTP error 401") {
		t.Errorf("without a password: status %d, built: %v\n%s", status, built, talk)
	}
	s.vars["http_proxy"] = proxy.URL
	talk, built, status = s.fetch("home-2", []string{"http://cache.invalid"}, "--option", "netrc-file", netrc)
	if status != 0 || built {
		t.Errorf("status %d, built: %v\n%s", status, built, talk)
	}
}

// TestServeEnds ends a server while somebody downloads from it: the download is
// whole, and then nobody listens.
func TestServeEnds(t *testing.T) {
	t.Parallel()
	s := newSubstitution(t)
	stop := make(chan struct{})
	addr := s.serveUntil(stop)
	resp, err := http.Get(addr + "/" + filepath.Base(s.path)[:32] + ".narinfo")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var name string
	var size int64
	for _, line := range strings.Split(readAll(t, resp.Body), "\n") {
		fmt.Sscanf(line, "URL: %s", &name)
		fmt.Sscanf(line, "NarSize: %d", &size)
	}
	nar, err := http.Get(addr + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer nar.Body.Close()
	if _, err := nar.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	close(stop)
	for {
		// Soon no new connections are taken, while this one goes on.
		c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := c.Get(addr + "/nix-cache-info")
		if err != nil {
			break
		}
		resp.Body.Close()
		time.Sleep(time.Millisecond)
	}
	if got := int64(len(readAll(t, nar.Body))) + 1; got != size {
		t.Errorf("got %d of %d bytes", got, size)
	}
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
