#!/usr/bin/env bash
# Puts VS Code (as a server), a driver for Chromium, and the packaged extension into
# a folder, unless they are there: install.sh FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cache=$(cd "$1" && pwd)
npm() { command npm --no-audit --no-fund --loglevel=error "$@"; }

if ! command -v /usr/bin/chromium >/dev/null; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo -n"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium >"$cache/apt.log" 2>&1 ||
    { tail -n 40 "$cache/apt.log"; exit 1; }
fi

# VS Code brings a lock file for its own modules. Its native modules stay as they
# are: they write logs and run terminals.
if ! cmp -s "$here/package-lock.json" "$cache/installed.json"; then
  rm -rf "$cache/node_modules" "$cache/installed.json"
  cp "$here/package.json" "$here/package-lock.json" "$cache"
  (cd "$cache" && npm ci --ignore-scripts)
  (cd "$cache/node_modules/code-server/lib/vscode" && npm install --omit=dev --ignore-scripts)
  cp "$here/package-lock.json" "$cache/installed.json"
fi

# The extension, as users get it. It is packaged anew when it changed.
sum=$(cd "$here/.." && find . -type f -not -path './test/*' -not -path './node_modules/*' -not -name '*.vsix' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
if [ "$sum" != "$(cat "$cache/extension.sum" 2>/dev/null)" ]; then
  rm -rf "$cache/extension" "$cache/extensions"
  mkdir "$cache/extension"
  (cd "$here/.." && cp -r LICENSE README.md *.js *.json syntaxes "$cache/extension")
  (cd "$cache/extension" && npm ci --ignore-scripts && npm run --silent package >"$cache/package.log" 2>&1) ||
    { cat "$cache/package.log"; exit 1; }
  node "$cache/node_modules/code-server/lib/vscode/out/server-main.js" --user-data-dir "$cache/data" \
    --extensions-dir "$cache/extensions" --install-extension "$cache/extension/gonix.vsix" >"$cache/extension.log" 2>&1 ||
    { cat "$cache/extension.log"; exit 1; }
  echo "$sum" >"$cache/extension.sum"
fi
