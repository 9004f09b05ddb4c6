#!/usr/bin/env bash
# Installs Compose v2 for the Docker client if it is missing, so that the compose files are tested with v1.29 and v2. It comes from
# the Debian release after bookworm, from the mirror of this machine, without changing apt's lists.
# usage: compose-v2.sh [FOLDER-OF-PLUGINS]
set -euo pipefail
plugins=${1:-/usr/local/lib/docker/cli-plugins}
! docker compose version 2>/dev/null || exit 0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"/{lists,cache/archives}/partial

mirror=$(find /etc/apt \( -name '*.list' -o -name '*.sources' \) -exec \
  sed -nE 's/^(URIs: *|deb +(\[[^]]*\] +)?)([a-z]+:[^ ]+\/debian\/?)( .*)?$/\3/p' {} + | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$folder/sources.list"
apt() {
  apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root "$@"
}
cd "$folder"
apt update
apt download docker-compose
dpkg-deb -x docker-compose_*.deb root
install -D root/usr/libexec/docker/cli-plugins/docker-compose "$plugins/docker-compose"
echo "installed $plugins/docker-compose"
