#!/usr/bin/env bash
# A Docker engine with buildx, when none answers.
#
# Debian 12's own docker.io has no buildx, so the engine's packages come from
# Debian 13: they need only a C library that Debian 12 has. They are unpacked
# beside the system, not installed into it, so that apt stays untouched.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"

ENGINE_HOME=${FLEET_ENGINE_HOME:-/var/lib/lambda-fleet/engine}
ENGINE_LOGS=/var/log/lambda-fleet
PACKAGES=(docker.io docker-cli docker-buildx containerd tini)

engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# Packages of Debian 13, fetched with this machine's own mirror and apt's signature
# checks, into an apt state of their own.
fetch_packages() {
  local apt=$1 mirror
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || die "apt has no package source" "add a Debian mirror to /etc/apt/sources.list.d and run apt-get update"
  mkdir -p "$apt"/{lists/partial,archives/partial,debs}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$apt/sources.list"
  local options=(-q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update >/dev/null
  (cd "$apt/debs" && apt-get "${options[@]}" download "${PACKAGES[@]}" >/dev/null)
}

install_engine() {
  [ "$(id -u)" = 0 ] || die "no Docker engine answers, and only root can install one" \
    "start Docker (or point DOCKER_HOST at one) and run this again"
  grep -qE '^ID="?debian"?$' /etc/os-release 2>/dev/null ||
    die "no Docker engine answers, and this is not Debian" "install Docker Engine with buildx and run this again"
  say "installing a Docker engine into $ENGINE_HOME (no engine answered)"
  quietly apt-get update
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends runc iptables ca-certificates
  local apt
  apt=$(mktemp -d)
  fetch_packages "$apt"
  rm -rf "$ENGINE_HOME.new" && mkdir -p "$ENGINE_HOME.new"
  local deb
  for deb in "$apt"/debs/*.deb; do dpkg-deb -x "$deb" "$ENGINE_HOME.new"; done
  rm -rf "$ENGINE_HOME" "$apt" && mv "$ENGINE_HOME.new" "$ENGINE_HOME"
  [ -x "$(command -v docker)" ] || ln -sf "$ENGINE_HOME/usr/bin/docker" /usr/local/bin/docker
}

start_engine() {
  say "starting the Docker engine (logs in $ENGINE_LOGS)"
  mkdir -p "$ENGINE_LOGS"
  PATH="$ENGINE_HOME/usr/bin:$ENGINE_HOME/usr/sbin:$PATH" setsid nohup "$ENGINE_HOME/usr/sbin/dockerd" \
    --pidfile /run/lambda-fleet-dockerd.pid >>"$ENGINE_LOGS/dockerd.log" 2>&1 </dev/null &
  local waited
  for waited in $(seq 1 120); do
    engine_answers && return 0
    kill -0 $! 2>/dev/null || break
    sleep 0.5
  done
  tail -n 20 "$ENGINE_LOGS/dockerd.log" >&2
  die "the Docker engine did not start" "the end of $ENGINE_LOGS/dockerd.log is above"
}

install_buildx() {
  docker buildx version >/dev/null 2>&1 && return 0
  local plugin=$ENGINE_HOME/usr/libexec/docker/cli-plugins/docker-buildx
  [ -x "$plugin" ] || die "docker has no buildx" "install the docker-buildx plugin and run this again"
  mkdir -p /usr/local/lib/docker/cli-plugins
  ln -sf "$plugin" /usr/local/lib/docker/cli-plugins/docker-buildx
}

if ! engine_answers; then
  [ -x "$ENGINE_HOME/usr/sbin/dockerd" ] || install_engine
  start_engine
fi
install_buildx
