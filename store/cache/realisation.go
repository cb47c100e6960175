package cache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"gonix.dev/gonix/store"
)

var _ store.RealisationStore = (*Cache)(nil)

// realisationName is where a cache keeps what an output came to be.
func realisationName(id store.DrvOutput) string { return "realisations/" + id.String() + ".doi" }

// maxRealisation bounds a realisation, in bytes: its dependencies can be many.
const maxRealisation = 1 << 20

// QueryRealisation implements store.RealisationSource. Signatures are for the
// caller to check.
func (c *Cache) QueryRealisation(ctx context.Context, id store.DrvOutput) (*store.Realisation, error) {
	if err := c.init(ctx, false); err != nil {
		return nil, err
	}
	if c.disk != nil {
		if r, ok := c.disk.realisation(c.uri, id); ok {
			return r, nil
		}
	}
	r, err := c.readRealisation(ctx, id)
	if err == nil && c.disk != nil {
		c.disk.rememberRealisation(c.uri, id, r)
	}
	return r, err
}

// readRealisation asks the cache itself.
func (c *Cache) readRealisation(ctx context.Context, id store.DrvOutput) (*store.Realisation, error) {
	leave, err := c.slot(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	name := realisationName(id)
	data, err := c.readSmall(ctx, name, maxRealisation)
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := parseRealisation(data, id)
	if err != nil {
		return nil, fmt.Errorf("Drv output info file '%s' is %w: %w", c.location(name), errCorruptRealisation, err)
	}
	return r, nil
}

// errCorruptRealisation marks what a cache says that makes no sense.
var errCorruptRealisation = errors.New("corrupt")

func parseRealisation(data []byte, id store.DrvOutput) (*store.Realisation, error) {
	r := &store.Realisation{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, err
	}
	if r.ID != id {
		return nil, fmt.Errorf("it is of another output, '%s'", r.ID)
	}
	return r, nil
}

// AddRealisation implements store.RealisationStore. As with paths, the cache signs
// with its own keys; signatures that it has of the same realisation stay.
func (c *Cache) AddRealisation(ctx context.Context, r *store.Realisation, _ store.AddOptions) error {
	if err := c.init(ctx, true); err != nil {
		return err
	}
	signed := *r
	for _, k := range c.par.keys {
		signed.AddSigs(k.Sign(r.Fingerprint()))
	}
	old, err := c.readRealisation(ctx, r.ID)
	if err != nil && !errors.Is(err, errCorruptRealisation) {
		return err
	}
	if old != nil && old.Path == r.Path && maps.Equal(old.Deps, r.Deps) {
		signed.AddSigs(old.Sigs...)
	}
	text, err := signed.MarshalJSON()
	if err == nil {
		err = c.putSmall(ctx, realisationName(r.ID), text, "application/json", "")
	}
	if err != nil {
		return fmt.Errorf("add realisation '%s' to '%s': %w", r.ID, c.URI(), err)
	}
	if c.disk != nil {
		c.disk.rememberRealisation(c.uri, r.ID, &signed)
	}
	return nil
}
