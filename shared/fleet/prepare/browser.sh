#!/usr/bin/env bash
# A Chromium for the tests that look at the report page, when none is there.
#
# Only tests want it, so a machine that cannot have one goes on: these tests then say so.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"

for name in "${CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome; do
  [ -n "$name" ] && command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  say "no Chromium, and only root on Debian can install one: set CHROMIUM to a Chrome or Chromium"
  exit 0
fi
quietly apt-get update
# Ubuntu's packages of the name are stubs that want snap.
if ! apt-cache show chromium-headless-shell >/dev/null 2>&1; then
  say "this system has no package chromium-headless-shell: set CHROMIUM to a Chrome or Chromium"
  exit 0
fi
say "installing Debian's Chromium for the tests of the report page"
quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
  chromium-headless-shell fonts-dejavu-core
