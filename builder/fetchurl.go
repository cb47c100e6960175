package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/nar"
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

// fetchTo downloads from to out. mainURL says how it is packed.
func (b *build) fetchTo(from, mainURL, out string) error {
	if err := removeTree(out); err != nil {
		return err
	}
	act := b.w.Observe.start(LevelTalkative, ActFileTransfer, b.log.act.id, fmt.Sprintf("downloading '%s'", from), from)
	defer act.stop()
	body, size, err := b.w.OpenURL(b.ctx, from)
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
			return fmt.Errorf("unable to download '%s': %w", from, err)
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

// OpenURL opens what is at a file:, http: or https: address, and returns its size, -1
// if that is not known.
func (w *Worker) OpenURL(ctx context.Context, from string) (io.ReadCloser, int64, error) {
	u, err := url.Parse(from)
	if err != nil {
		return nil, 0, fmt.Errorf("'%s' is not a valid URL: %w", from, err)
	}
	if u.Scheme == "file" {
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
	}
	t := w.Settings.Transport
	if t == nil {
		t = &cache.Transport{}
	}
	retry := w.Settings.Retry
	if w.Observe != nil {
		retry.Warn = func(msg string) { w.Observe.message(LevelWarn, msg) }
	}
	body, size, err := t.Get(ctx, from, retry)
	if te, ok := errors.AsType[*cache.TransferError](err); ok && te.Status != 0 {
		err = fmt.Errorf("HTTP error %d", te.Status)
	} else if ok {
		err = te.Err
	}
	if err != nil {
		return nil, 0, fmt.Errorf("unable to download '%s': %w", from, err)
	}
	return body, size, nil
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
