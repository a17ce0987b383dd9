#!/usr/bin/env bash
# Makes a fresh machine ready, and says what it does. Quick when nothing is missing.
#
# prepare.sh tools   uv, Python, packages and Terraform's configuration
# prepare.sh engine  that, and a Docker engine with the base images
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/uv.sh"
"$here/terraform.sh"
if [ "${1:-engine}" = engine ]; then
  "$here/engine.sh"
  "$here/base-images.sh"
  "$here/tools.sh"
fi
