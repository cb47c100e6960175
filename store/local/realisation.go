package local

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// DrvOutput names an output of a derivation by what it is made of: the hash
// modulo of the derivation, and the output's name.
type DrvOutput struct {
	Hash   hash.Hash
	Output string
}

// String is `sha256:<base 16>!<output>`.
func (o DrvOutput) String() string { return hash.WithPrefix(o.Hash, hash.Base16) + "!" + o.Output }

// Realisation says which path a content-addressed output came to be.
type Realisation struct {
	ID   DrvOutput
	Path store.Path
	Sigs []string                 // sorted
	Deps map[DrvOutput]store.Path // realisations that it was built with
}

// QueryRealisation returns what is known of an output, nil if nothing.
func (s *Store) QueryRealisation(ctx context.Context, id DrvOutput) (r *Realisation, err error) {
	if !s.db.hasRealisations {
		return nil, nil
	}
	err = s.read(ctx, func(c *sqlite.Conn) error {
		var row int64
		if r, row, err = s.realisation(c, id); err != nil || r == nil {
			return err
		}
		var deps []DrvOutput
		err := each(c, "select drvPath, outputName from Realisations join RealisationsRefs on realisationReference = Realisations.id where referrer = ?",
			func(st *sqlite.Stmt) { st.BindInt64(1, row) },
			func(st *sqlite.Stmt) error {
				h, err := hash.ParsePrefixed(st.ColumnText(0))
				deps = append(deps, DrvOutput{h, st.ColumnText(1)})
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

func (s *Store) realisation(c *sqlite.Conn, id DrvOutput) (r *Realisation, row int64, err error) {
	err = each(c, "select r.id, v.path, r.signatures from Realisations r join ValidPaths v on v.id = r.outputPath where drvPath = ? and outputName = ?",
		func(st *sqlite.Stmt) {
			st.BindText(1, hash.WithPrefix(id.Hash, hash.Base16))
			st.BindText(2, id.Output)
		},
		func(st *sqlite.Stmt) error {
			row = st.ColumnInt64(0)
			p, err := s.set.Dir.Parse(st.ColumnText(1))
			r = &Realisation{ID: id, Path: p, Sigs: strings.Fields(st.ColumnText(2)), Deps: map[DrvOutput]store.Path{}}
			slices.Sort(r.Sigs)
			return err
		})
	return r, row, err
}

// AddRealisation records what an output came to be. Its path must be valid, and
// its dependencies recorded. It is an error if the output is known to be another
// path; signatures are added to those that are there.
func (s *Store) AddRealisation(ctx context.Context, r *Realisation) error {
	if err := s.ensureRealisations(ctx); err != nil {
		return err
	}
	return s.write(ctx, func(c *sqlite.Conn) error {
		old, row, err := s.realisation(c, r.ID)
		if err != nil {
			return err
		}
		drvHash := hash.WithPrefix(r.ID.Hash, hash.Base16)
		if old != nil {
			if old.Path != r.Path {
				return fmt.Errorf("Trying to register a realisation of '%s', but we already have another one locally.\nLocal:  %s\nRemote: %s",
					r.ID, s.set.Dir.Format(old.Path), s.set.Dir.Format(r.Path))
			}
			sigs := append(slices.Clone(old.Sigs), r.Sigs...)
			slices.Sort(sigs)
			err = each(c, "update Realisations set signatures = ? where id = ?", func(st *sqlite.Stmt) {
				st.BindText(1, strings.Join(slices.Compact(sigs), " "))
				st.BindInt64(2, row)
			}, nil)
		} else {
			err = each(c, "insert into Realisations (drvPath, outputName, outputPath, signatures) values (?, ?, (select id from ValidPaths where path = ?), ?)",
				func(st *sqlite.Stmt) {
					st.BindText(1, drvHash)
					st.BindText(2, r.ID.Output)
					st.BindText(3, s.set.Dir.Format(r.Path))
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
			if err := each(c, "insert or replace into RealisationsRefs (referrer, realisationReference) values (?, ?)", func(st *sqlite.Stmt) {
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
