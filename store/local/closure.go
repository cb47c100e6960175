package local

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"gonix.dev/gonix/store"
)

// ClosureOptions say which edges a closure follows.
type ClosureOptions struct {
	Referrers       bool // what depends on the paths, rather than what they depend on
	IncludeOutputs  bool // of derivations (of outputs, their derivers, with Referrers)
	IncludeDerivers bool // of outputs (of derivers, their outputs, with Referrers)
}

// Closure returns ps and everything reachable from them, sorted. All of ps must be
// valid.
func (s *Store) Closure(ctx context.Context, ps []store.Path, opts ClosureOptions) (all []store.Path, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		ids, err := s.closureIDs(c, ps, opts)
		if err != nil {
			return err
		}
		all, err = s.pathsOf(c, ids)
		return err
	})
	return all, err
}

// ClosureInfos is Closure with what is known of each path.
func (s *Store) ClosureInfos(ctx context.Context, ps []store.Path, opts ClosureOptions) (infos []*store.PathInfo, err error) {
	err = s.read(ctx, func(c *sqlite.Conn) error {
		ids, err := s.closureIDs(c, ps, opts)
		if err != nil {
			return err
		}
		byID := make(map[int64]*store.PathInfo, len(ids))
		if err := overIDs(c, "select "+infoColumns+" from ValidPaths where id in ", ids, func(st *sqlite.Stmt) error {
			info, err := s.scanInfo(st)
			byID[st.ColumnInt64(0)] = info
			infos = append(infos, info)
			return err
		}); err != nil {
			return err
		}
		// References of a closure are in it, unless it follows other edges.
		if err := overIDs(c, "select referrer, reference from Refs where referrer in ", ids, func(st *sqlite.Stmt) error {
			from, to := byID[st.ColumnInt64(0)], byID[st.ColumnInt64(1)]
			if from != nil && to != nil {
				from.References = append(from.References, to.Path)
			}
			return nil
		}); err != nil {
			return err
		}
		for id, info := range byID {
			if opts.Referrers {
				if info.References, err = s.references(c, id); err != nil {
					return err
				}
			}
			info.References = store.SortPaths(info.References)
		}
		return nil
	})
	slices.SortFunc(infos, func(a, b *store.PathInfo) int { return a.Path.Compare(b.Path) })
	return infos, err
}

// closureIDs walks the graph by row, so that no path is parsed on the way.
func (s *Store) closureIDs(c *sqlite.Conn, ps []store.Path, opts ClosureOptions) ([]int64, error) {
	var ids []int64
	seen := map[int64]bool{}
	add := func(id int64) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for _, p := range ps {
		id, err := s.pathID(c, p)
		if err != nil {
			return nil, err
		}
		if id == 0 {
			return nil, s.invalid(p)
		}
		add(id)
	}
	var edges []string
	if opts.Referrers {
		edges = append(edges, "select referrer from Refs where reference = ?")
	} else {
		edges = append(edges, "select reference from Refs where referrer = ?")
	}
	outputs := "select v.id from DerivationOutputs d join ValidPaths v on v.path = d.path where d.drv = ?"
	derivers := "select v.id from ValidPaths p join ValidPaths v on v.path = p.deriver where p.id = ?"
	validDerivers := "select d.drv from ValidPaths p join DerivationOutputs d on d.path = p.path where p.id = ?"
	switch {
	case opts.IncludeOutputs && opts.Referrers:
		edges = append(edges, validDerivers)
	case opts.IncludeOutputs:
		edges = append(edges, outputs)
		if s.db.hasRealisations {
			// Floating outputs are known by the hash of their derivation only;
			// the deriver of what they came to be names it.
			edges = append(edges, "select r.outputPath from ValidPaths p join ValidPaths o on o.deriver = p.path join Realisations r on r.outputPath = o.id where p.id = ?")
		}
	}
	switch {
	case opts.IncludeDerivers && opts.Referrers:
		edges = append(edges, outputs)
	case opts.IncludeDerivers:
		edges = append(edges, derivers)
	}
	row := func(st *sqlite.Stmt) error { add(st.ColumnInt64(0)); return nil }
	for i := 0; i < len(ids); i++ {
		bind := func(st *sqlite.Stmt) { st.BindInt64(1, ids[i]) }
		for _, e := range edges {
			if err := each(c, e, bind, row); err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

func (s *Store) pathsOf(c *sqlite.Conn, ids []int64) ([]store.Path, error) {
	ps := make([]store.Path, 0, len(ids))
	err := overIDs(c, "select path from ValidPaths where id in ", ids, func(st *sqlite.Stmt) error {
		p, err := s.set.Dir.Parse(st.ColumnText(0))
		ps = append(ps, p)
		return err
	})
	return store.SortPaths(ps), err
}

// overIDs runs a query that ends in `in ` for all ids, some hundred at a time.
func overIDs(c *sqlite.Conn, query string, ids []int64, row func(*sqlite.Stmt) error) error {
	const chunk = 512
	for len(ids) > 0 {
		n := min(len(ids), chunk)
		var list strings.Builder
		list.WriteByte('(')
		for i, id := range ids[:n] {
			if i > 0 {
				list.WriteByte(',')
			}
			list.WriteString(strconv.FormatInt(id, 10))
		}
		list.WriteByte(')')
		st, _, err := c.PrepareTransient(query + list.String())
		if err != nil {
			return err
		}
		for {
			ok, err := st.Step()
			if err == nil && ok {
				err = row(st)
			}
			if err != nil {
				st.Finalize()
				return err
			}
			if !ok {
				break
			}
		}
		if err := st.Finalize(); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// QueryClosure is ClosureInfos along references, as copying needs it.
func (s *Store) QueryClosure(ctx context.Context, ps []store.Path) ([]*store.PathInfo, error) {
	return s.ClosureInfos(ctx, ps, ClosureOptions{})
}
