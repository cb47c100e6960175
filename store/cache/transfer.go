package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// backend is where the files of a cache are. Names are slash-separated and
// relative to the cache's root. A file that is not there is errNotFound.
type backend interface {
	// open opens a file from byte off on. The size is of the whole file, -1 if
	// not known. With a version (of an earlier open) the file must be the same.
	open(ctx context.Context, name string, off int64, version string) (file, error)
	exists(ctx context.Context, name string) (bool, error)
	// put makes a file appear whole or not at all, replacing an old one.
	put(ctx context.Context, name string, data io.ReadSeeker, size int64, kind, encoding string) error
}

type file struct {
	body     io.ReadCloser
	size     int64
	version  string // says whether the file is the same later; "" if unknown
	encoding string // Content-Encoding of the body, "" if it is the file itself
}

var (
	errNotFound = errors.New("no such file")
	// Servers that do not let everybody list them say this of what is not there.
	errDenied = fmt.Errorf("access is denied, or there is %w", errNotFound)
)

// TransferError is a download or upload that failed.
type TransferError struct {
	URL    string
	Status int   // HTTP status, 0 if there was no answer
	Err    error // what else went wrong

	// Offline: no connection could be made, and none was made before.
	Offline bool

	temporary  bool          // trying again may help
	limited    bool          // the server wants fewer requests
	retryAfter time.Duration // how long the server wants us to wait; 0 if it did not say
}

func (e *TransferError) Error() string { return e.problem("access") }

// problem says what could not be done.
func (e *TransferError) problem(verb string) string {
	if e.Status != 0 {
		return fmt.Sprintf("unable to %s '%s': HTTP error %d", verb, e.URL, e.Status) + suffix(e.Err)
	}
	return fmt.Sprintf("unable to %s '%s'%s", verb, e.URL, suffix(e.Err))
}

func suffix(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

func (e *TransferError) Unwrap() error { return e.Err }

// Retry says how often and when a transfer is tried again. The zero value has
// Nix's defaults.
type Retry struct {
	Attempts     int           // in all; 5 if 0
	Delay        time.Duration // before the second; it doubles. 100 ms if 0
	LimitedDelay time.Duration // the same where a server is asked too often; 5 s if 0
	MaxDelay     time.Duration // 60 s if 0
	NoJitter     bool          // do not shorten delays at random

	// Warn is told of each attempt that failed and is made again: what went wrong,
	// after how long, and how often there may be another. It may be called by
	// several goroutines at once; nil drops it.
	Warn func(msg string)
}

func (r Retry) withDefaults() Retry {
	if r.Attempts == 0 {
		r.Attempts = 5
	}
	if r.Delay == 0 {
		r.Delay = 100 * time.Millisecond
	}
	if r.LimitedDelay == 0 {
		r.LimitedDelay = 5 * time.Second
	}
	if r.MaxDelay == 0 {
		r.MaxDelay = time.Minute
	}
	return r
}

// delay is how long to wait before another attempt after the given number of
// failed ones, and whether to make one.
func (r Retry) delay(failed int, err error) (time.Duration, bool) {
	var te *TransferError
	if !errors.As(err, &te) || !te.temporary || failed >= r.Attempts {
		return 0, false
	}
	if te.retryAfter > 0 {
		return te.retryAfter, true
	}
	d := r.Delay
	if te.limited {
		d = r.LimitedDelay
	}
	d = min(d<<min(failed-1, 20), r.MaxDelay)
	if !r.NoJitter {
		d = rand.N(d + 1)
	}
	return d, true
}

// again waits before another attempt, if there is to be one, and says so. verb is what
// failed, and from the offset where a download goes on.
func (r Retry) again(ctx context.Context, verb string, from int64, failed int, err error) bool {
	d, again := r.delay(failed, err)
	if !again || ctx.Err() != nil {
		return false
	}
	if te, ok := errors.AsType[*TransferError](err); ok && r.Warn != nil {
		where := ""
		if from > 0 {
			where = fmt.Sprintf(" from offset %d", from)
		}
		left := "for the last time"
		if n := r.Attempts - failed; n > 1 {
			left = fmt.Sprintf("%d attempts left", n)
		}
		r.Warn(fmt.Sprintf("error: %s; retrying%s in %d ms (%s)", te.problem(verb), where, d.Milliseconds(), left))
	}
	return sleep(ctx, d) == nil
}

// sleep waits, or returns early with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try calls f until it succeeds, or fails for good. verb is what f does to a file.
func (c *Cache) try(ctx context.Context, verb string, f func() error) error {
	for failed := 1; ; failed++ {
		err := f()
		if err == nil || !c.retry.again(ctx, verb, 0, failed, err) {
			return err
		}
	}
}

// progressReset is how many bytes a download must get on to be given all its
// attempts again.
const progressReset = 1 << 20

// download is the body of a file that is opened again where it breaks off.
type download struct {
	c      *Cache
	ctx    context.Context
	name   string
	f      file
	off    int64
	since  int64 // offset at the last failure
	failed int
}

// open starts the download of a file.
func (c *Cache) open(ctx context.Context, name string) (*download, error) {
	d := &download{c: c, ctx: ctx, name: name}
	err := c.try(ctx, "download", func() (err error) {
		d.f, err = c.back.open(ctx, name, 0, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (d *download) Read(p []byte) (int, error) {
	for {
		n, err := d.f.body.Read(p)
		d.off += int64(n)
		if n > 0 {
			return n, nil
		}
		if err == io.EOF && (d.f.size < 0 || d.off >= d.f.size) {
			return 0, io.EOF
		}
		if err == nil {
			continue
		}
		if err == io.EOF {
			err = &TransferError{URL: d.c.location(d.name), Err: io.ErrUnexpectedEOF, temporary: true}
		}
		if d.f.encoding != "" {
			return 0, err // bytes of the decoded stream cannot be asked for
		}
		if err = d.reopen(err); err != nil {
			return 0, err
		}
	}
}

// reopen goes on after err, or returns the error that ends the download.
func (d *download) reopen(err error) error {
	d.f.body.Close()
	if d.off-d.since >= progressReset {
		d.failed = 0
	}
	d.since = d.off
	for {
		d.failed++
		if !d.c.retry.again(d.ctx, "download", d.off, d.failed, err) {
			return err
		}
		f, oerr := d.c.back.open(d.ctx, d.name, d.off, d.f.version)
		if oerr == nil {
			if f.encoding != "" || d.f.size >= 0 && f.size >= 0 && f.size != d.f.size {
				f.body.Close()
				return &TransferError{URL: d.c.location(d.name), Err: errors.New("the file has changed during its download")}
			}
			d.f = f
			return nil
		}
		err = oerr
	}
}

func (d *download) Close() error { return d.f.body.Close() }

// readSmall reads a whole file of at most limit bytes.
func (c *Cache) readSmall(ctx context.Context, name string, limit int64) ([]byte, error) {
	var data []byte
	err := c.try(ctx, "download", func() error {
		ctx := ctx
		if w, ok := c.back.(*web); ok {
			// A server that sends a byte now and then does not keep us for ever.
			var cancel context.CancelFunc
			late := &TransferError{URL: c.location(name), Err: errors.New("it takes too long")}
			ctx, cancel = context.WithTimeoutCause(ctx, w.patience(limit), late)
			defer cancel()
		}
		f, err := c.back.open(ctx, name, 0, "")
		if err != nil {
			return err
		}
		defer f.body.Close()
		var r io.Reader = f.body
		if f.encoding != "" {
			d, err := decompress(f.body, f.encoding)
			if err != nil {
				return err
			}
			defer d.Close()
			r = d
		}
		data, err = io.ReadAll(io.LimitReader(r, limit+1))
		if err == nil && f.encoding == "" && f.size >= 0 && int64(len(data)) < min(f.size, limit) {
			err = &TransferError{URL: c.location(name), Err: io.ErrUnexpectedEOF, temporary: true}
		}
		return err
	})
	if err == nil && int64(len(data)) > limit {
		return nil, fmt.Errorf("'%s' is larger than %d bytes", c.location(name), limit)
	}
	return data, err
}
