#!/usr/bin/env bash
# Every test, with the coverage of shared/ and images/ at the end.
# Arguments go to pytest: prepare/test.sh tests/unit -k settings
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"
cd "$ROOT"
require_terraform
set -a && . "$STATE/images.env" && set +a
rm -f .coverage .coverage.*
"$here/browser.sh"
"$here/axe.sh"
"$here/conformance.sh"
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
# One process has the local stack to itself, and first claim on the processors (tests/conftest.py);
# two others have the rest, the files that take long before those that do not.
exec .venv/bin/python -m pytest tests/e2e tests/integration tests/contract tests/security tests/unit \
  -n 3 --no-loadscope-reorder \
  --cov --cov-report=term --cov-fail-under=90 --durations=10
