package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Get opens a file on a web server, of which it returns the size, -1 if that is not
// known. Like everything that is downloaded it is asked for again, where it broke
// off, if that may help. What the server has encoded for the transfer is decoded.
func (t *Transport) Get(ctx context.Context, uri string, retry Retry) (io.ReadCloser, int64, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return nil, 0, err
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, 0, fmt.Errorf("scheme '%s' is not supported", u.Scheme)
	}
	c := &Cache{back: &web{t, u}, retry: retry.withDefaults()}
	ctx, cancel := context.WithCancel(ctx)
	d, err := c.open(ctx, uri)
	if err != nil {
		cancel()
		switch {
		case errors.Is(err, errDenied):
			err = &TransferError{URL: c.location(uri), Status: http.StatusForbidden}
		case errors.Is(err, errNotFound):
			err = &TransferError{URL: c.location(uri), Status: http.StatusNotFound}
		}
		return nil, 0, err
	}
	g := &gotten{Reader: d, closers: []io.Closer{d}, cancel: cancel}
	if d.f.encoding == "" {
		return g, d.f.size, nil
	}
	dec, err := decompress(d, d.f.encoding)
	if err != nil {
		g.Close()
		return nil, 0, fmt.Errorf("decode '%s': %w", c.location(uri), err)
	}
	g.Reader, g.closers = dec, append(g.closers, dec)
	return g, -1, nil
}

// gotten is a file that is downloaded.
type gotten struct {
	io.Reader
	closers []io.Closer
	cancel  context.CancelFunc
}

func (g *gotten) Close() error {
	g.cancel()
	var err error
	for i := len(g.closers) - 1; i >= 0; i-- {
		if e := g.closers[i].Close(); err == nil {
			err = e
		}
	}
	return err
}
