// Package settings holds Nix's own settings: their names, types and defaults,
// the syntax of nix.conf, and where each value came from.
//
// Values come, later ones over earlier ones, from
//
//  1. the defaults of Nix 2.36, some of which depend on the machine;
//  2. the system's nix.conf (NIX_CONF_DIR, else /etc/nix);
//  3. the user's: the files of NIX_USER_CONF_FILES, else nix/nix.conf below
//     XDG_CONFIG_DIRS and XDG_CONFIG_HOME, the most personal last;
//  4. the variables NIX_CONFIG and NIX_PATH;
//  5. flags: --option NAME VALUE, --NAME VALUE, --extra-NAME VALUE.
//
// A setting that exists only behind one of Nix's experimental features is
// accepted whether the feature is on or not; [Settings.Feature] tells.
//
// The package reads neither the environment nor files by itself: [World] has
// what it may look at.
package settings
