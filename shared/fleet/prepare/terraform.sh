#!/usr/bin/env bash
# Terraform's command-line configuration: the provider from an offline mirror where
# there is one, else from the registry, and one plugin cache for all environments.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"

command -v terraform >/dev/null || die "terraform is not on the PATH" "install Terraform 1.11 or newer"

PROVIDER=registry.terraform.io/hashicorp/aws # the layout that `terraform providers mirror` writes

# An offline mirror: the one that is named, or any on this machine.
find_mirror() {
  local found
  found=$(find "${FLEET_TERRAFORM_MIRROR:-/}" -xdev -maxdepth 7 \( -path /proc -o -path /sys -o -path "$STATE" -o -path /var/lib/docker \) -prune \
    -o -type d -path "*$PROVIDER" -print -quit 2>/dev/null) || true
  echo "${found%/"$PROVIDER"}"
}

if [ ! -f "$STATE/terraform.rc" ]; then
  mirror=$(find_mirror)
  mkdir -p "$STATE/terraform-plugins"
  {
    echo 'disable_checkpoint = true'
    if [ -n "$mirror" ]; then
      say "Terraform takes its provider from the offline mirror $mirror"
      printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$mirror"
    else
      printf 'plugin_cache_dir = "%s"\n' "$STATE/terraform-plugins"
    fi
  } >"$STATE/terraform.rc"
fi
