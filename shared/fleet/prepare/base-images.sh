#!/usr/bin/env bash
# The base images: pulled where a registry answers, else built from Debian packages.
#
# Writes .fleet/images.env with BASE_IMAGE and POSTGRES_IMAGE, which bake, the tests
# and the local stack read. An image named by the environment is taken as it is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"

PUBLIC_BASE=public.ecr.aws/docker/library/python:3.13-slim-trixie
PUBLIC_POSTGRES=public.ecr.aws/docker/library/postgres:17-alpine
STANDIN_BASE=lambda-fleet/python-base:3.13-trixie
STANDIN_POSTGRES=lambda-fleet/postgres-base:17-trixie
PULL_SECONDS=${FLEET_PULL_SECONDS:-180}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# A registry that cannot be reached must not cost minutes: a TCP connection is tried first.
registry_answers() {
  [ -z "${HTTPS_PROXY:-${https_proxy:-}}" ] || return 0 # a proxy stands between: ask it by pulling
  timeout 3 bash -c ">/dev/tcp/${1%%/*}/443" 2>/dev/null
}

pulled() {
  has_image "$1" && return 0
  registry_answers "$1" || return 1
  say "pulling $1"
  timeout "$PULL_SECONDS" docker pull -q "$1" >/dev/null 2>&1
}

can_debootstrap() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    die "no image registry can be reached, and only root on Debian can build a stand-in base" \
      "set BASE_IMAGE and POSTGRES_IMAGE to images this engine has"
  command -v debootstrap >/dev/null && return 0
  quietly apt-get update
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap
}

# What an image does not need: package lists and caches, documentation, locales, logs.
slim_down() {
  rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/var/log/* "$1"/usr/share/doc/* \
    "$1"/usr/share/man/* "$1"/usr/share/locale/* "$1"/usr/share/info/* "$1"/var/cache/debconf/*-old
  find "$1" -xdev -perm /6000 -type f -exec chmod a-s {} +
}

build_base() {
  can_debootstrap
  say "no registry answers: building $STANDIN_BASE from Debian packages"
  local root
  root=$(mktemp -d)
  quietly debootstrap --variant=minbase \
    --include=python3.13-minimal,libpython3.13-stdlib,ca-certificates trixie "$root/fs" "$(debian_mirror)"
  slim_down "$root/fs"
  ln -s /usr/bin/python3.13 "$root/fs/usr/local/bin/python3"
  ln -s /usr/bin/python3.13 "$root/fs/usr/local/bin/python"
  tar -C "$root/fs" --numeric-owner --sort=name -c . | docker import \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' \
    --message 'stand-in for python:3.13-slim-trixie' - "$STANDIN_BASE" >/dev/null
  rm -rf "$root"
}

build_postgres() {
  say "no registry answers: building $STANDIN_POSTGRES from Debian packages"
  quietly docker build --quiet --build-arg BASE_IMAGE="$STANDIN_BASE" --build-arg MIRROR="$(debian_mirror)" \
    --tag "$STANDIN_POSTGRES" "$here/postgres"
}

choose() { # NAME PUBLIC STANDIN BUILDER
  local given=${!1:-}
  if [ -n "$given" ]; then
    has_image "$given" || docker pull -q "$given" >/dev/null || die "image $given ($1) cannot be had" "unset $1, or name an image this engine can pull"
    echo "$1=$given"
  elif has_image "$3"; then echo "$1=$3"
  elif pulled "$2"; then echo "$1=$2"
  else
    "$4"
    echo "$1=$3"
  fi
}

{
  choose BASE_IMAGE "$PUBLIC_BASE" "$STANDIN_BASE" build_base
  choose POSTGRES_IMAGE "$PUBLIC_POSTGRES" "$STANDIN_POSTGRES" build_postgres
} >"$STATE/images.env.new"
mv "$STATE/images.env.new" "$STATE/images.env"
