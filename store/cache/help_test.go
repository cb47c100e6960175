package cache

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// memStore is a store.Store in memory.
type memStore struct {
	mu   sync.Mutex
	info map[store.Path]*store.PathInfo
	nars map[store.Path][]byte
}

func newMemStore() *memStore {
	return &memStore{info: map[store.Path]*store.PathInfo{}, nars: map[store.Path][]byte{}}
}

func (m *memStore) StoreDir() store.Dir { return store.DefaultDir }
func (m *memStore) URI() string         { return "memory" }

func (m *memStore) QueryPathInfo(_ context.Context, p store.Path) (*store.PathInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.info[p]
	if !ok {
		return nil, &store.InvalidPathError{Path: p.String()}
	}
	c := *i
	return &c, nil
}

func (m *memStore) QueryValidPaths(_ context.Context, ps []store.Path) (map[store.Path]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[store.Path]bool{}
	for _, p := range ps {
		if m.info[p] != nil {
			out[p] = true
		}
	}
	return out, nil
}

func (m *memStore) QueryPathFromHashPart(_ context.Context, part string) (store.Path, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for p := range m.info {
		if p.HashPart() == part {
			return p, nil
		}
	}
	return store.Path{}, &store.InvalidPathError{Path: part}
}

func (m *memStore) NarFromPath(_ context.Context, p store.Path, w io.Writer) error {
	m.mu.Lock()
	data, ok := m.nars[p]
	m.mu.Unlock()
	if !ok {
		return &store.InvalidPathError{Path: p.String()}
	}
	_, err := w.Write(data)
	return err
}

func (m *memStore) AddToStore(_ context.Context, info *store.PathInfo, r io.Reader, _ store.AddOptions) error {
	data, err := io.ReadAll(io.LimitReader(r, info.NarSize))
	if err != nil {
		return err
	}
	if hash.Sum(hash.SHA256, data) != info.NarHash || int64(len(data)) != info.NarSize {
		return fmt.Errorf("hash mismatch importing '%s'", info.Path)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ref := range info.References {
		if ref != info.Path && m.info[ref] == nil {
			return fmt.Errorf("'%s' refers to '%s', which is not valid", info.Path, ref)
		}
	}
	c := *info
	m.info[info.Path], m.nars[info.Path] = &c, data
	return nil
}

// add puts a file with the given contents into the store.
func (m *memStore) add(t testing.TB, name, contents string, refs ...store.Path) *store.PathInfo {
	t.Helper()
	var b bytes.Buffer
	if err := nar.DumpString(&b, contents); err != nil {
		t.Fatal(err)
	}
	p, err := store.DefaultDir.TextPath(name, hash.SumString(hash.SHA256, contents), nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.addNar(t, p, b.Bytes(), refs...)
}

func (m *memStore) addNar(t testing.TB, p store.Path, data []byte, refs ...store.Path) *store.PathInfo {
	t.Helper()
	info := &store.PathInfo{Path: p, NarHash: hash.Sum(hash.SHA256, data), NarSize: int64(len(data)), References: store.SortPaths(refs)}
	m.info[p], m.nars[p] = info, data
	return info
}

// noise is a text of n bytes that compresses a little.
func noise(n int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(64)) + 32
	}
	return string(b)
}

// fakeWeb serves a directory as a web server that takes uploads. Hooks may spoil
// its answers.
type fakeWeb struct {
	*httptest.Server
	dir string

	mu     sync.Mutex
	log    []string                                                   // "METHOD /path range"
	before func(w http.ResponseWriter, r *http.Request, nth int) bool // true: the answer was given
	counts map[string]int

	encoding sync.Map // Content-Encoding by path
}

func newFakeWeb(t testing.TB) *fakeWeb {
	f := &fakeWeb{dir: t.TempDir(), counts: map[string]int{}}
	files := http.FileServer(http.Dir(f.dir))
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.log = append(f.log, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
		f.counts[r.URL.Path]++
		n, before := f.counts[r.URL.Path], f.before
		f.mu.Unlock()
		if before != nil && before(w, r, n) {
			return
		}
		if r.Method != http.MethodPut {
			if e, ok := f.encoding.Load(r.URL.Path); ok {
				w.Header().Set("Content-Encoding", e.(string))
			}
			files.ServeHTTP(w, r)
			return
		}
		if e := r.Header.Get("Content-Encoding"); e != "" {
			f.encoding.Store(r.URL.Path, e)
		}
		name := filepath.Join(f.dir, filepath.FromSlash(r.URL.Path))
		os.MkdirAll(filepath.Dir(name), 0o777)
		data, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(name, data, 0o666)
		}
		if err != nil {
			http.Error(w, err.Error(), 500)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

// requests are those for a path so far.
func (f *fakeWeb) requests(path string) (out []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.log {
		if strings.Contains(l, path) {
			out = append(out, l)
		}
	}
	return out
}

// fakeS3 is a bucket server: GET with ranges, HEAD and PUT of objects, the body
// plain or in signed chunks, at once or in parts. It knows one access key, and
// lets nobody write to the bucket "closed".
type fakeS3 struct {
	*httptest.Server
	mu       sync.Mutex
	objects  map[string][]byte
	parts    []map[int][]byte // of uploads in parts
	region   string           // that the last request was signed for
	encoding map[string]string
}

func newFakeS3(t testing.TB, accessKey string) *fakeS3 {
	f := &fakeS3{objects: map[string][]byte{}, encoding: map[string]string{}}
	fail := func(w http.ResponseWriter, status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential="+accessKey+"/") {
			fail(w, 403, "InvalidAccessKeyId")
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if scope := strings.Split(r.Header.Get("Authorization"), "/"); len(scope) > 2 {
			f.region = scope[2]
		}
		q := r.URL.Query()
		switch id := q.Get("uploadId"); {
		case r.Method == http.MethodPost && q.Has("uploads"):
			fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%d</UploadId></InitiateMultipartUploadResult>", len(f.parts)+1)
			f.parts = append(f.parts, map[int][]byte{})
		case r.Method == http.MethodPost:
			n, _ := strconv.Atoi(id)
			var all []byte
			for i := range len(f.parts[n-1]) {
				all = append(all, f.parts[n-1][i+1]...)
			}
			f.objects[r.URL.Path] = all
			fmt.Fprint(w, "<CompleteMultipartUploadResult><Bucket>bucket</Bucket><ETag>1</ETag></CompleteMultipartUploadResult>")
		case id != "":
			n, _ := strconv.Atoi(id)
			part, _ := strconv.Atoi(q.Get("partNumber"))
			data, err := readChunked(r)
			if err != nil {
				fail(w, 400, "IncompleteBody")
				return
			}
			f.parts[n-1][part] = data
			w.Header().Set("ETag", fmt.Sprintf(`"%d"`, part))
		case r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/closed/"):
			fail(w, 403, "AccessDenied")
		case r.Method == http.MethodPut:
			data, err := readChunked(r)
			if err != nil {
				fail(w, 400, "IncompleteBody")
				return
			}
			f.objects[r.URL.Path] = data
			f.encoding[r.URL.Path] = strings.Trim(strings.Replace(r.Header.Get("Content-Encoding"), "aws-chunked", "", 1), ", ")
			w.Header().Set("ETag", `"1"`)
		default:
			data, ok := f.objects[r.URL.Path]
			if strings.HasPrefix(r.URL.Path, "/closed/") {
				fail(w, 403, "AccessDenied")
				return
			}
			if !ok {
				fail(w, 404, "NoSuchKey")
				return
			}
			w.Header().Set("ETag", `"1"`)
			if e := f.encoding[r.URL.Path]; e != "" {
				w.Header().Set("Content-Encoding", e)
			}
			http.ServeContent(w, r, "x", time.Unix(1e9, 0), bytes.NewReader(data))
		}
	}))
	t.Cleanup(f.Close)
	return f
}

// readChunked reads a body in AWS's chunked signing format, or a plain one.
func readChunked(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return io.ReadAll(r.Body)
	}
	var out []byte
	br := bufio.NewReader(r.Body)
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(strings.Split(line, ";")[0]), 16, 64)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			_, err := io.Copy(io.Discard, br) // trailers
			return out, err
		}
		chunk := make([]byte, size+2)
		if _, err := io.ReadFull(br, chunk); err != nil {
			return nil, err
		}
		out = append(out, chunk[:size]...)
	}
}

func open(t testing.TB, uri string, opts Options) *Cache {
	t.Helper()
	if opts.Retry.Delay == 0 && opts.Retry.Attempts == 0 {
		opts.Retry = Retry{Delay: time.Millisecond, LimitedDelay: time.Millisecond, NoJitter: true}
	}
	c, err := Open(uri, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func vars(m map[string]string) func(string) string { return func(n string) string { return m[n] } }
