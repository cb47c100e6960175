package drv

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// Modulo is what a derivation counts as when another that depends on it is
// hashed. The zero value is a deferred one: its outputs' paths are not known yet.
type Modulo struct {
	Hash  hash.Hash            // input-addressed derivations
	Fixed map[string]hash.Hash // derivations with fixed outputs: a hash of each
}

// IsDeferred says whether the paths of outputs are not known yet.
func (m Modulo) IsDeferred() bool { return m.Hash.IsZero() && m.Fixed == nil }

// Hasher computes output paths. It remembers what it has hashed, and may be used
// by several goroutines. Its fields must not change after first use.
type Hasher struct {
	Dir store.Dir
	// Read returns the derivation at a path that Hasher was not told of. It may
	// be nil if there is no such path.
	Read func(store.Path) (*Derivation, error)

	mu   sync.RWMutex
	memo map[store.Path]Modulo
}

// Remember tells h the result of Modulo for the derivation at p.
func (h *Hasher) Remember(p store.Path, m Modulo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.memo == nil {
		h.memo = make(map[store.Path]Modulo)
	}
	h.memo[p] = m
}

// Known returns what Remember or an earlier computation said of p.
func (h *Hasher) Known(p store.Path) (Modulo, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	m, ok := h.memo[p]
	return m, ok
}

// maxDepth bounds the recursion over derivations that must be read: a cycle is
// impossible between real store paths, but not between forged files.
const maxDepth = 100_000

// PathModulo is the Modulo of the derivation at p.
func (h *Hasher) PathModulo(p store.Path) (Modulo, error) { return h.pathModulo(p, 0) }

func (h *Hasher) pathModulo(p store.Path, depth int) (Modulo, error) {
	if m, ok := h.Known(p); ok {
		return m, nil
	}
	if h.Read == nil {
		return Modulo{}, fmt.Errorf("derivation '%s' is not known", h.Dir.Format(p))
	}
	if depth > maxDepth {
		return Modulo{}, fmt.Errorf("derivation '%s' has too deep a graph of inputs", h.Dir.Format(p))
	}
	d, err := h.Read(p)
	if err != nil {
		return Modulo{}, err
	}
	m, err := h.modulo(d, depth)
	if err == nil {
		h.Remember(p, m)
	}
	return m, err
}

// Modulo computes what d counts as. Output paths must be filled in.
func (h *Hasher) Modulo(d *Derivation) (Modulo, error) { return h.modulo(d, 0) }

func (h *Hasher) modulo(d *Derivation, depth int) (Modulo, error) {
	kind, err := d.Kind()
	if err != nil {
		return Modulo{}, err
	}
	switch kind {
	case CAFixed:
		m := Modulo{Fixed: make(map[string]hash.Hash, len(d.Outputs))}
		for _, o := range d.Outputs {
			m.Fixed[o.Name] = hash.SumString(hash.SHA256, "fixed:out:"+o.Method.AlgoString(o.Hash.Algo)+":"+
				hash.Format(o.Hash, hash.Base16)+":"+h.Dir.Format(o.Path))
		}
		return m, nil
	case InputAddressed:
		sum, err := h.sum(d, false, depth)
		return Modulo{Hash: sum}, err
	}
	return Modulo{}, nil
}

// OutputHash is the hash that the paths of d's input-addressed outputs come from:
// that of its text modulo fixed outputs, with its own output paths left out. The
// hash is zero if it is not known yet.
func (h *Hasher) OutputHash(d *Derivation) (hash.Hash, error) {
	return h.sum(d, true, 0)
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (h *Hasher) sum(d *Derivation, mask bool, depth int) (hash.Hash, error) {
	inputs, known, err := h.inputs(d, depth)
	if err != nil || !known {
		return hash.Hash{}, err
	}
	buf := buffers.Get().(*[]byte)
	w := writer{b: (*buf)[:0], dir: h.Dir, d: d, mask: mask, modulo: true, inputs: inputs}
	w.derivation()
	sum := hash.Sum(hash.SHA256, w.b)
	*buf = w.b
	buffers.Put(buf)
	return sum, nil
}

// inputs replaces input derivations by their hashes; known is false if one of
// them is deferred.
func (h *Hasher) inputs(d *Derivation, depth int) (ins []inputHash, known bool, err error) {
	ins = make([]inputHash, 0, len(d.InputDrvs))
	for i := range d.InputDrvs {
		in := &d.InputDrvs[i]
		if len(in.Dynamic) > 0 {
			return nil, false, nil
		}
		m, err := h.pathModulo(in.Path, depth+1)
		if err != nil {
			return nil, false, err
		}
		switch {
		case m.IsDeferred():
			return nil, false, nil
		case m.Fixed != nil:
			for _, name := range in.Outputs {
				sum, ok := m.Fixed[name]
				if !ok {
					return nil, false, fmt.Errorf("no hash for output '%s' of derivation '%s'", name, d.Name)
				}
				ins = append(ins, inputHash{hash.Format(sum, hash.Base16), []string{"out"}})
			}
		default:
			ins = append(ins, inputHash{hash.Format(m.Hash, hash.Base16), in.Outputs})
		}
	}
	// Sorted, and merged where two inputs count as the same: the hash depends
	// on this order.
	slices.SortStableFunc(ins, func(a, b inputHash) int { return strings.Compare(a.hash, b.hash) })
	merged := ins[:0]
	for _, in := range ins {
		if n := len(merged); n > 0 && merged[n-1].hash == in.hash {
			both := append(slices.Clone(merged[n-1].outputs), in.outputs...)
			slices.Sort(both)
			merged[n-1].outputs = slices.Compact(both)
		} else {
			merged = append(merged, in)
		}
	}
	return merged, true, nil
}

// FillOutputs computes the paths of d's outputs and puts them into Outputs and
// Env: fixed outputs get theirs, Deferred outputs become InputAddressed unless an
// input's path is not known yet. A variable that has a value already must have
// the right one.
func (h *Hasher) FillOutputs(d *Derivation) error {
	kind, err := d.Kind()
	if err != nil {
		return err
	}
	switch kind {
	case CAFixed:
		for i := range d.Outputs {
			o := &d.Outputs[i]
			if err := o.fixPath(h.Dir, d.Name); err != nil {
				return err
			}
			if err := h.fillEnv(d, o); err != nil {
				return err
			}
		}
	case Deferred:
		sum, err := h.OutputHash(d)
		if err != nil || sum.IsZero() {
			return err
		}
		for i := range d.Outputs {
			o := &d.Outputs[i]
			if o.Path, err = h.Dir.OutputPath(sum, o.Name, d.Name); err != nil {
				return err
			}
			o.Kind = InputAddressed
			if err := h.fillEnv(d, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *Hasher) fillEnv(d *Derivation, o *Output) error {
	want := h.Dir.Format(o.Path)
	if have, _ := d.Getenv(o.Name); have != "" && have != want {
		return fmt.Errorf("derivation has incorrect environment variable '%s', should be '%s' but is actually '%s'", o.Name, want, have)
	}
	d.Setenv(o.Name, want)
	return nil
}

// Check says whether the output paths of d, also those in its environment, are
// the ones that follow from the rest of it.
func (h *Hasher) Check(d *Derivation) error {
	kind, err := d.Kind()
	if err != nil {
		return err
	}
	switch kind {
	case CAFixed:
		for _, o := range d.Outputs {
			stated := o.Path
			if err := o.fixPath(h.Dir, d.Name); err != nil {
				return err
			}
			if err := h.checkOutput(d, &o, stated); err != nil {
				return err
			}
		}
	case InputAddressed:
		sum, err := h.OutputHash(d)
		if err != nil {
			return err
		}
		for _, o := range d.Outputs {
			if sum.IsZero() {
				return fmt.Errorf("derivation has incorrect output '%s', should be deferred", h.Dir.Format(o.Path))
			}
			stated := o.Path
			if o.Path, err = h.Dir.OutputPath(sum, o.Name, d.Name); err != nil {
				return err
			}
			if err := h.checkOutput(d, &o, stated); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *Hasher) checkOutput(d *Derivation, o *Output, stated store.Path) error {
	want := h.Dir.Format(o.Path)
	if stated != o.Path {
		return fmt.Errorf("derivation has incorrect output '%s', should be '%s'", h.Dir.Format(stated), want)
	}
	have, ok := d.Getenv(o.Name)
	if !ok {
		return fmt.Errorf("derivation has missing environment variable '%s', should be '%s' but is not present", o.Name, want)
	}
	if have != want {
		return fmt.Errorf("derivation has incorrect environment variable '%s', should be '%s' but is actually '%s'", o.Name, want, have)
	}
	return nil
}
