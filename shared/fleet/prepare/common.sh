# Shared by the prepare scripts; sourced, never run.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
STATE=$ROOT/.fleet
mkdir -p "$STATE"

say() { printf '\033[2m[prepare]\033[0m %s\n' "$*" >&2; }

# die WHAT HOW: what is wrong, and what to do about it.
die() {
  printf '[prepare] error: %s\n[prepare] to do: %s\n' "$1" "$2" >&2
  exit 4
}

# quietly COMMAND...: its output is shown only when it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    die "failed: $*" "the end of its output is above"
  fi
  rm -f "$log"
}
