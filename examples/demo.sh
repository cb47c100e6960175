#!/bin/sh
# make demo: what gonix can do, shown on this project. It needs nothing but gonix, and
# leaves nothing behind.
set -eu
gonix=$(realpath "${1:?usage: demo.sh GONIX}")
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
mkdir -p "$tmp/home" "$tmp/bin"
for name in gonix gonix-instantiate gonix-build gonix-store; do
  ln -s "$gonix" "$tmp/bin/$name"
done
PATH="$tmp/bin:$PATH"
export HOME="$tmp/home" XDG_DATA_HOME="$tmp/home/data" XDG_CACHE_HOME="$tmp/home/cache"
export XDG_CONFIG_HOME="$tmp/home/config" XDG_STATE_HOME="$tmp/home/state"
export NIX_REMOTE="local?root=$tmp/store" NIX_CONFIG="substitute = false"
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
  bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

title() { printf '\n%s# %s%s\n' "$bold" "$1" "$plain"; }

# run COMMAND: show a command of the shell, then run it.
run() {
  printf '$ %s\n' "$1"
  sh -c "$1"
}

# fail COMMAND: the same for one that has to fail.
fail() {
  printf '$ %s\n' "$1"
  if sh -c "$1"; then
    echo "that should have failed" >&2
    exit 1
  fi
}

title "Values: a system configuration, evaluated by a module system"
run "gonix eval -f . host.config.hostName"
run "gonix eval -f . host.config.system.start"
run "gonix eval -f . --raw 'host.config.environment.etc.\"beacon.conf\".text'"

title "JSON"
run "gonix eval -f . --json versions.almanac"
run "gonix eval -f . --json host.config.users.keeper"

title "Derivations: packages, with overrides and an overlay"
run "gonix-instantiate . -A greet -A almanac.doc -A site -A host.toplevel"
run "gonix-instantiate --expr '(import ./. { }).greet.override { loud = true; }'"
run "gonix-instantiate --expr '(import ./. { overlays = [ (import ./overlays/night.nix) ]; }).tools'"

title "Building, in a sandbox, with nothing but gonix"
run "gonix build -f . checks --no-link --print-out-paths"
run "gonix store cat \$(gonix build -f . checks --no-link --print-out-paths)"
run "gonix-build . -A host.toplevel -A site --no-out-link"
run "gonix store ls --recursive \$(gonix-build . -A host.etc --no-out-link)"
run "gonix-store --verify --check-contents"

title "Mistakes"
fail "gonix eval -f mistakes typo"
fail "gonix eval -f mistakes undefined"

printf '\nAll of it worked.\n'
