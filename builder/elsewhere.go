package builder

import (
	"context"
	"errors"
	"fmt"
	"io"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/nar"
)

// RemoteStore is a place without files that builds could use, such as a binary
// cache.
type RemoteStore interface {
	store.Store
	store.Adder
	store.RealisationStore
}

// Elsewhere makes a RemoteStore one that a Worker can work for: what it has counts as
// made, what it has not may be substituted, but nothing is built.
func Elsewhere(s RemoteStore) Store { return elsewhere{s} }

type elsewhere struct{ RemoteStore }

// errElsewhere is Nix's error where a build would have to begin.
var errElsewhere = errors.New("Unable to build with a primary store that isn't a local store;\n" +
	"either pass a different '--store' or enable remote builds.\n\n" +
	"For more information check 'man nix.conf' and search for '/machines'.")

func (elsewhere) RealDir() string  { return "" }
func (elsewhere) StateDir() string { return "" }
func (elsewhere) LogDir() string   { return "" }

// AddTempRoot has nothing to do: nothing is collected.
func (elsewhere) AddTempRoot(context.Context, store.Path) error { return nil }

func (elsewhere) Register(context.Context, ...*store.PathInfo) error { return errElsewhere }

func (e elsewhere) IsValid(ctx context.Context, p store.Path) (bool, error) {
	valid, err := e.QueryValidPaths(ctx, []store.Path{p})
	return valid[p], err
}

// maxDerivation bounds a derivation, in bytes.
const maxDerivation = 256 << 20

// ReadDerivation reads a derivation out of its archive.
func (e elsewhere) ReadDerivation(p store.Path) (*drv.Derivation, error) {
	ctx, cancel := context.WithCancel(context.Background())
	pr, pw := io.Pipe()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		pw.CloseWithError(e.NarFromPath(ctx, p, pw))
	}()
	text, err := readFlat(pr)
	if err == nil {
		// Only at the end of an archive is it known to be right.
		_, err = io.Copy(io.Discard, pr)
	}
	cancel()
	pr.Close()
	<-sent
	if err != nil {
		return nil, fmt.Errorf("read derivation '%s': %w", e.StoreDir().Format(p), err)
	}
	name, err := drv.NameOf(p)
	if err != nil {
		return nil, err
	}
	return drv.Parse(e.StoreDir(), string(text), name)
}

// readFlat reads the only file of an archive.
func readFlat(r io.Reader) ([]byte, error) {
	n := nar.NewReader(r)
	h, err := n.Next()
	if err != nil {
		return nil, err
	}
	if h.Type != nar.Regular || h.Size > maxDerivation {
		return nil, errors.New("it is no file that could be one")
	}
	return io.ReadAll(n)
}
