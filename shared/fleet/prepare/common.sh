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

require_terraform() {
  command -v terraform >/dev/null || die "terraform is not on the PATH" "install Terraform 1.11 or newer"
}

# Where this machine's apt gets Debian from.
debian_mirror() {
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)' 2>/dev/null |
    awk '$1 == "Debian" && $2 == "Debian" && $3 == "main" {print $4}' | sort -u | head -n 1
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
