#!/usr/bin/env bash
# Builds local base images from Debian and npm packages where no image registry is reachable, under the public names
# that the Dockerfiles use: debian:bookworm-slim, node:24-bookworm-slim, redis:7. Existing images are not changed.
set -euo pipefail
export LC_ALL=C DOCKER_BUILDKIT=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

has() { docker image inspect "$1" >/dev/null 2>&1; }
build() { docker build --quiet --tag "$1" "$2" 2>/dev/null >/dev/null && echo "built $1"; }

# Prints the mirror of this machine, from either format of apt's sources.
mirror() {
  local uris
  uris=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's/^(URIs: *|deb +(\[[^]]*\] +)?)([a-z]+:[^ ]+).*/\3/p')
  if [ "$1" = security ]; then grep -m1 security <<<"$uris"; else grep -m1 -v security <<<"$uris"; fi
}

if ! has debian:bookworm-slim; then
  archive=$(mirror main)
  security=$(mirror security || true)
  root="$folder/root"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$archive" >/dev/null
  {
    printf 'deb %s bookworm main\ndeb %s bookworm-updates main\n' "$archive" "$archive"
    [ -z "$security" ] || printf 'deb %s bookworm-security main\n' "$security"
  } >"$root/etc/apt/sources.list"
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb "$root"/usr/share/{doc,man,info,locale}/*
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod +x "$root/usr/sbin/policy-rc.d"
  # Certificates that this machine trusts in addition to Debian's.
  cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
  tar -C "$root" --numeric-owner -c . | docker import \
    -c 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' -c 'CMD ["bash"]' - debian:bookworm-slim >/dev/null
  echo 'built debian:bookworm-slim'
fi

if ! has node:24-bookworm-slim; then
  context="$folder/node"
  mkdir -p "$context"
  npm install --prefix "$context" --no-audit --no-fund --silent --no-save --ignore-scripts \
    "node-linux-$(node -p process.arch)@24" npm@11
  mv "$context/node_modules/node-linux-$(node -p process.arch)/bin/node" "$context/node"
  mv "$context/node_modules/npm" "$context/npm"
  cat >"$context/docker-entrypoint.sh" <<'S'
#!/bin/sh
set -e
if [ "${1#-}" != "$1" ] || [ -z "$(command -v "$1")" ]; then set -- node "$@"; fi
exec "$@"
S
  chmod +x "$context/docker-entrypoint.sh"
  cat >"$context/Dockerfile" <<'D'
FROM debian:bookworm-slim
COPY node docker-entrypoint.sh /usr/local/bin/
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
 && groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home --shell /bin/bash node
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node"]
D
  build node:24-bookworm-slim "$context"
fi

if ! has redis:7; then
  context="$folder/redis"
  mkdir -p "$context"
  cat >"$context/Dockerfile" <<'D'
FROM debian:bookworm-slim
RUN groupadd --system --gid 999 redis && useradd --system --uid 999 --gid redis redis \
 && apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /data && chown redis:redis /data
VOLUME /data
WORKDIR /data
USER redis
EXPOSE 6379
CMD ["redis-server", "--protected-mode", "no"]
D
  build redis:7 "$context"
fi
