#!/usr/bin/env bash
# Runs one AI agent by hand on a workspace, in the container that the triage worker would run it in. See --help and CONTRACT.md.
set -euo pipefail

here=$(cd -P "${BASH_SOURCE[0]%/*}" && pwd)
node=$here/../node_modules/.bin/node
if [[ ! -x $node ]]; then
  echo "run-agent.sh: the workspace is not installed; run npx pnpm@12 install in ${here%/*}" >&2
  exit 69
fi
exec "$node" "$here/../apps/triage-worker/src/agent/by-hand/main.ts" "$@"
