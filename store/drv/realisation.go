package drv

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// RealisationHasher computes the hashes that realisations name derivations by.
// Unlike a Modulo they exist for every derivation, also where output paths are
// not known. It remembers what it has hashed and may be used by several
// goroutines.
type RealisationHasher struct {
	Dir  store.Dir
	Read func(store.Path) (*Derivation, error)

	mu   sync.Mutex
	memo map[store.Path]map[string]hash.Hash
}

// OutputHash is the hash of the derivation at p as realisations of its outputs
// have it: its own output paths are left out.
func (h *RealisationHasher) OutputHash(p store.Path, output string) (hash.Hash, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, err := h.Read(p)
	if err != nil {
		return hash.Hash{}, err
	}
	sums, err := h.sums(d, true, 0)
	if err != nil {
		return hash.Hash{}, err
	}
	return sums[output], nil
}

func (h *RealisationHasher) path(p store.Path, depth int) (map[string]hash.Hash, error) {
	if sums := h.memo[p]; sums != nil {
		return sums, nil
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("derivation '%s' has too deep a graph of inputs", h.Dir.Format(p))
	}
	d, err := h.Read(p)
	if err != nil {
		return nil, err
	}
	sums, err := h.sums(d, false, depth)
	if err != nil {
		return nil, err
	}
	if h.memo == nil {
		h.memo = map[store.Path]map[string]hash.Hash{}
	}
	h.memo[p] = sums
	return sums, nil
}

// sums hashes d, by output; the hashes differ for fixed outputs only.
func (h *RealisationHasher) sums(d *Derivation, mask bool, depth int) (map[string]hash.Hash, error) {
	out := make(map[string]hash.Hash, len(d.Outputs))
	if d.IsFixed() {
		m, err := (&Hasher{Dir: h.Dir}).Modulo(d)
		if err != nil {
			return nil, err
		}
		return m.Fixed, nil
	}
	byHash := map[string][]string{}
	for _, in := range d.InputDrvs {
		sums, err := h.path(in.Path, depth+1)
		if err != nil {
			return nil, err
		}
		for _, name := range in.Outputs {
			sum, ok := sums[name]
			if !ok {
				return nil, fmt.Errorf("no hash for output '%s' of derivation '%s'", name, d.Name)
			}
			key := hash.Format(sum, hash.Base16)
			byHash[key] = append(byHash[key], name)
		}
	}
	ins := make([]inputHash, 0, len(byHash))
	for key, names := range byHash {
		slices.Sort(names)
		ins = append(ins, inputHash{key, slices.Compact(names)})
	}
	slices.SortFunc(ins, func(a, b inputHash) int { return strings.Compare(a.hash, b.hash) })
	w := writer{dir: h.Dir, d: d, mask: mask, modulo: true, inputs: ins}
	w.derivation()
	sum := hash.Sum(hash.SHA256, w.b)
	for _, o := range d.Outputs {
		out[o.Name] = sum
	}
	return out, nil
}
