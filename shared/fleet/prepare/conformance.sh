#!/usr/bin/env bash
# The Model Context Protocol's conformance suite, for the tests of mcp-server.
#
# Only tests want it, so a machine without npm goes on: these tests then say so.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"

wanted=$ROOT/tests/conformance/package-lock.json
there=$STATE/conformance
cmp -s "$wanted" "$there/package-lock.json" && exit 0
if ! command -v npm >/dev/null; then
  say "no npm, and so no conformance suite for mcp-server: install Node.js"
  exit 0
fi
say "fetching the Model Context Protocol's conformance suite"
rm -rf "$there" && mkdir -p "$there"
cp "$ROOT/tests/conformance/package.json" "$there"
# The lock's copy comes last: it says that all is there.
cp "$wanted" "$there/npm-shrinkwrap.json"
(cd "$there" && quietly npm ci --no-audit --no-fund --loglevel=error)
cp "$wanted" "$there/package-lock.json"
