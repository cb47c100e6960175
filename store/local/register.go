package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"zombiezen.com/go/sqlite"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
)

// Register makes paths valid that are complete on disk, with canonical metadata.
// All become valid, or none. References must be valid already or among infos. A
// path that is valid already gets the new info, but keeps its deriver.
//
// Register makes the bytes durable first, unless Settings.NoSync.
func (s *Store) Register(ctx context.Context, infos ...*store.PathInfo) error {
	if len(infos) == 0 {
		return nil
	}
	if s.set.ReadOnly {
		return ErrReadOnly
	}
	drvs := make(map[store.Path]*drv.Derivation)
	for _, i := range infos {
		if i.NarHash.Algo != hash.SHA256 {
			return fmt.Errorf("path '%s' must be registered with a SHA-256 hash", s.set.Dir.Format(i.Path))
		}
		if !i.CA.IsZero() && !i.IsContentAddressed(s.set.Dir) {
			return fmt.Errorf("cannot add path '%s' to the Nix store because it claims to be content-addressed but isn't", s.set.Dir.Format(i.Path))
		}
		if i.Path.IsDerivation() {
			d, err := s.readDerivation(i.Path)
			if err != nil {
				return err
			}
			drvs[i.Path] = d
		}
	}
	for p, d := range drvs {
		if err := s.hasher.Check(d); err != nil {
			return fmt.Errorf("while checking derivation '%s': %w", s.set.Dir.Format(p), err)
		}
	}
	if err := s.checkCycles(infos); err != nil {
		return err
	}
	r := &registration{ctx: ctx, infos: infos, drvs: drvs}
	s.rounds.join(r, s.registerAll)
	return r.err
}

// registration is a call of Register that has passed its checks.
type registration struct {
	ctx   context.Context
	infos []*store.PathInfo
	drvs  map[store.Path]*drv.Derivation
	err   error
}

// registerAll registers for several callers, with one sync and one transaction for
// all. Each still fails by itself.
func (s *Store) registerAll(group []*registration) {
	var err error
	if !s.set.NoSync {
		err = s.durable("store", s.syncStore)
	}
	if err == nil {
		ctx, cancel := wanted(group)
		defer cancel()
		err = s.write(ctx, func(c *sqlite.Conn) error {
			for _, r := range group {
				r.err = s.putRegistration(c, r, len(group) > 1)
				if r.err != nil && (len(group) == 1 || c.AutocommitEnabled()) {
					return r.err // the transaction is over for all
				}
			}
			return nil
		})
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
	}
	for _, r := range group {
		if r.err == nil || errors.Is(err, context.Canceled) {
			r.err = err
		}
	}
}

// wanted is a context that ends once all who wait have given up.
func wanted(group []*registration) (context.Context, context.CancelFunc) {
	if len(group) == 1 {
		return group[0].ctx, func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(group[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(group)))
	for _, r := range group {
		gone := func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		}
		if r.ctx.Err() != nil {
			gone() // at once, not in a while
			continue
		}
		stop := context.AfterFunc(r.ctx, gone)
		context.AfterFunc(ctx, func() { stop() })
	}
	return ctx, cancel
}

// putRegistration writes one registration, of which nothing is left if it fails and
// is not alone in its transaction.
func (s *Store) putRegistration(c *sqlite.Conn, r *registration, shared bool) (err error) {
	if shared {
		if err := each(c, "savepoint one", nil, nil); err != nil {
			return err
		}
		defer func() {
			if c.AutocommitEnabled() {
				return // SQLite has rolled everything back
			}
			if err != nil {
				err = cmp.Or(each(c, "rollback to one", nil, nil), err)
			}
			err = cmp.Or(err, each(c, "release one", nil, nil))
		}()
	}
	ids := make(map[store.Path]int64, len(r.infos))
	for _, i := range r.infos {
		id, err := s.putInfo(c, i, r.drvs[i.Path])
		if err != nil {
			return err
		}
		ids[i.Path] = id
	}
	for _, i := range r.infos {
		for _, ref := range i.References {
			id, ok := ids[ref]
			if !ok {
				var err error
				if id, err = s.pathID(c, ref); err != nil {
					return err
				}
				if id == 0 {
					return s.invalid(ref)
				}
				ids[ref] = id
			}
			if err := addRef(c, ids[i.Path], id); err != nil {
				return err
			}
		}
	}
	return nil
}

// addRef is "or ignore", not Nix's "or replace": a row cannot differ, and SQLite
// journals replacements twice.
func addRef(c *sqlite.Conn, referrer, reference int64) error {
	return each(c, "insert or ignore into Refs (referrer, reference) values (?, ?)", func(st *sqlite.Stmt) {
		st.BindInt64(1, referrer)
		st.BindInt64(2, reference)
	}, nil)
}

// putInfo inserts or updates the row of a path and returns its id.
func (s *Store) putInfo(c *sqlite.Conn, i *store.PathInfo, d *drv.Derivation) (int64, error) {
	id, err := s.pathID(c, i.Path)
	if err != nil {
		return 0, err
	}
	if id != 0 {
		return id, s.updateInfo(c, i)
	}
	when := i.RegistrationTime
	if when.IsZero() {
		when = now()
	}
	err = each(c, "insert into ValidPaths (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca) values (?, ?, ?, ?, ?, ?, ?, ?)",
		func(st *sqlite.Stmt) {
			st.BindText(1, s.set.Dir.Format(i.Path))
			st.BindText(2, hash.WithPrefix(i.NarHash, hash.Base16))
			st.BindInt64(3, when.Unix())
			deriver := ""
			if !i.Deriver.IsZero() {
				deriver = s.set.Dir.Format(i.Deriver)
			}
			bindOptional(st, 4, deriver)
			bindSize(st, 5, i.NarSize)
			bindBool(st, 6, i.Ultimate)
			bindOptional(st, 7, strings.Join(i.Sigs, " "))
			bindOptional(st, 8, i.CA.String())
		}, nil)
	if err != nil {
		return 0, err
	}
	id = c.LastInsertRowID()
	if d == nil {
		return id, nil
	}
	// The collector asks which derivations make a path.
	for _, o := range d.Outputs {
		if o.Path.IsZero() {
			continue
		}
		if err := each(c, "insert or replace into DerivationOutputs (drv, id, path) values (?, ?, ?)", func(st *sqlite.Stmt) {
			st.BindInt64(1, id)
			st.BindText(2, o.Name)
			st.BindText(3, s.set.Dir.Format(o.Path))
		}, nil); err != nil {
			return 0, err
		}
	}
	return id, nil
}

func (s *Store) updateInfo(c *sqlite.Conn, i *store.PathInfo) error {
	return each(c, "update ValidPaths set narSize = ?, hash = ?, ultimate = ?, sigs = ?, ca = ? where path = ?", func(st *sqlite.Stmt) {
		bindSize(st, 1, i.NarSize)
		st.BindText(2, hash.WithPrefix(i.NarHash, hash.Base16))
		bindBool(st, 3, i.Ultimate)
		bindOptional(st, 4, strings.Join(i.Sigs, " "))
		bindOptional(st, 5, i.CA.String())
		st.BindText(6, s.set.Dir.Format(i.Path))
	}, nil)
}

func bindOptional(st *sqlite.Stmt, n int, v string) {
	if v == "" {
		st.BindNull(n)
	} else {
		st.BindText(n, v)
	}
}

func bindSize(st *sqlite.Stmt, n int, v int64) {
	if v == 0 {
		st.BindNull(n)
	} else {
		st.BindInt64(n, v)
	}
}

func bindBool(st *sqlite.Stmt, n int, v bool) {
	if v {
		st.BindInt64(n, 1)
	} else {
		st.BindNull(n)
	}
}

// checkCycles refuses references in a circle, which several outputs of one
// derivation can have: they could never be deleted. References to itself are fine.
func (s *Store) checkCycles(infos []*store.PathInfo) error {
	if len(infos) < 2 {
		return nil
	}
	byPath := make(map[store.Path]*store.PathInfo, len(infos))
	for _, i := range infos {
		byPath[i.Path] = i
	}
	const visiting, done = 1, 2
	state := make(map[store.Path]int, len(infos))
	type frame struct {
		info *store.PathInfo
		next int
	}
	for _, start := range infos {
		if state[start.Path] == done {
			continue
		}
		stack := []frame{{info: start}}
		state[start.Path] = visiting
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.next == len(f.info.References) {
				state[f.info.Path] = done
				stack = stack[:len(stack)-1]
				continue
			}
			ref := f.info.References[f.next]
			f.next++
			if ref == f.info.Path || byPath[ref] == nil {
				continue
			}
			switch state[ref] {
			case visiting:
				return fmt.Errorf("cycle detected in the references of '%s' from '%s'", s.set.Dir.Format(ref), s.set.Dir.Format(f.info.Path))
			case 0:
				state[ref] = visiting
				stack = append(stack, frame{info: byPath[ref]})
			}
		}
	}
	return nil
}

// AddSignatures adds signatures to those of a valid path.
func (s *Store) AddSignatures(ctx context.Context, p store.Path, sigs []string) error {
	return s.write(ctx, func(c *sqlite.Conn) error {
		info, err := s.pathInfo(c, p)
		if err != nil {
			return err
		}
		all := append(info.Sigs, sigs...)
		slices.Sort(all)
		info.Sigs = slices.Compact(all)
		return s.updateInfo(c, info)
	})
}

// InUseError says that a path cannot be deleted because others refer to it.
type InUseError struct {
	Path string   // with the store directory
	By   []string // likewise
}

func (e *InUseError) Error() string {
	quoted := make([]string, len(e.By))
	for i, p := range e.By {
		quoted[i] = "'" + p + "'"
	}
	return fmt.Sprintf("cannot delete path '%s' because it is in use by %s", e.Path, strings.Join(quoted, ", "))
}

// invalidate makes a path invalid; an *InUseError if another refers to it.
func (s *Store) invalidate(c *sqlite.Conn, p store.Path) error {
	refs, err := s.referrers(c, p)
	if err != nil {
		return err
	}
	refs = slices.DeleteFunc(slices.Clone(refs), func(r store.Path) bool { return r == p })
	if len(refs) > 0 {
		e := &InUseError{Path: s.set.Dir.Format(p)}
		for _, r := range refs {
			e.By = append(e.By, s.set.Dir.Format(r))
		}
		return e
	}
	return each(c, "delete from ValidPaths where path = ?", func(st *sqlite.Stmt) { st.BindText(1, s.set.Dir.Format(p)) }, nil)
}
