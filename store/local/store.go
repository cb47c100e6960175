package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// schemaVersion is the version of the database that we and Nix write.
const schemaVersion = 10

// reservedSize is the size in bytes of the file that is deleted to make room for
// a garbage collection: 8 MiB.
const reservedSize = 8 << 20

// Store is an open store. Its methods may be called concurrently.
type Store struct {
	set     Settings
	db      *database
	big     *os.File // db/big-lock, held shared
	hasher  *drv.Hasher
	temp    tempRoots
	tmpDir  tempDir
	scratch scratch
	rounds  rounds[*registration]
	// syncing stands for making something durable, in tests.
	syncing func(what string) error

	autoGC autoGC
}

// ErrReadOnly is wrapped by errors of what would change a store opened read-only.
var ErrReadOnly = errors.New("the store was opened read-only: attempt to write a readonly database")

// readOnly is the error for a path that cannot be added. Opening the store in another
// way helps only if its directory can be written.
func (s *Store) readOnly(p store.Path) error {
	err := ErrReadOnly
	if aerr := accessible(s.set.RealDir); aerr != nil {
		err = fmt.Errorf("%w; nor can '%s' be written: %s", err, s.set.RealDir, sysErrorText(aerr))
	}
	return fmt.Errorf("cannot add '%s': %w", s.set.Dir.Format(p), err)
}

// Open opens a store, and makes it first if it is not there.
func Open(ctx context.Context, set Settings) (*Store, error) {
	s := &Store{set: set.withDefaults()}
	s.hasher = &drv.Hasher{Dir: s.set.Dir, Read: s.readDerivation}
	s.temp.store = s
	if err := s.open(ctx); err != nil {
		s.Close()
		if _, ok := errors.AsType[*lockFileError](err); ok {
			return nil, err // it is in the store
		}
		return nil, fmt.Errorf("open store '%s': %w", s.set.RealDir, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if !s.set.ReadOnly {
		if err := s.makeDirs(); err != nil {
			return err
		}
	}
	if !s.set.AllowSymlinks {
		if err := refuseSymlinks(s.set.RealDir); err != nil {
			return err
		}
	}
	if s.set.ReadOnly {
		v, err := s.schema()
		if err != nil {
			return err
		}
		if v == 0 {
			return errors.New("database does not exist, and cannot be created in read-only mode")
		}
		if v != schemaVersion {
			return fmt.Errorf("the store has database schema %d, and only %d is supported", v, schemaVersion)
		}
		s.db, err = openDatabase(s.dbPath(), dbReadOnly, s.set)
		return err
	}
	s.reserve()
	var err error
	// Shared: no schema upgrade goes on while we are here.
	if s.big, err = openLockFile(filepath.Join(s.set.StateDir, "db/big-lock")); err != nil {
		return err
	}
	if err := lockFile(ctx, s.big, lockShared, func() { s.log(Info, "waiting for the big Nix store lock...") }); err != nil {
		return err
	}
	v, err := s.schema()
	if err != nil {
		return err
	}
	switch {
	case v > schemaVersion:
		return fmt.Errorf("current Nix store schema is version %d, but I only support %d", v, schemaVersion)
	case v == 0:
		if s.db, err = openDatabase(s.dbPath(), dbCreate, s.set); err != nil {
			return err
		}
		return writeFileSync(filepath.Join(s.set.StateDir, "db/schema"), strconv.Itoa(schemaVersion))
	case v < schemaVersion:
		return fmt.Errorf("the store has the old database schema %d: let Nix upgrade it first", v)
	}
	s.db, err = openDatabase(s.dbPath(), dbReadWrite, s.set)
	return err
}

// Close releases the store. Temporary roots end with it. It may be called again.
func (s *Store) Close() error {
	s.autoGC.wait()
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.close())
		s.db = nil
	}
	errs = append(errs, s.tmpDir.close(), s.scratch.close(), s.temp.close())
	if s.big != nil {
		errs = append(errs, s.big.Close())
		s.big = nil
	}
	return errors.Join(errs...)
}

func (s *Store) dbPath() string { return filepath.Join(s.set.StateDir, "db/db.sqlite") }

// makeDirs makes the directories of a store where they are missing.
func (s *Store) makeDirs() error {
	if err := os.MkdirAll(s.set.RealDir, 0o755); err != nil {
		return err
	}
	if err := s.prepareRealDir(); err != nil {
		return err
	}
	for _, d := range []string{
		s.linksDir(),
		filepath.Join(s.set.StateDir, "profiles"),
		filepath.Join(s.set.StateDir, "temproots"),
		filepath.Join(s.set.StateDir, "db"),
	} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	roots := filepath.Join(s.set.StateDir, "gcroots")
	if _, err := os.Lstat(roots); errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(roots, 0o755); err != nil {
			return err
		}
		if err := os.Symlink(filepath.Join(s.set.StateDir, "profiles"), filepath.Join(roots, "profiles")); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	for _, d := range []string{filepath.Join(s.set.StateDir, "profiles/per-user"), filepath.Join(roots, "per-user")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
		// The umask may have taken bits away; no chmod without need, it may not be ours.
		if st, err := os.Lstat(d); err == nil && st.Mode().Perm() != 0o755 {
			if err := os.Chmod(d, 0o755); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuseSymlinks makes sure that the store is where its name says.
func refuseSymlinks(dir string) error {
	for p := dir; p != "/" && p != "."; p = filepath.Dir(p) {
		st, err := os.Lstat(p)
		if err != nil {
			return err
		}
		if st.Mode()&os.ModeSymlink != 0 {
			return fmt.Errorf("the path '%s' is a symlink; this is not allowed for the Nix store and its parent directories", p)
		}
	}
	return nil
}

// reserve sets disk space aside. Errors do not matter.
func (s *Store) reserve() {
	name := filepath.Join(s.set.StateDir, "db/reserved")
	if st, err := os.Stat(name); err == nil && st.Size() == reservedSize {
		return
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	allocate(f, reservedSize)
}

// schema is the version of the database, 0 if there is none.
func (s *Store) schema() (int, error) {
	name := filepath.Join(s.set.StateDir, "db/schema")
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	v, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("'%s' is corrupt", name)
	}
	return v, nil
}

// StoreDir is the logical store directory.
func (s *Store) StoreDir() store.Dir { return s.set.Dir }

// RealDir is the physical store directory.
func (s *Store) RealDir() string { return s.set.RealDir }

// StateDir is where database, roots and profiles are.
func (s *Store) StateDir() string { return s.set.StateDir }

// LogDir is where build logs are.
func (s *Store) LogDir() string { return s.set.LogDir }

// Settings are the settings, with defaults filled in.
func (s *Store) Settings() Settings { return s.set }

// RealPath is where p is on disk.
func (s *Store) RealPath(p store.Path) string { return s.set.RealDir + "/" + p.String() }

// Hasher computes output paths; it reads derivations from this store.
func (s *Store) Hasher() *drv.Hasher { return s.hasher }

// URI names the store in messages: "local" for that of the machine, else its
// directory.
func (s *Store) URI() string {
	if s.set.Root != "" {
		return "local?root=" + s.set.Root
	}
	return "local"
}

func (s *Store) invalid(p store.Path) error {
	return &store.InvalidPathError{Path: s.set.Dir.Format(p)}
}

func (s *Store) linksDir() string { return filepath.Join(s.set.RealDir, ".links") }

func (s *Store) log(l Level, format string, args ...any) {
	if s.set.Log != nil {
		s.set.Log(l, fmt.Sprintf(format, args...))
	}
}

// ReadDerivation reads the derivation at p, which must be in the store directory
// but need not be valid.
func (s *Store) ReadDerivation(p store.Path) (*drv.Derivation, error) { return s.readDerivation(p) }

func (s *Store) readDerivation(p store.Path) (*drv.Derivation, error) {
	name, err := drv.NameOf(p)
	if err != nil {
		return nil, err
	}
	text, err := readFileNoFollow(s.RealPath(p))
	if errors.Is(err, os.ErrNotExist) {
		return nil, s.invalid(p)
	}
	if err != nil {
		return nil, err
	}
	return drv.Parse(s.set.Dir, text, name)
}

// now is the registration time of new paths.
func now() time.Time { return time.Unix(time.Now().Unix(), 0) }
