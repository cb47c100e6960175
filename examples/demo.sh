#!/bin/sh
# make demo: what gonix can do, shown on this project. Needs nothing but gonix, and
# writes nothing outside a temporary directory.
set -eu
gonix=$(realpath "${1:?usage: demo.sh GONIX}")
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
mkdir -p "$tmp/home" "$tmp/bin"
ln -s "$gonix" "$tmp/bin/gonix"
PATH="$tmp/bin:$PATH"
export HOME="$tmp/home" XDG_DATA_HOME="$tmp/home/data" XDG_CACHE_HOME="$tmp/home/cache" XDG_CONFIG_HOME="$tmp/home/config" XDG_STATE_HOME="$tmp/home/state"
export NIX_REMOTE="local?root=$tmp/store"

# say TITLE COMMAND...: print a command, then run it.
say() {
  printf '\n\033[1m# %s\033[0m\n$ ' "$1"
  shift
  printf '%s ' "$@"
  printf '\n'
  "$@"
}

say "The version" gonix --version

printf '\nAll of the demo worked.\n'
