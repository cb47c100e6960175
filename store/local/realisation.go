package local

import (
	"context"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// QueryRealisation returns what is known of an output, nil if nothing.
func (s *Store) QueryRealisation(ctx context.Context, id store.DrvOutput) (r *store.Realisation, err error) {
	if !s.db.hasRealisations {
		return nil, nil
	}
	err = s.read(ctx, func(c *sqlite.Conn) error {
		var row int64
		if r, row, err = s.realisation(c, id); err != nil || r == nil {
			return err
		}
		var deps []store.DrvOutput
		err := each(c, "select drvPath, outputName from Realisations join RealisationsRefs on realisationReference = Realisations.id where referrer = ?",
			func(st *sqlite.Stmt) { st.BindInt64(1, row) },
			func(st *sqlite.Stmt) error {
				h, err := hash.ParsePrefixed(st.ColumnText(0))
				deps = append(deps, store.DrvOutput{Hash: h, Output: st.ColumnText(1)})
				return err
			})
		if err != nil {
			return err
		}
		for _, id := range deps {
			dep, _, err := s.realisation(c, id)
			if err != nil {
				return err
			}
			if dep != nil {
				r.Deps[id] = dep.Path
			}
		}
		return nil
	})
	return r, err
}

func (s *Store) realisation(c *sqlite.Conn, id store.DrvOutput) (r *store.Realisation, row int64, err error) {
	err = each(c, "select r.id, v.path, r.signatures from Realisations r join ValidPaths v on v.id = r.outputPath where drvPath = ? and outputName = ?",
		func(st *sqlite.Stmt) {
			st.BindText(1, hash.WithPrefix(id.Hash, hash.Base16))
			st.BindText(2, id.Output)
		},
		func(st *sqlite.Stmt) error {
			row = st.ColumnInt64(0)
			p, err := s.set.Dir.Parse(st.ColumnText(1))
			r = &store.Realisation{ID: id, Path: p, Deps: map[store.DrvOutput]store.Path{}}
			r.AddSigs(strings.Fields(st.ColumnText(2))...)
			return err
		})
	return r, row, err
}

// AddRealisation implements store.RealisationStore.
func (s *Store) AddRealisation(ctx context.Context, r *store.Realisation, opts store.AddOptions) error {
	if !opts.NoCheckSigs && s.set.TrustedRealisation != nil {
		if err := s.set.TrustedRealisation(r); err != nil {
			return err
		}
	}
	if err := s.ensureRealisations(ctx); err != nil {
		return err
	}
	return s.write(ctx, func(c *sqlite.Conn) error {
		old, row, err := s.realisation(c, r.ID)
		if err != nil {
			return err
		}
		path, err := s.pathID(c, r.Path)
		if err != nil {
			return err
		}
		if path == 0 {
			return fmt.Errorf("register the realisation of '%s': %w", r.ID, s.invalid(r.Path))
		}
		drvHash := hash.WithPrefix(r.ID.Hash, hash.Base16)
		if old != nil {
			if old.Path != r.Path {
				return fmt.Errorf("Trying to register a realisation of '%s', but we already have another one locally.\nLocal:  %s\nRemote: %s",
					r.ID, s.set.Dir.Format(old.Path), s.set.Dir.Format(r.Path))
			}
			old.AddSigs(r.Sigs...)
			err = each(c, "update Realisations set signatures = ? where id = ?", func(st *sqlite.Stmt) {
				st.BindText(1, strings.Join(old.Sigs, " "))
				st.BindInt64(2, row)
			}, nil)
		} else {
			err = each(c, "insert into Realisations (drvPath, outputName, outputPath, signatures) values (?, ?, ?, ?)",
				func(st *sqlite.Stmt) {
					st.BindText(1, drvHash)
					st.BindText(2, r.ID.Output)
					st.BindInt64(3, path)
					st.BindText(4, strings.Join(r.Sigs, " "))
				}, nil)
			row = c.LastInsertRowID()
		}
		if err != nil {
			return err
		}
		for id, p := range r.Deps {
			dep, depRow, err := s.realisation(c, id)
			if err != nil {
				return err
			}
			if dep == nil {
				return fmt.Errorf("unable to register the derivation '%s' as it depends on the non existent '%s'", r.ID, id)
			}
			if dep.Path != p {
				return fmt.Errorf("unable to register the derivation '%s' as it depends on a realisation of '%s' that doesn't match what we have locally", r.ID, id)
			}
			// There is no key that would keep a row from coming twice.
			if err := each(c, "insert into RealisationsRefs (referrer, realisationReference) select ?1, ?2 "+
				"where not exists (select 1 from RealisationsRefs where referrer = ?1 and realisationReference = ?2)", func(st *sqlite.Stmt) {
				st.BindInt64(1, row)
				st.BindInt64(2, depRow)
			}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// ensureRealisations makes the tables, as Nix does once the experimental feature
// is used.
func (s *Store) ensureRealisations(ctx context.Context) error {
	if s.db.hasRealisations {
		return nil
	}
	err := s.write(ctx, func(c *sqlite.Conn) error {
		if err := sqlitex.ExecuteScript(c, realisationsSQL, nil); err != nil {
			return err
		}
		return sqlitex.ExecuteTransient(c, "insert or ignore into SchemaMigrations values (?)",
			&sqlitex.ExecOptions{Args: []any{realisationsMigration}})
	})
	if err == nil {
		s.db.mu.Lock()
		s.db.hasRealisations = true
		s.db.mu.Unlock()
	}
	return err
}
