package local

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	if !s.set.NoSync {
		if err := s.sync.wait(func() error { return s.durable("store", s.syncStore) }); err != nil {
			return err
		}
	}
	return s.write(ctx, func(c *sqlite.Conn) error {
		ids := make(map[store.Path]int64, len(infos))
		for _, i := range infos {
			id, err := s.putInfo(c, i, drvs[i.Path])
			if err != nil {
				return err
			}
			ids[i.Path] = id
		}
		for _, i := range infos {
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
	})
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
