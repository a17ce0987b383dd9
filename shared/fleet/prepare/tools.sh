#!/usr/bin/env bash
# What the image builds and the local stack take from PyPI, and Terraform's provider.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"

SAM_CLI_VERSION=1.170.0
MINISTACK_VERSION=1.5.33
UV_VERSION=$("$STATE/bin/uv" --version | awk '{print $2}')
PYTHON=$(cat "$STATE/python")
case $(uname -m) in
  aarch64 | arm64) rie=aws-lambda-rie-arm64 platform=aarch64-manylinux_2_28 ;;
  *) rie=aws-lambda-rie-x86_64 platform=x86_64-manylinux_2_28 ;;
esac

# from_pypi REQUIREMENT FOLDER: the package alone, unpacked for the images' platform.
from_pypi() {
  rm -rf "$2"
  quietly "$STATE/bin/uv" pip install --quiet --no-deps --python "$PYTHON" --python-platform "$platform" --target "$2" "$1"
}

# The uv that runs inside the build stage, as a named build context.
if [ "$(cat "$STATE/context/uv/version" 2>/dev/null)" != "$UV_VERSION $platform" ]; then
  from_pypi "uv==$UV_VERSION" "$STATE/context/uv.package"
  mkdir -p "$STATE/context/uv"
  cp "$STATE/context/uv.package/bin/uv" "$STATE/context/uv/uv"
  echo "$UV_VERSION $platform" >"$STATE/context/uv/version"
  rm -rf "$STATE/context/uv.package"
fi

# AWS's runtime interface emulator ships inside AWS's own SAM CLI package.
if [ ! -x "$STATE/context/rie/aws-lambda-rie" ]; then
  say "fetching the Lambda runtime interface emulator"
  from_pypi "aws-sam-cli==$SAM_CLI_VERSION" "$STATE/sam"
  mkdir -p "$STATE/context/rie"
  install -m 755 "$STATE/sam/samcli/local/rapid/$rie" "$STATE/context/rie/aws-lambda-rie"
  rm -rf "$STATE/sam"
fi

# The local AWS has an environment of its own: it wants another botocore than we do. It runs
# functions through docker, and signs and checks tokens of its user pools with cryptography.
local_aws=("ministack==$MINISTACK_VERSION" docker cryptography)
if [ "$(cat "$STATE/ministack/version" 2>/dev/null)" != "${local_aws[*]}" ]; then
  say "installing the local AWS (MiniStack $MINISTACK_VERSION)"
  quietly "$STATE/bin/uv" venv --quiet --clear --python "$PYTHON" "$STATE/ministack"
  quietly "$STATE/bin/uv" pip install --quiet --python "$STATE/ministack/bin/python" "${local_aws[@]}"
  echo "${local_aws[*]}" >"$STATE/ministack/version"
fi
