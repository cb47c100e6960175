package local

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

//go:embed schema.sql
var schemaSQL string

//go:embed realisations.sql
var realisationsSQL string

// realisationsMigration is the name under which Nix remembers realisations.sql.
const realisationsMigration = "20220326-ca-derivations"

type dbMode int

const (
	dbReadWrite dbMode = iota
	dbCreate
	dbReadOnly
)

// database is one connection, used by one goroutine at a time.
type database struct {
	mu   sync.Mutex
	conn *sqlite.Conn

	hasRealisations bool
}

func openDatabase(name string, mode dbMode, set Settings) (*database, error) {
	d, err := openConn(name, mode, set)
	if err != nil && mode != dbReadOnly && noRoom(err, name) {
		// Or nobody could make room by collecting garbage.
		os.Remove(filepath.Join(filepath.Dir(name), "reserved"))
		d, err = openConn(name, mode, set)
	}
	if err != nil {
		return nil, fmt.Errorf("open database '%s': %w", name, explain(err, name))
	}
	return d, nil
}

// noRoom says whether an error comes of a full disk: SQLite often does not say so.
func noRoom(err error, name string) bool {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultFull:
		return true
	case sqlite.ResultIOErr, sqlite.ResultCantOpen:
		n, err := freeBytes(filepath.Dir(name))
		return err == nil && n < 64<<10
	}
	return false
}

// explain adds what SQLite does not say.
func explain(err error, name string) error {
	switch {
	case noRoom(err, name):
		return fmt.Errorf("%w: %w", err, unix.ENOSPC)
	case sqlite.ErrCode(err).ToPrimary() == sqlite.ResultCorrupt, sqlite.ErrCode(err).ToPrimary() == sqlite.ResultNotADB:
		return fmt.Errorf("%w; restore it from a backup, or make a new one with nix-store --load-db", err)
	}
	return err
}

// databaseError names the database in an error that is SQLite's.
func (s *Store) databaseError(err error) error {
	if err == nil || sqlite.ErrCode(err) == sqlite.ResultError || sqlite.ErrCode(err) == sqlite.ResultInterrupt {
		return err
	}
	return fmt.Errorf("database '%s': %w", s.dbPath(), explain(err, s.dbPath()))
}

func openConn(name string, mode dbMode, set Settings) (*database, error) {
	flags := sqlite.OpenReadWrite | sqlite.OpenURI
	uri := "file:" + (&url.URL{Path: name}).EscapedPath()
	switch mode {
	case dbCreate:
		flags |= sqlite.OpenCreate
	case dbReadOnly:
		// Immutable: no locks, no WAL, so that it works on read-only media.
		flags = sqlite.OpenReadOnly | sqlite.OpenURI
		uri += "?immutable=1"
	}
	conn, err := sqlite.OpenConn(uri, flags)
	if err != nil {
		return nil, err
	}
	d := &database{conn: conn}
	if err := d.setUp(mode, set); err != nil {
		conn.Close()
		return nil, err
	}
	return d, nil
}

func (d *database) setUp(mode dbMode, set Settings) error {
	// As long as Nix waits; whoever holds a lock this long is stuck.
	d.conn.SetBusyTimeout(time.Hour)
	pragmas := []string{
		"pragma foreign_keys = 1",
		// 32 MiB. With less SQLite spills half a registration of 10,000 paths.
		"pragma cache_size = -32768",
		"pragma temp_store = memory",
	}
	if mode != dbReadOnly {
		sync, journal := "normal", "wal"
		if set.NoFsyncMetadata {
			sync = "off"
		}
		if set.NoWAL {
			journal = "truncate"
		}
		pragmas = append(pragmas, "pragma synchronous = "+sync)
		if err := d.setJournal(journal); err != nil {
			return err
		}
		if journal == "wal" {
			pragmas = append(pragmas,
				// The log is cut after a checkpoint, and is large enough before
				// it for all derivations of a system.
				"pragma main.journal_size_limit = 1099511627776",
				"pragma wal_autocheckpoint = 40000")
		}
	}
	for _, p := range pragmas {
		if err := sqlitex.ExecuteTransient(d.conn, p, nil); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	tables, err := d.text("select ' ' || group_concat(name, ' ') || ' ' from sqlite_master where type = 'table'")
	if err != nil {
		return err
	}
	has := func(table string) bool { return strings.Contains(tables, " "+table+" ") }
	if mode != dbCreate && !has("ValidPaths") {
		return errors.New("it has lost its tables; restore it from a backup, or make a new one with nix-store --load-db")
	}
	d.hasRealisations = has("Realisations")
	if mode != dbReadOnly {
		migrations := "create table if not exists SchemaMigrations (migration text primary key not null);"
		script := migrations
		if mode == dbCreate {
			script = schemaSQL + migrations
		}
		if !has("SchemaMigrations") {
			return d.script(script)
		}
	}
	return nil
}

// setJournal changes the kind of journal, for which nobody else may be at work.
// SQLite does not wait for that, as it holds the lock of a reader then: two that wait
// would do so for each other. Others are there when several make a store together.
func (d *database) setJournal(kind string) error {
	const patience, pause = time.Minute, 5 * time.Millisecond
	change := "pragma main.journal_mode = " + kind
	for end := time.Now().Add(patience); ; time.Sleep(pause) {
		old, err := d.text("pragma main.journal_mode")
		if err != nil || old == kind {
			return err
		}
		err = sqlitex.ExecuteTransient(d.conn, change, nil)
		switch {
		case err == nil:
			return nil
		case sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || time.Now().After(end):
			return fmt.Errorf("%s: %w", change, err)
		}
	}
}

// script runs statements in one transaction, which begins by taking the lock.
func (d *database) script(sql string) (err error) {
	end, err := sqlitex.ImmediateTransaction(d.conn)
	if err != nil {
		return err
	}
	defer end(&err)
	return sqlitex.ExecuteScript(d.conn, sql, &sqlitex.ExecOptions{})
}

// text is the first column of the first row, or "".
func (d *database) text(query string) (s string, err error) {
	err = sqlitex.ExecuteTransient(d.conn, query, &sqlitex.ExecOptions{ResultFunc: func(st *sqlite.Stmt) error {
		if s == "" {
			s = st.ColumnText(0)
		}
		return nil
	}})
	return s, err
}

func (d *database) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conn.Close()
}

// read runs f in one read transaction: it sees one state of the database.
func (s *Store) read(ctx context.Context, f func(*sqlite.Conn) error) (err error) {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.db.conn.SetInterrupt(ctx.Done())
	defer s.db.conn.SetInterrupt(nil)
	defer func() { err = s.databaseError(err) }()
	end := sqlitex.Transaction(s.db.conn)
	defer end(&err)
	return f(s.db.conn)
}

// write runs f in one transaction, which is rolled back if f fails.
func (s *Store) write(ctx context.Context, f func(*sqlite.Conn) error) (err error) {
	if s.set.ReadOnly {
		return ErrReadOnly
	}
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.db.conn.SetInterrupt(ctx.Done())
	defer s.db.conn.SetInterrupt(nil)
	defer func() { err = s.databaseError(err) }()
	end, err := sqlitex.ImmediateTransaction(s.db.conn)
	if err != nil {
		return err
	}
	defer end(&err)
	return f(s.db.conn)
}

// durable makes something durable by do.
func (s *Store) durable(what string, do func() error) error {
	if s.syncing != nil {
		return s.syncing(what)
	}
	return do()
}

// syncDatabase makes what was committed durable. Commits themselves do not wait for
// that, as in Nix: all that a loss of power can undo is that paths became valid.
func (s *Store) syncDatabase() error {
	if s.set.NoSync || s.set.NoFsyncMetadata || s.set.NoWAL {
		return nil
	}
	return s.durable("database", func() error {
		wal, err := os.Open(s.dbPath() + "-wal")
		if err != nil {
			return err
		}
		defer wal.Close()
		return wal.Sync()
	})
}

// each runs a prepared query and calls row for each result.
func each(conn *sqlite.Conn, query string, bind func(*sqlite.Stmt), row func(*sqlite.Stmt) error) (err error) {
	st, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	defer func() {
		st.ClearBindings()
		if rerr := st.Reset(); err == nil {
			err = rerr
		}
	}()
	if bind != nil {
		bind(st)
	}
	for {
		ok, err := st.Step()
		if err != nil || !ok {
			return err
		}
		if row != nil {
			if err := row(st); err != nil {
				return err
			}
		}
	}
}
