package cache

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Transport makes the connections of caches; one serves all caches of a process.
// The zero value, and nil, work with Nix's defaults.
type Transport struct {
	Getenv         func(string) string // for http_proxy and AWS_*; nil is an empty environment
	UserAgent      string              // "gonix" if empty
	CAFile         string              // certificates to believe, besides the system's
	NetrcFile      string              // user names and passwords; it need not exist
	ConnectTimeout time.Duration       // of a connection; 15 s if 0
	StallTimeout   time.Duration       // without data; 300 s if 0
	Connections    int                 // at a time and host; 25 if 0, no limit if < 0
	BytesPerSecond int64               // to download; 0 is no limit
	NoHTTP2        bool

	// FirstContact is how long a host may take that was not reached before,
	// after which we count as offline. 900 ms if 0.
	FirstContact time.Duration

	// Patient tries again to reach hosts that were not reached before, unless they
	// do not exist.
	Patient bool

	once    sync.Once
	client  *http.Client
	initErr error
	netrc   netrc
	reached sync.Map // host:port -> true once a connection was made
	limit   limiter
}

func (t *Transport) getenv(name string) string {
	if t.Getenv == nil {
		return ""
	}
	return t.Getenv(name)
}

func (t *Transport) stall() time.Duration {
	if t.StallTimeout == 0 {
		return 300 * time.Second
	}
	return t.StallTimeout
}

func (t *Transport) connections() int {
	switch {
	case t.Connections == 0:
		return 25
	case t.Connections < 0:
		return 0
	}
	return t.Connections
}

// HTTPClient is a client with the transport's settings.
func (t *Transport) HTTPClient() (*http.Client, error) {
	t.once.Do(func() {
		proxy := &httpproxy.Config{
			HTTPProxy:  firstOf(t.getenv("http_proxy"), t.getenv("HTTP_PROXY")),
			HTTPSProxy: firstOf(t.getenv("https_proxy"), t.getenv("HTTPS_PROXY"), t.getenv("all_proxy")),
			NoProxy:    firstOf(t.getenv("no_proxy"), t.getenv("NO_PROXY")),
		}
		proxyFor := proxy.ProxyFunc()
		tr := &http.Transport{
			Proxy:                 func(r *http.Request) (*url.URL, error) { return proxyFor(r.URL) },
			DialContext:           t.dial,
			ForceAttemptHTTP2:     !t.NoHTTP2,
			MaxIdleConns:          100,
			MaxIdleConnsPerHost:   max(t.connections(), 25),
			MaxConnsPerHost:       t.connections(),
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   15 * time.Second,
			ResponseHeaderTimeout: t.stall(),
			DisableCompression:    true, // bytes must be those that the server keeps
			ReadBufferSize:        64 << 10,
		}
		if t.NoHTTP2 {
			tr.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		}
		if t.CAFile != "" {
			pem, err := os.ReadFile(t.CAFile)
			if err == nil {
				pool, perr := x509.SystemCertPool()
				if perr != nil {
					pool = x509.NewCertPool()
				}
				if pool.AppendCertsFromPEM(pem) {
					tr.TLSClientConfig = &tls.Config{RootCAs: pool}
				} else {
					err = errors.New("it has no certificates")
				}
			}
			if err != nil {
				t.initErr = fmt.Errorf("read certificates from '%s': %w", t.CAFile, err)
			}
		}
		if t.NetrcFile != "" {
			if text, err := os.ReadFile(t.NetrcFile); err == nil {
				t.netrc = parseNetrc(string(text))
			}
		}
		t.limit.rate = t.BytesPerSecond
		t.client = &http.Client{Transport: tr}
	})
	return t.client, t.initErr
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// offlineError is a connection that could not be made to a host that was never
// reached.
type offlineError struct{ err error }

func (e *offlineError) Error() string { return e.err.Error() }
func (e *offlineError) Unwrap() error { return e.err }

func (t *Transport) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	timeout := t.ConnectTimeout
	if timeout == 0 {
		timeout = 15 * time.Second
	}
	_, known := t.reached.Load(addr)
	if !known {
		first := t.FirstContact
		if first == 0 {
			first = 900 * time.Millisecond
		}
		timeout = min(timeout, first)
	}
	// The context's deadline also bounds the look-up of the name.
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext(ctx, network, addr)
	if err != nil {
		if !known {
			return nil, &offlineError{err}
		}
		return nil, err
	}
	t.reached.Store(addr, true)
	return conn, nil
}

// web is the backend of http:// and https://.
type web struct {
	t    *Transport
	base *url.URL // ends in a slash
}

func (w *web) url(name string) (*url.URL, error) {
	u, err := url.Parse(name)
	if err != nil {
		return nil, err
	}
	if u.IsAbs() {
		return u, nil
	}
	full := *w.base
	full.Path += u.Path
	if u.RawPath != "" || w.base.RawPath != "" {
		full.RawPath = w.base.EscapedPath() + u.EscapedPath()
	}
	if u.RawQuery != "" {
		full.RawQuery = u.RawQuery
	}
	return &full, nil
}

// do sends a request and turns every outcome but success into an error.
func (w *web) do(ctx context.Context, method, name string, body io.Reader, size int64, header http.Header) (*http.Response, error) {
	client, err := w.t.HTTPClient()
	if err != nil {
		return nil, err
	}
	u, err := w.url(name)
	if err != nil {
		return nil, err
	}
	caller := ctx
	ctx, cancel := context.WithCancel(caller)
	answered := false
	defer func() {
		if !answered {
			cancel()
		}
	}()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.ContentLength = size
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", firstOf(w.t.UserAgent, "gonix"))
	if u.User == nil {
		if login, ok := w.t.netrc.find(u.Hostname()); ok {
			req.SetBasicAuth(login.user, login.password)
		}
	}
	shown := u.Redacted()
	resp, err := client.Do(req)
	if err != nil {
		if caller.Err() != nil {
			return nil, context.Cause(caller)
		}
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		var off *offlineError
		te := &TransferError{URL: shown, Err: err, temporary: true}
		if errors.As(err, &off) {
			dns, noName := errors.AsType[*net.DNSError](err)
			te.Offline, te.Err = true, off.err
			te.temporary = w.t.Patient && !(noName && dns.IsNotFound)
		}
		var cert *tls.CertificateVerificationError
		if errors.As(err, &cert) {
			te.temporary = false
		}
		return nil, te
	}
	resp.Body = &cancelBody{resp.Body, cancel}
	switch s := resp.StatusCode; {
	case s >= 200 && s < 300:
		answered = true
		return resp, nil
	case s == http.StatusNotFound, s == http.StatusGone:
		drain(resp.Body)
		return nil, errNotFound
	case s == http.StatusForbidden && method != http.MethodPut:
		drain(resp.Body)
		return nil, errDenied
	default:
		// It may take its time with the rest.
		slow := time.AfterFunc(maxDrain, cancel)
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		slow.Stop()
		drain(resp.Body)
		te := &TransferError{URL: shown, Status: s}
		if msg := strings.TrimSpace(string(text)); msg != "" && method == http.MethodPut {
			te.Err = errors.New(strconv.Quote(msg))
		}
		te.limited = s == http.StatusTooManyRequests || s == http.StatusServiceUnavailable
		te.temporary = te.limited || s == http.StatusRequestTimeout ||
			s >= 500 && s != http.StatusNotImplemented && s != http.StatusHTTPVersionNotSupported
		if after, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && after > 0 && te.limited {
			te.retryAfter = min(time.Duration(after)*time.Second, time.Hour)
		}
		return nil, te
	}
}

// cancelBody is a body whose request ends with it.
type cancelBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *cancelBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}

// maxDrain is how long the end of an answer is waited for that nobody needs.
const maxDrain = 2 * time.Second

// drain reads the little that is left of a body, so that its connection can be
// used again, and closes it.
func drain(body io.ReadCloser) {
	if b, ok := body.(*cancelBody); ok {
		slow := time.AfterFunc(maxDrain, b.cancel)
		defer slow.Stop()
	}
	io.CopyN(io.Discard, body, 32<<10)
	body.Close()
}

func (w *web) open(ctx context.Context, name string, off int64, version string) (file, error) {
	h := http.Header{}
	if off > 0 {
		h.Set("Range", fmt.Sprintf("bytes=%d-", off))
		if version != "" {
			h.Set("If-Range", version)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	resp, err := w.do(ctx, http.MethodGet, name, nil, 0, h)
	if err != nil {
		cancel(nil)
		return file{}, err
	}
	f := file{size: resp.ContentLength, version: resp.Header.Get("ETag"), encoding: contentEncoding(resp.Header)}
	if strings.HasPrefix(f.version, "W/") {
		f.version = "" // says nothing of the bytes
	}
	stalled := &TransferError{URL: w.location(name), Err: fmt.Errorf("no data for %s", w.t.stall()), temporary: true}
	b := &webBody{ctx: ctx, body: resp.Body, t: w.t, url: w.location(name), cancel: cancel}
	// As curl does it for Nix: a byte a second is enough, but must come.
	enough := max(1, int64(w.t.stall()/time.Second))
	b.timer = time.AfterFunc(w.t.stall(), func() {
		if b.got.Swap(0) < enough {
			cancel(stalled)
		} else {
			b.timer.Reset(w.t.stall())
		}
	})
	f.body = b
	switch {
	case off > 0 && resp.StatusCode == http.StatusPartialContent:
		var from, to, all int64
		if n, _ := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &all); n < 2 || from != off {
			b.Close()
			return file{}, &TransferError{URL: b.url, Err: fmt.Errorf("asked for bytes from %d on and got '%s'", off, resp.Header.Get("Content-Range"))}
		} else if n == 3 {
			f.size = all
		} else {
			f.size = -1
		}
	case off > 0:
		// The server cannot do ranges, or the file has changed: its hash will tell.
		if _, err := io.CopyN(io.Discard, b, off); err != nil {
			b.Close()
			return file{}, err
		}
	}
	return f, nil
}

func contentEncoding(h http.Header) string {
	switch e := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding"))); e {
	case "", "identity", "none":
		return ""
	case "x-gzip":
		return "gzip"
	default:
		return e
	}
}

// webBody is a response's body that fails when nothing comes for too long.
type webBody struct {
	ctx    context.Context
	body   io.ReadCloser
	t      *Transport
	url    string
	got    atomic.Int64 // bytes since the timer was set
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// patience is how long a small file may take altogether.
func (w *web) patience(size int64) time.Duration {
	const slow = 1 << 20 // bytes per second
	return w.t.stall() + time.Duration(size/slow)*time.Second
}

func (b *webBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.got.Add(int64(n))
	if n > 0 {
		if lerr := b.t.limit.wait(b.ctx, n); lerr != nil && err == nil {
			err = lerr
		}
	}
	if err != nil && err != io.EOF {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause // stalled, or given up by the caller
		} else {
			err = &TransferError{URL: b.url, Err: err, temporary: true}
		}
	}
	return n, err
}

func (b *webBody) Close() error {
	b.timer.Stop()
	err := b.body.Close()
	b.cancel(context.Canceled)
	return err
}

func (w *web) exists(ctx context.Context, name string) (bool, error) {
	resp, err := w.do(ctx, http.MethodHead, name, nil, 0, nil)
	if errors.Is(err, errNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	resp.Body.Close()
	return true, nil
}

func (w *web) put(ctx context.Context, name string, data io.ReadSeeker, size int64, kind, encoding string) error {
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return err
	}
	h := http.Header{"Content-Type": {kind}}
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	resp, err := w.do(ctx, http.MethodPut, name, io.NopCloser(data), size, h)
	if errors.Is(err, errNotFound) {
		return fmt.Errorf("'%s' takes no uploads", w.location(name))
	}
	if err != nil {
		return err
	}
	drain(resp.Body)
	return nil
}

func (w *web) location(name string) string {
	u, err := w.url(name)
	if err != nil {
		return name
	}
	return u.Redacted()
}

// limiter spreads downloads so that they keep below a rate.
type limiter struct {
	rate int64 // bytes per second; 0 is no limit
	mu   sync.Mutex
	next time.Time
}

func (l *limiter) wait(ctx context.Context, n int) error {
	if l.rate <= 0 {
		return nil
	}
	l.mu.Lock()
	now := time.Now()
	if l.next.Before(now) {
		l.next = now
	}
	l.next = l.next.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
	d := l.next.Sub(now)
	l.mu.Unlock()
	return sleep(ctx, d)
}
