package cmd

import (
	"context"
	"fmt"
	"io"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/nar"
)

// remoteTree is a store path that is not on disk. Its listing is had first, the
// archive only for the contents of files.
type remoteTree struct {
	ctx   context.Context
	src   store.Source
	path  store.Path
	root  *nar.Listing
	shown string
}

// listSource is a store that can list a path without sending its archive.
type listSource interface {
	Listing(ctx context.Context, p store.Path) (*nar.Listing, error)
}

func newRemoteTree(ctx context.Context, src store.Source, p store.Path) (*remoteTree, error) {
	l, ok := src.(listSource)
	if !ok {
		return nil, fmt.Errorf("'%s' does not list what is in its paths", src.URI())
	}
	root, err := l.Listing(ctx, p)
	if err != nil {
		return nil, err
	}
	return &remoteTree{ctx, src, p, root, src.StoreDir().Format(p)}, nil
}

func (t *remoteTree) lookup(p string) (nar.Header, error) {
	h := nar.Header{Path: treePath(p)}
	l := t.root.Find(h.Path)
	if l == nil {
		return h, fmt.Errorf("path '%s/%s' does not exist", t.shown, h.Path)
	}
	h.Type, h.Size, h.Executable, h.Target = l.Type, l.Size, l.Executable, l.Target
	return h, nil
}

func (t *remoteTree) names(h nar.Header) ([]string, error) {
	return t.root.Find(h.Path).Names(), nil
}

// open reads the archive up to the file. What comes out is checked only when the
// archive ends, so all of it is read before the file counts as read.
func (t *remoteTree) open(h nar.Header) (io.ReadCloser, error) {
	if h.Type != nar.Regular {
		return nil, errNotRegular
	}
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(t.src.NarFromPath(t.ctx, t.path, pw)) }()
	r := nar.NewReader(pr)
	for {
		at, err := r.Next()
		if err == io.EOF {
			err = fmt.Errorf("the archive of '%s' does not have '%s', which its listing has", t.shown, h.Path)
		}
		if err != nil {
			pr.CloseWithError(err)
			return nil, err
		}
		if at.Path == h.Path && at.Type == nar.Regular {
			return &remoteFile{r: r, pipe: pr}, nil
		}
	}
}

func (t *remoteTree) offset(h nar.Header) int64 { return t.root.Find(h.Path).Offset }

// remoteFile is a file in an archive that is being received.
type remoteFile struct {
	r    *nar.Reader
	pipe *io.PipeReader
}

func (f *remoteFile) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != io.EOF {
		return n, err
	}
	for err == io.EOF {
		if _, nerr := f.r.Next(); nerr == io.EOF {
			break
		} else if nerr != nil {
			return n, nerr
		}
	}
	if _, derr := io.Copy(io.Discard, f.pipe); derr != nil {
		return n, derr
	}
	return n, io.EOF
}

func (f *remoteFile) Close() error { return f.pipe.Close() }
