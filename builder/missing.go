package builder

import (
	"context"
	"sync"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// Missing is what a call of Build would have to do.
type Missing struct {
	Build        []store.Path // derivations, those that others need first
	Substitute   []store.Path // likewise
	Unknown      []store.Path // paths that nothing can make, sorted
	DownloadSize int64        // bytes, as far as known
	NarSize      int64
}

// Missing finds out what a call of Build would do, without doing it.
func (w *Worker) Missing(ctx context.Context, targets []Target) (*Missing, error) {
	q := &missingQuery{w: w, ctx: ctx, out: &Missing{}, drvs: map[store.Path]bool{}, paths: map[store.Path]bool{}, subs: map[store.Path]*Substitutable{}, cas: map[store.Path]store.ContentAddress{}}
	for _, t := range targets {
		var err error
		if t.Drv.IsZero() {
			err = q.path(t.Path)
		} else {
			err = q.derivation(t.Drv, t.Outputs)
		}
		if err != nil {
			return nil, err
		}
	}
	q.out.Unknown = store.SortPaths(q.out.Unknown)
	return q.out, nil
}

type missingQuery struct {
	w     *Worker
	ctx   context.Context
	out   *Missing
	drvs  map[store.Path]bool // seen
	paths map[store.Path]bool
	subs  map[store.Path]*Substitutable // answers, nil for none
	cas   map[store.Path]store.ContentAddress
}

// ask queries caches about paths at the same time.
func (q *missingQuery) ask(paths []store.Path) error {
	if q.w.Substituter == nil || !q.w.Settings.Substitute {
		return nil
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var first error
	slots := make(chan struct{}, 25)
	for _, p := range paths {
		if _, ok := q.subs[p]; ok {
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s, err := q.w.Substituter.Query(q.ctx, p, q.cas[p])
			mu.Lock()
			defer mu.Unlock()
			if err != nil && first == nil {
				first = err
			}
			q.subs[p] = s
		})
	}
	wg.Wait()
	return first
}

func (q *missingQuery) path(p store.Path) error {
	if q.paths[p] {
		return nil
	}
	q.paths[p] = true
	if ok, err := q.w.Store.IsValid(q.ctx, p); err != nil || ok {
		return err
	}
	if err := q.ask(paths1(p)); err != nil {
		return err
	}
	s := q.subs[p]
	if s == nil {
		q.out.Unknown = append(q.out.Unknown, p)
		return nil
	}
	if err := q.ask(s.References); err != nil {
		return err
	}
	for _, r := range s.References {
		if err := q.path(r); err != nil {
			return err
		}
	}
	q.out.Substitute = append(q.out.Substitute, p)
	q.out.DownloadSize += s.DownloadSize
	q.out.NarSize += s.NarSize
	return nil
}

func (q *missingQuery) derivation(p store.Path, outputs []string) error {
	if ok, err := q.w.hasDerivation(q.ctx, p); err != nil {
		return err
	} else if !ok {
		q.out.Unknown = append(q.out.Unknown, p)
		return nil
	}
	d, err := q.w.readDerivation(p)
	if err != nil {
		return err
	}
	wanted := func(name string) bool {
		if outputs == nil {
			return true
		}
		for _, o := range outputs {
			if o == name {
				return true
			}
		}
		return false
	}
	var invalid []store.Path
	var unknown []string
	for _, o := range d.Outputs {
		if !wanted(o.Name) {
			continue
		}
		out := o.Path
		if out.IsZero() {
			if out, err = q.realised(p, o.Name); err != nil {
				return err
			}
		}
		if out.IsZero() {
			unknown = append(unknown, o.Name)
			continue
		}
		ok, err := q.w.Store.IsValid(q.ctx, out)
		if err != nil {
			return err
		}
		if !ok {
			invalid = append(invalid, out)
			q.cas[out] = o.FixedAddress()
		}
	}
	if len(unknown) == 0 && len(invalid) == 0 {
		return nil
	}
	a, err := parseAttrs(p, d)
	if err != nil {
		return err
	}
	allowed, err := a.bool("allowSubstitutes", true)
	if err != nil {
		return err
	}
	if allowed || q.w.Settings.AlwaysAllowSubstitutes {
		for _, name := range unknown {
			out, err := q.askRealisation(p, name)
			if err != nil {
				return err
			}
			if out.IsZero() {
				return q.build(p, d)
			}
			if ok, err := q.w.Store.IsValid(q.ctx, out); err != nil {
				return err
			} else if !ok {
				invalid = append(invalid, out)
			}
		}
		if err := q.ask(invalid); err != nil {
			return err
		}
		all := true
		for _, o := range invalid {
			all = all && q.subs[o] != nil
		}
		if all {
			for _, o := range invalid {
				if err := q.path(o); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return q.build(p, d)
}

// realised is what an output came to be here, zero if that is not known.
func (q *missingQuery) realised(p store.Path, output string) (store.Path, error) {
	rs := q.w.realisations()
	if rs == nil {
		return store.Path{}, nil
	}
	id, err := q.w.drvOutput(p, output)
	if err != nil {
		return store.Path{}, err
	}
	r, err := rs.QueryRealisation(q.ctx, id)
	if err != nil || r == nil {
		return store.Path{}, err
	}
	return r.Path, nil
}

// askRealisation is what caches say that an output came to be, zero if nothing.
func (q *missingQuery) askRealisation(p store.Path, output string) (store.Path, error) {
	if q.w.Substituter == nil || !q.w.Settings.Substitute || q.w.realisations() == nil {
		return store.Path{}, nil
	}
	id, err := q.w.drvOutput(p, output)
	if err != nil {
		return store.Path{}, err
	}
	r, err := q.w.Substituter.QueryRealisation(q.ctx, id, func(string, *store.Realisation) bool { return true })
	if err != nil || r == nil {
		return store.Path{}, err
	}
	return r.Path, nil
}

func (q *missingQuery) build(p store.Path, d *drv.Derivation) error {
	if q.drvs[p] {
		return nil
	}
	q.drvs[p] = true
	for _, in := range d.InputDrvs {
		if err := q.derivation(in.Path, in.Outputs); err != nil {
			return err
		}
	}
	q.out.Build = append(q.out.Build, p)
	return nil
}
