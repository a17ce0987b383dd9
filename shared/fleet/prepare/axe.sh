#!/usr/bin/env bash
# axe-core, with which tests look for what keeps people from using a page.
#
# It comes from npm, and tests run it as it is. A machine without npm goes on: they then say so.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"
VERSION=4.14.1
SHA512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5

[ -f "$STATE/axe-$VERSION.js" ] && exit 0
if ! command -v npm >/dev/null; then
  say "no npm: the tests of the messages' page cannot look for what keeps people out"
  exit 0
fi
say "fetching axe-core $VERSION for the tests of the messages' page"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
quietly npm pack --silent --pack-destination "$folder" "axe-core@$VERSION"
echo "$SHA512  $folder/axe-core-$VERSION.tgz" | sha512sum --check --quiet ||
  die "axe-core $VERSION is not what it was" "see who changed it before you use it"
tar -xzf "$folder/axe-core-$VERSION.tgz" -C "$folder" package/axe.min.js
mv "$folder/package/axe.min.js" "$STATE/axe-$VERSION.js"
