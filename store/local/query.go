package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// IsValid says whether p is valid.
func (s *Store) IsValid(ctx context.Context, p store.Path) (valid bool, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		id, err := s.pathID(c, p)
		valid = id != 0
		return err
	})
	return valid, err
}

// QueryValidPaths returns those of ps that are valid.
func (s *Store) QueryValidPaths(ctx context.Context, ps []store.Path) (valid map[store.Path]bool, err error) {
	valid = make(map[store.Path]bool, len(ps))
	err = s.read(ctx, func(c *sqlite.Conn) error {
		for _, p := range ps {
			id, err := s.pathID(c, p)
			if err != nil {
				return err
			}
			if id != 0 {
				valid[p] = true
			}
		}
		return nil
	})
	return valid, err
}

// QueryPathInfo returns what is known of p, or a *store.InvalidPathError.
func (s *Store) QueryPathInfo(ctx context.Context, p store.Path) (info *store.PathInfo, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		info, err = s.pathInfo(c, p)
		return err
	})
	return info, err
}

// QueryPathInfos is QueryPathInfo for several paths, in one transaction.
func (s *Store) QueryPathInfos(ctx context.Context, ps []store.Path) (infos []*store.PathInfo, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		for _, p := range ps {
			info, err := s.pathInfo(c, p)
			if err != nil {
				return err
			}
			infos = append(infos, info)
		}
		return nil
	})
	return infos, err
}

// pathID is the row of p, 0 if it is not valid.
func (s *Store) pathID(c *sqlite.Conn, p store.Path) (id int64, err error) {
	err = each(c, "select id from ValidPaths where path = ?",
		func(st *sqlite.Stmt) { st.BindText(1, s.set.Dir.Format(p)) },
		func(st *sqlite.Stmt) error { id = st.ColumnInt64(0); return nil })
	return id, err
}

const infoColumns = "id, path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca"

func (s *Store) pathInfo(c *sqlite.Conn, p store.Path) (*store.PathInfo, error) {
	var info *store.PathInfo
	var id int64
	err := each(c, "select "+infoColumns+" from ValidPaths where path = ?",
		func(st *sqlite.Stmt) { st.BindText(1, s.set.Dir.Format(p)) },
		func(st *sqlite.Stmt) (err error) {
			id = st.ColumnInt64(0)
			info, err = s.scanInfo(st)
			return err
		})
	if err != nil {
		return nil, err
	}
	if info == nil {
		return nil, s.invalid(p)
	}
	info.References, err = s.references(c, id)
	return info, err
}

// scanInfo reads a row of infoColumns.
func (s *Store) scanInfo(st *sqlite.Stmt) (*store.PathInfo, error) {
	path := st.ColumnText(1)
	bad := func(err error) error { return fmt.Errorf("invalid-path entry for '%s': %w", path, err) }
	p, err := s.set.Dir.Parse(path)
	if err != nil {
		return nil, bad(err)
	}
	info := &store.PathInfo{Path: p, NarSize: st.ColumnInt64(5), Ultimate: st.ColumnInt64(6) == 1}
	if info.NarHash, err = hash.ParsePrefixed(st.ColumnText(2)); err != nil {
		return nil, bad(err)
	}
	if t := st.ColumnInt64(3); t != 0 {
		info.RegistrationTime = time.Unix(t, 0)
	}
	if d := st.ColumnText(4); d != "" {
		if info.Deriver, err = s.set.Dir.Parse(d); err != nil {
			return nil, bad(err)
		}
	}
	if sigs := st.ColumnText(7); sigs != "" {
		info.Sigs = strings.Fields(sigs)
		slices.Sort(info.Sigs)
	}
	if info.CA, err = store.ParseContentAddress(st.ColumnText(8)); err != nil {
		return nil, bad(err)
	}
	return info, nil
}

// references are the paths that row id refers to, sorted.
func (s *Store) references(c *sqlite.Conn, id int64) ([]store.Path, error) {
	return s.paths(c, "select path from Refs join ValidPaths on reference = id where referrer = ?",
		func(st *sqlite.Stmt) { st.BindInt64(1, id) })
}

// paths runs a query for paths and sorts them.
func (s *Store) paths(c *sqlite.Conn, query string, bind func(*sqlite.Stmt)) ([]store.Path, error) {
	var ps []store.Path
	err := each(c, query, bind, func(st *sqlite.Stmt) error {
		p, err := s.set.Dir.Parse(st.ColumnText(0))
		ps = append(ps, p)
		return err
	})
	return store.SortPaths(ps), err
}

// AllValid are all valid paths, sorted.
func (s *Store) AllValid(ctx context.Context) (ps []store.Path, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		ps, err = s.paths(c, "select path from ValidPaths", nil)
		return err
	})
	return ps, err
}

// Referrers are the valid paths that refer to p, sorted.
func (s *Store) Referrers(ctx context.Context, p store.Path) (ps []store.Path, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		ps, err = s.referrers(c, p)
		return err
	})
	return ps, err
}

func (s *Store) referrers(c *sqlite.Conn, p store.Path) ([]store.Path, error) {
	return s.paths(c, "select path from Refs join ValidPaths on referrer = id where reference = (select id from ValidPaths where path = ?)",
		func(st *sqlite.Stmt) { st.BindText(1, s.set.Dir.Format(p)) })
}

// ValidDerivers are the valid derivations that have p as an output, sorted. The
// deriver in PathInfo need not be among them.
func (s *Store) ValidDerivers(ctx context.Context, p store.Path) (ps []store.Path, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		ps, err = s.paths(c, "select v.path from DerivationOutputs d join ValidPaths v on d.drv = v.id where d.path = ?",
			func(st *sqlite.Stmt) { st.BindText(1, s.set.Dir.Format(p)) })
		return err
	})
	return ps, err
}

// DerivationOutputs are the outputs of the valid derivation p whose paths are
// known, by name. Floating ones have realisations instead.
func (s *Store) DerivationOutputs(ctx context.Context, p store.Path) (outs map[string]store.Path, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		id, err := s.pathID(c, p)
		if err != nil {
			return err
		}
		if id == 0 {
			return s.invalid(p)
		}
		outs = map[string]store.Path{}
		return each(c, "select id, path from DerivationOutputs where drv = ?",
			func(st *sqlite.Stmt) { st.BindInt64(1, id) },
			func(st *sqlite.Stmt) error {
				out, err := s.set.Dir.Parse(st.ColumnText(1))
				outs[st.ColumnText(0)] = out
				return err
			})
	})
	return outs, err
}

// QueryPathFromHashPart returns the valid path with a given hash part, or a
// *store.InvalidPathError.
func (s *Store) QueryPathFromHashPart(ctx context.Context, part string) (p store.Path, err error) {
	if len(part) != store.HashLen {
		return p, errors.New("invalid hash part")
	}
	prefix := string(s.set.Dir) + "/" + part
	err = s.read(ctx, func(c *sqlite.Conn) error {
		return each(c, "select path from ValidPaths where path >= ? order by path limit 1",
			func(st *sqlite.Stmt) { st.BindText(1, prefix) },
			func(st *sqlite.Stmt) (err error) {
				if path := st.ColumnText(0); strings.HasPrefix(path, prefix) {
					p, err = s.set.Dir.Parse(path)
				}
				return err
			})
	})
	if err == nil && p.IsZero() {
		err = &store.InvalidPathError{Path: part}
	}
	return p, err
}
