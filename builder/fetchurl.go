package builder

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
	"strings"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
)

// Downloads are tried again after errors that may pass.
const (
	fetchAttempts = 5
	fetchPause    = 250 * time.Millisecond // doubled each time
)

// fetchURL is builtin:fetchurl: it downloads `url` to the output, or unpacks the
// NAR there.
func (b *build) fetchURL() error {
	out, _, err := b.outPath()
	if err != nil {
		return err
	}
	if b.kind != drv.CAFixed && b.kind != drv.Impure {
		return fmt.Errorf("'builtin:fetchurl' must be a fixed-output or impure derivation")
	}
	mainURL, err := b.env("url")
	if err != nil {
		return err
	}
	if o := b.outputs[0]; o.Kind == drv.CAFixed && o.Method == store.Flat {
		for _, mirror := range b.w.Settings.HashedMirrors {
			u := strings.TrimSuffix(mirror, "/") + "/" + o.Hash.Algo.String() + "/" + hash.Format(o.Hash, hash.Base16)
			if b.fetchTo(u, mainURL, out) == nil {
				return nil
			}
		}
	}
	return b.fetchTo(mainURL, mainURL, out)
}

// fetchTo downloads from to out, again and again if need be. mainURL says how it
// is packed.
func (b *build) fetchTo(from, mainURL, out string) error {
	pause := fetchPause
	for attempt := 1; ; attempt++ {
		err := b.fetchOnce(from, mainURL, out)
		var passing *passingError
		if err == nil || attempt == fetchAttempts || !errors.As(err, &passing) {
			return err
		}
		b.w.Observe.message(LevelWarn, fmt.Sprintf("%v; retrying in %d ms", err, pause.Milliseconds()))
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// passingError is one that may be gone the next time.
type passingError struct{ error }

func (e *passingError) Unwrap() error { return e.error }

func (b *build) fetchOnce(from, mainURL, out string) error {
	if err := removeTree(out); err != nil {
		return err
	}
	act := b.w.Observe.start(LevelTalkative, ActFileTransfer, b.log.act.id, fmt.Sprintf("downloading '%s'", from), from)
	defer act.stop()
	body, size, err := b.openURL(from)
	if err != nil {
		return err
	}
	defer body.Close()
	var r io.Reader = &progressReader{r: body, total: size, act: act}
	if v, _ := b.drv.Getenv("unpack"); v == "1" {
		if strings.HasSuffix(mainURL, ".xz") {
			unpacked, err := cache.Decompress(r, "xz")
			if err != nil {
				return fmt.Errorf("unpack '%s': %w", from, err)
			}
			defer unpacked.Close()
			r = unpacked
		}
		if err := nar.Restore(out, nar.NewReader(r), nar.RestoreOptions{}); err != nil {
			return fmt.Errorf("unpack '%s': %w", from, err)
		}
	} else {
		f, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, r); err != nil {
			f.Close()
			return &passingError{fmt.Errorf("unable to download '%s': %w", from, err)}
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	if v, _ := b.drv.Getenv("executable"); v == "1" {
		return os.Chmod(out, 0o755)
	}
	return nil
}

func (b *build) openURL(from string) (io.ReadCloser, int64, error) {
	u, err := url.Parse(from)
	if err != nil {
		return nil, 0, fmt.Errorf("'%s' is not a valid URL: %w", from, err)
	}
	switch u.Scheme {
	case "file":
		f, err := os.Open(u.Path)
		if err != nil {
			return nil, 0, fmt.Errorf("unable to download '%s': %w", from, err)
		}
		st, err := f.Stat()
		if err != nil || !st.Mode().IsRegular() {
			f.Close()
			return nil, 0, fmt.Errorf("unable to download '%s': not a regular file", from)
		}
		return f, st.Size(), nil
	case "http", "https":
	default:
		return nil, 0, fmt.Errorf("unable to download '%s': scheme '%s' is not supported", from, u.Scheme)
	}
	ctx, cancel := context.WithCancelCause(b.ctx)
	var opened *stallReader
	defer func() {
		if opened == nil {
			cancel(nil)
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("User-Agent", "gonix")
	req.Header.Set("Accept-Encoding", "identity")
	if login, password, ok := netrc(b.w.Settings.NetrcFile, u.Hostname()); ok {
		req.SetBasicAuth(login, password)
	}
	client, err := b.httpClient()
	if err != nil {
		return nil, 0, err
	}
	res, err := client.Do(req)
	if err != nil {
		var dns *net.DNSError
		err = fmt.Errorf("unable to download '%s': %w", from, err)
		if errors.As(err, &dns) && dns.IsNotFound || errors.Is(err, context.Canceled) {
			return nil, 0, err
		}
		return nil, 0, &passingError{err}
	}
	if res.StatusCode == http.StatusOK {
		opened = newStallReader(ctx, res.Body, cancel)
		return opened, res.ContentLength, nil
	}
	res.Body.Close()
	err = fmt.Errorf("unable to download '%s': HTTP error %d", from, res.StatusCode)
	if res.StatusCode >= 500 && res.StatusCode != 501 && res.StatusCode != 505 && res.StatusCode != 511 || res.StatusCode == 408 || res.StatusCode == 429 {
		err = &passingError{err}
	}
	return nil, 0, err
}

// fetchStall is how long a server may send nothing.
const fetchStall = 5 * time.Minute

// stallReader is a body that fails when nothing comes for too long.
type stallReader struct {
	ctx    context.Context
	body   io.ReadCloser
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

func newStallReader(ctx context.Context, body io.ReadCloser, cancel context.CancelCauseFunc) *stallReader {
	stalled := fmt.Errorf("no data for %s", fetchStall)
	return &stallReader{ctx, body, time.AfterFunc(fetchStall, func() { cancel(stalled) }), cancel}
}

func (s *stallReader) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	s.timer.Reset(fetchStall)
	if err != nil && err != io.EOF && context.Cause(s.ctx) != nil {
		err = context.Cause(s.ctx)
	}
	return n, err
}

func (s *stallReader) Close() error {
	s.timer.Stop()
	s.cancel(nil)
	return s.body.Close()
}

func (b *build) httpClient() (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	t.ResponseHeaderTimeout = fetchStall
	if f := b.w.Settings.CAFile; f != "" {
		pem, err := os.ReadFile(f)
		if err == nil {
			pool := x509.NewCertPool()
			pool.AppendCertsFromPEM(pem)
			t.TLSClientConfig = &tls.Config{RootCAs: pool}
		}
	}
	return &http.Client{Transport: t}, nil
}

// netrc looks up who to be on a host.
func netrc(file, host string) (login, password string, ok bool) {
	if file == "" {
		return "", "", false
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", "", false
	}
	words := strings.Fields(string(text))
	here := false
	for i := 0; i < len(words); i++ {
		next := func() string {
			i++
			if i < len(words) {
				return words[i]
			}
			return ""
		}
		switch words[i] {
		case "machine":
			if ok {
				return login, password, ok
			}
			here = next() == host
		case "default":
			here = !ok
		case "login":
			if v := next(); here {
				login, ok = v, true
			}
		case "password":
			if v := next(); here {
				password, ok = v, true
			}
		}
	}
	return login, password, ok
}

// progressReader tells how much has been read, not too often.
type progressReader struct {
	r           io.Reader
	done, total int64
	told        int64
	act         activity
}

func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.done += int64(n)
	if p.done-p.told > 256<<10 || err == io.EOF {
		p.told = p.done
		p.act.report(ResProgress, p.done, max(p.total, 0), int64(0), int64(0))
	}
	return n, err
}
