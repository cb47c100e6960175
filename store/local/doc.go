// Package local is the Nix store on a local disk, byte for byte Nix's: the same
// directories, SQLite schema, lock files and garbage collection protocol, so that
// gonix and Nix can take turns on one store, and run on it at the same time.
//
// # Layout
//
//	<real dir>/<hash>-<name>        a store object
//	<real dir>/<hash>-<name>.lock   held by who makes the object
//	<real dir>/.links/<hash>        one hard link per file content
//	<real dir>/<hash>-tmp-<pid>/    objects being written whose path is not known yet
//	<state>/db/db.sqlite            which objects are valid, and what is known of them
//	<state>/db/schema, big-lock     version of the schema; shared by all, exclusive to upgrade
//	<state>/db/reserved             bytes to free so that a full disk can be collected
//	<state>/gc.lock                 shared to add a temporary root, exclusive to collect
//	<state>/gc-socket/socket        where to tell a running collector of new roots
//	<state>/temproots/<pid>         what a running process needs
//	<state>/gcroots, profiles       permanent roots
//	<state>/gonix-builds/<pid>      where a running process builds, outside the store
//
// # Invariants
//
// An object becomes valid in one SQLite transaction, after its bytes are durable
// and its metadata canonical. It becomes invalid in one transaction before its
// bytes go. So whatever is in the store directory and not in the database is
// garbage, left by a crash or still being made; the next collection removes it
// unless a temporary root protects it.
//
// An object is made only under its lock file, and after it was made a temporary
// root. The collector deletes only what is reachable from no root, temporary
// roots included; while it runs, new temporary roots reach it over the socket,
// and the answer to them waits until the deletion of that very object is over.
package local
