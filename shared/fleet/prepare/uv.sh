#!/usr/bin/env bash
# uv and CPython 3.13, and the project's environment in .venv.
#
# Leaves .fleet/bin/uv: the uv of the PATH where it is recent enough, else one from PyPI.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"

UV_VERSION=0.13.9
export UV_PYTHON_INSTALL_DIR=$STATE/python-builds

recent_enough() { # the lock file and the build back end want this minor version
  [ "$("$1" --version 2>/dev/null | awk '{print $2}' | cut -d. -f1,2)" = "${UV_VERSION%.*}" ]
}

install_uv() {
  local found
  found=$(command -v uv || true)
  mkdir -p "$STATE/bin"
  if [ -n "$found" ] && recent_enough "$found"; then
    ln -sf "$found" "$STATE/bin/uv"
    return
  fi
  say "installing uv $UV_VERSION into .fleet"
  if ! python3 -m venv "$STATE/uv" >/dev/null 2>&1; then
    # Debian's Python has no venv module until its package is there.
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
      die "python3 has no venv module" "install python3-venv, or uv $UV_VERSION itself"
    quietly apt-get update
    quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv
    quietly python3 -m venv --clear "$STATE/uv"
  fi
  quietly "$STATE/uv/bin/python" -m pip install --quiet "uv==$UV_VERSION"
  ln -sf "$STATE/uv/bin/uv" "$STATE/bin/uv"
}

# A CPython 3.13: on the PATH, from pyenv, one that uv downloads, or Debian's.
find_python() {
  local candidate
  for candidate in "${UV_PYTHON:-}" "$(command -v python3.13 || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13; do
    [ -n "$candidate" ] && "$candidate" -c 'import sys, ssl, venv; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && { echo "$candidate"; return; }
  done
  if timeout 300 "$STATE/bin/uv" python install --quiet 3.13 2>/dev/null; then
    "$STATE/bin/uv" python find --managed-python 3.13 && return
  fi
  if [ "$(id -u)" = 0 ] && apt-cache show python3.13 >/dev/null 2>&1; then
    quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3.13 python3.13-venv
    command -v python3.13 && return
  fi
  die "no CPython 3.13 was found, and uv could not download one" "install Python 3.13, or set UV_PYTHON to one"
}

[ -x "$STATE/bin/uv" ] && recent_enough "$STATE/bin/uv" || install_uv
python=$(cat "$STATE/python" 2>/dev/null || true)
[ -x "$python" ] || find_python >"$STATE/python"
stamp=$(cat "$ROOT/uv.lock" "$ROOT/pyproject.toml" "$ROOT"/shared/*/pyproject.toml "$ROOT"/images/*/pyproject.toml "$STATE/python" | sha256sum)
if [ "$(cat "$STATE/sync.stamp" 2>/dev/null)" != "$stamp" ] || [ ! -x "$ROOT/.venv/bin/fleet" ]; then
  say "installing the project's environment into .venv"
  (cd "$ROOT" && UV_PYTHON=$(cat "$STATE/python") quietly "$STATE/bin/uv" sync --frozen --all-packages)
  echo "$stamp" >"$STATE/sync.stamp"
fi
