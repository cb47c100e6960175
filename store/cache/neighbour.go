package cache

import (
	"context"
	"fmt"
	"io"
	"sync"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/narinfo"
)

// Neighbour is another store on this machine as an origin of paths. As with caches,
// what nobody trusted has signed is only taken from it if its address says so.
type Neighbour struct {
	Address   string
	Dir       store.Dir // of the paths that are wanted
	Believed  bool      // no signatures are needed
	Rank      int       // among origins
	MassQuery bool
	// Open opens the store when it is asked for the first time.
	Open func(ctx context.Context) (store.Source, error)

	mu  sync.Mutex
	src store.Source
}

var _ Origin = (*Neighbour)(nil)

// Source is the store, which is opened if need be.
func (n *Neighbour) Source(ctx context.Context) (store.Source, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.src != nil {
		return n.src, nil
	}
	src, err := n.Open(ctx)
	if err != nil {
		return nil, err
	}
	if src.StoreDir() != n.Dir {
		return nil, fmt.Errorf("store '%s' has the store directory '%s', not '%s'", n.Address, src.StoreDir(), n.Dir)
	}
	n.src = src
	return src, nil
}

// Init implements Origin.
func (n *Neighbour) Init(ctx context.Context) error {
	_, err := n.Source(ctx)
	return err
}

// URI implements Origin.
func (n *Neighbour) URI() string { return n.Address }

// StoreDir implements Origin.
func (n *Neighbour) StoreDir() store.Dir { return n.Dir }

// Priority implements Origin.
func (n *Neighbour) Priority() int { return n.Rank }

// Trusted implements Origin.
func (n *Neighbour) Trusted() bool { return n.Believed }

// WantMassQuery implements Origin.
func (n *Neighbour) WantMassQuery() bool { return n.MassQuery }

// QueryValidPaths implements Origin.
func (n *Neighbour) QueryValidPaths(ctx context.Context, paths []store.Path) (map[store.Path]bool, error) {
	src, err := n.Source(ctx)
	if err != nil {
		return nil, err
	}
	return src.QueryValidPaths(ctx, paths)
}

// QueryNarInfo implements Origin.
func (n *Neighbour) QueryNarInfo(ctx context.Context, p store.Path) (*narinfo.Info, error) {
	src, err := n.Source(ctx)
	if err != nil {
		return nil, err
	}
	info, err := src.QueryPathInfo(ctx, p)
	if err != nil {
		return nil, err
	}
	// What that store has built itself is not built here.
	info.Ultimate = false
	return &narinfo.Info{PathInfo: *info}, nil
}

// QueryRealisation implements Origin.
func (n *Neighbour) QueryRealisation(ctx context.Context, id store.DrvOutput) (*store.Realisation, error) {
	src, err := n.Source(ctx)
	if err != nil {
		return nil, err
	}
	if known, ok := src.(store.RealisationSource); ok {
		return known.QueryRealisation(ctx, id)
	}
	return nil, nil
}

// copyTo implements Origin.
func (n *Neighbour) copyTo(ctx context.Context, in *narinfo.Info, dst store.Store, progress func(done, total int64)) error {
	src, err := n.Source(ctx)
	if err != nil {
		return err
	}
	// Its collector leaves alone what we are reading, where it can be told.
	if keeper, ok := src.(interface {
		AddTempRoot(context.Context, store.Path) error
	}); ok {
		if err := keeper.AddTempRoot(ctx, in.Path); err != nil {
			return err
		}
	}
	pr, pw := io.Pipe()
	defer pr.Close()
	go func() {
		out := &progressWriter{w: pw, total: in.NarSize, report: progress}
		pw.CloseWithError(src.NarFromPath(ctx, in.Path, out))
	}()
	info := in.PathInfo
	return dst.AddToStore(ctx, &info, pr, store.AddOptions{NoCheckSigs: true})
}

// progressWriter reports how much has been written.
type progressWriter struct {
	w           io.Writer
	done, total int64
	report      func(done, total int64) // may be nil
}

func (p *progressWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.done += int64(n)
	if p.report != nil {
		p.report(p.done, p.total)
	}
	return n, err
}
