#!/usr/bin/env bash
# What is claimed of the fleet's security, checked: build/security.html.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"
cd "$ROOT"
set -a && . "$STATE/images.env" && set +a
exec .venv/bin/python -m tests.security.report
