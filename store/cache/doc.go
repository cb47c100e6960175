// Package cache has binary caches: places that keep store objects as compressed
// archives in plain files, so that any web server or bucket can serve them.
//
// A cache is a tree of files:
//
//	nix-cache-info          StoreDir, WantMassQuery, Priority
//	<hash part>.narinfo     what is known of a path; see package narinfo
//	nar/<file hash>.nar.xz  the archive
//	<hash part>.ls          a listing of the archive, if the cache was told to write it
//	log/<name>.drv          a build log
//
// A [Cache] is such a tree behind one of three backends: a directory (file://), a
// web server (http://, https://) or a bucket (s3://). It implements store.Store.
//
// Nothing that a cache says is believed: every archive is checked, while it is
// streamed, against the sizes and hashes of its narinfo, and a narinfo against the
// trusted keys by whoever adds the path to a store. What goes wrong on the way is
// tried again, from the byte where it stopped; see transfer.go. Memory is bounded
// by the number of transfers, not by the size of what is transferred.
//
// [Substituter] asks several caches in the order of their priorities.
// [DiskCache] remembers, in the database that Nix uses too, what caches have and
// do not have. [Handler] serves a store as a binary cache.
package cache
