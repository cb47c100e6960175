package eval

import (
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

func (st *State) initHasher() {
	st.hasher = &drv.Hasher{Dir: st.StoreDir(), Read: st.readDerivation}
}

// readDerivation gives a derivation that this evaluation made, or one that is in
// the store already.
func (st *State) readDerivation(p store.Path) (*drv.Derivation, error) {
	if d := st.derivations[p]; d != nil {
		return d, nil
	}
	text, err := st.opts.World.ReadFile(st.StoreDir().Format(p))
	if err != nil {
		return nil, err
	}
	name, err := drv.NameOf(p)
	if err != nil {
		return nil, err
	}
	d, err := drv.Parse(st.StoreDir(), string(text), name)
	if err != nil {
		return nil, err
	}
	st.derivations[p] = d
	return d, nil
}

// Derivation gives a derivation that this evaluation made, or one that is in the
// store.
func (st *State) Derivation(p store.Path) (*drv.Derivation, error) { return st.readDerivation(p) }

// Hasher computes output paths for this State.
func (st *State) Hasher() *drv.Hasher { return st.hasher }

// WriteDerivation adds a derivation, whose outputs are filled in, to the store
// and returns its path.
func (st *State) WriteDerivation(d *drv.Derivation) (store.Path, error) {
	p, err := d.Write(st.opts.Context, st.opts.Store)
	if err != nil {
		return store.Path{}, err
	}
	m, err := st.hasher.Modulo(d)
	if err != nil {
		return store.Path{}, err
	}
	st.hasher.Remember(p, m)
	st.derivations[p] = d
	return p, nil
}

// Realise makes the store paths of a context exist, so that they can be read. It
// returns the paths of outputs that were not known before.
func (st *State) Realise(ctx *Context, pos Pos) (map[*ContextElem]string, *Error) {
	if ctx == nil {
		return nil, nil
	}
	var missing []*ContextElem
	for _, e := range ctx.Elems() {
		if _, ok := st.realised[e]; ok {
			continue
		}
		if e.Kind == ContextPath {
			if _, err := st.opts.World.Lstat(e.Path); err == nil {
				st.realised[e] = e.Path
				continue
			}
		}
		missing = append(missing, e)
	}
	if len(missing) > 0 {
		if err := st.realise(missing, pos); err != nil {
			return nil, err
		}
	}
	return st.realised, nil
}

func (st *State) realise(missing []*ContextElem, pos Pos) *Error {
	for _, e := range missing {
		if e.Kind == ContextPath {
			continue
		}
		if st.opts.NoImportFromDerivation {
			return st.Errorf(ErrRestricted, pos, "cannot build '%s' during evaluation because the option 'allow-import-from-derivation' is disabled", e.showBuilt())
		}
	}
	if st.opts.Realiser == nil {
		// Nobody can build: it is fine if everything is there all the same.
		for _, e := range missing {
			if err := st.alreadyThere(e, pos); err != nil {
				return err
			}
		}
		return nil
	}
	paths, err := st.opts.Realiser.Realise(st.opts.Context, missing)
	if err != nil {
		return st.storeError(err, pos)
	}
	for _, e := range missing {
		st.realised[e] = paths[e]
	}
	return nil
}

func (e *ContextElem) showBuilt() string {
	if e.Base != nil {
		return e.Base.showBuilt() + "^" + e.Output
	}
	return e.Path + "^" + e.Output
}

func (st *State) alreadyThere(e *ContextElem, pos Pos) *Error {
	cannot := func() *Error {
		return st.Errorf(ErrUnsupported, pos, "cannot build '%s' during evaluation: no builder is available here", e.showBuilt())
	}
	if e.Kind != ContextOutput || e.Base != nil {
		if _, err := st.opts.World.Lstat(e.Path); err != nil {
			return st.Errorf(ErrEval, pos, "path '%s' does not exist in the store", e.Path)
		}
		st.realised[e] = e.Path
		return nil
	}
	p, err := st.StoreDir().Parse(e.Path)
	if err != nil {
		return st.storeError(err, pos)
	}
	d, err := st.readDerivation(p)
	if err != nil {
		return cannot()
	}
	o := d.Output(e.Output)
	if o == nil || o.Path.IsZero() {
		return cannot()
	}
	out := st.StoreDir().Format(o.Path)
	if _, err := st.opts.World.Lstat(out); err != nil {
		return cannot()
	}
	st.realised[e] = out
	return nil
}
