#!/usr/bin/env bash
# Every test, quick kinds first, with the coverage of shared/ and images/ at the end.
# Arguments go to pytest: prepare/test.sh tests/unit -k settings
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"
cd "$ROOT"
set -a && . "$STATE/images.env" && set +a
rm -f .coverage .coverage.*
"$here/browser.sh"
"$here/axe.sh"
"$here/conformance.sh"
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
# One process has the local stack to itself, the other everything else, until either is done.
exec .venv/bin/python -m pytest tests/e2e tests/integration tests/contract tests/unit tests/security \
  -n 2 --no-loadscope-reorder \
  --cov --cov-report=term --cov-fail-under=90 --durations=10
