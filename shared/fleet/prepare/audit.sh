#!/usr/bin/env bash
# Known advisories on every locked Python package, by pip-audit. It asks PyPI's API, and fails where
# that does not answer: not to know is no pass.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"
cd "$ROOT"

PIP_AUDIT_VERSION=2.10.1
list=$(mktemp)
trap 'rm -f "$list"' EXIT
"$STATE/bin/uv" export --quiet --frozen --all-packages --no-emit-workspace --format requirements-txt --output-file "$list"
"$STATE/bin/uv" tool run --quiet --python "$(cat "$STATE/python")" "pip-audit@$PIP_AUDIT_VERSION" \
  --strict --disable-pip --require-hashes --progress-spinner off --requirement "$list"
