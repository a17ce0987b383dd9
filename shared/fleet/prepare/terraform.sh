#!/usr/bin/env bash
# Terraform's command-line configuration: the provider from an offline mirror where
# there is one, else from the registry, and one plugin cache for all environments.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"

# Most verbs do without it; those that need it say so themselves.
command -v terraform >/dev/null || exit 0

PROVIDER=registry.terraform.io/hashicorp/aws # the layout that `terraform providers mirror` writes

VERSION=$(awk '/^  version/ {gsub(/"/, ""); print $3}' "$ROOT/terraform/.terraform.lock.hcl")

# An offline mirror that holds the locked version: the one that is named, or any on this
# machine. Working folders and caches of other projects are not mirrors.
find_mirror() {
  local found
  found=$(find "${FLEET_TERRAFORM_MIRROR:-/}" -xdev -maxdepth 8 \
    \( -path /proc -o -path /sys -o -path /var/lib/docker -o -name .terraform -o -name .fleet -o -name '*plugin-cache*' \) -prune \
    -o \( -path "*$PROVIDER/$VERSION" -o -path "*$PROVIDER/terraform-provider-aws_${VERSION}_*.zip" \) -print -quit 2>/dev/null) || true
  echo "${found%/"$PROVIDER"/*}"
}

known=$(awk -F'"' '/path = / {print $2}' "$STATE/terraform.rc" 2>/dev/null || true)
if [ ! -f "$STATE/terraform.rc" ] || { [ -n "$known" ] && [ ! -d "$known/$PROVIDER" ]; }; then
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
