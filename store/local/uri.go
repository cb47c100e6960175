package local

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"gonix.dev/gonix/store"
)

// UnsupportedError is a store that is of a kind this package does not open.
type UnsupportedError struct {
	URI    string
	Reason string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("don't know how to open Nix store '%s': %s", e.URI, e.Reason)
}

// Places are where stores are on this machine and for this user. cmd fills them
// in from settings and environment.
type Places struct {
	Settings        // of the machine's store; Root is empty
	Dir      string // that relative directories are relative to
	// UserRoot is the chroot store to use where the machine's cannot be written:
	// $XDG_DATA_HOME/nix/root. "" forbids it.
	UserRoot string
}

// OpenURI opens the store that a store URI names: "auto" or "" (the machine's
// store if it can be written, else the user's), "local", "local?root=DIR", a
// directory, which is a chroot store, or "daemon". Parameters are Nix's.
func OpenURI(ctx context.Context, uri string, at Places) (*Store, error) {
	set, err := Resolve(uri, at)
	if err != nil {
		return nil, err
	}
	return Open(ctx, set)
}

// Resolve says which store a URI means.
func Resolve(uri string, at Places) (Settings, error) {
	base, query, hasQuery := strings.Cut(uri, "?")
	params := url.Values{}
	if hasQuery {
		var err error
		if params, err = url.ParseQuery(query); err != nil {
			return Settings{}, fmt.Errorf("parse store URI '%s': %w", uri, err)
		}
	}
	set := at.Settings
	switch {
	case base == "" || base == "auto":
		if root, ok := autoRoot(at, params); ok {
			set.Root = root
		}
	case base == "local":
	case strings.HasPrefix(base, "local://"):
		set.Root = strings.TrimPrefix(base, "local://")
	case base == "daemon" || strings.HasPrefix(base, "unix:"):
		return Settings{}, &UnsupportedError{uri, "talking to a Nix daemon is not supported yet"}
	case strings.HasPrefix(base, "/") || strings.HasPrefix(base, "./") || strings.HasPrefix(base, "../"):
		if !filepath.IsAbs(base) {
			base = filepath.Join(at.Dir, base)
		}
		set.Root = filepath.Clean(base)
	default:
		return Settings{}, &UnsupportedError{uri, "it is not a local store"}
	}
	if err := applyParams(&set, uri, params); err != nil {
		return Settings{}, err
	}
	if set.Root != "" && set.Root != at.Settings.Root {
		// Places that were not named are below the new root.
		if !params.Has("real") {
			set.RealDir = ""
		}
		if !params.Has("state") {
			set.StateDir = ""
		}
		if !params.Has("log") {
			set.LogDir = ""
		}
	}
	if set.Root == "/" {
		set.Root = ""
	}
	return set.withDefaults(), nil
}

func applyParams(set *Settings, uri string, params url.Values) error {
	for name, values := range params {
		v := values[len(values)-1]
		switch name {
		case "root":
			set.Root = v
		case "store":
			set.Dir = store.Dir(v)
		case "real":
			set.RealDir = v
		case "state":
			set.StateDir = v
		case "log":
			set.LogDir = v
		case "read-only":
			set.ReadOnly = v == "true" || v == "1"
		case "require-sigs":
			if v == "false" || v == "0" {
				set.Trusted, set.TrustedRealisation = nil, nil
			}
		case "trusted", "priority", "want-mass-query", "system-features", "path-info-cache-size", "build-dir", "use-roots-daemon":
			// They have a meaning elsewhere, or none for this store.
		default:
			return fmt.Errorf("store URI '%s' has the unknown parameter '%s'", uri, name)
		}
	}
	return nil
}

// autoRoot is the user's chroot store, if that is the one to use.
func autoRoot(at Places, params url.Values) (string, bool) {
	set := at.Settings.withDefaults()
	state := set.StateDir
	if v := params.Get("state"); v != "" {
		state = v
	}
	if at.UserRoot == "" || params.Has("root") || at.Settings.Root != "" || os.Geteuid() == 0 {
		return "", false
	}
	if unix.Access(state, unix.R_OK|unix.W_OK) == nil {
		return "", false
	}
	// Also where a multi-user Nix serves: until gonix speaks its protocol, an own
	// store is better than none.
	return at.UserRoot, true
}
