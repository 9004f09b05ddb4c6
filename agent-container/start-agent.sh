#!/bin/bash
# Runs inside the container: prepares the environment of every runner, then becomes the runner of one CLI.
# usage: start-agent.sh AGENT    (/opt/nightcrier/runners contains AGENT.sh)
set -euo pipefail

agent=${1:?usage: start-agent.sh AGENT}
runner=/opt/nightcrier/runners/$agent.sh
if [[ ! -x $runner ]]; then
  echo "nightcrier: this image has no runner for agent '$agent' ($runner)" >&2
  exit 127
fi

# The agent's files belong to uid 1000; the caller, possibly another user, must be able to read and delete them.
umask 0000

for file in /run/secrets/*_API_KEY; do
  [[ -r $file ]] || continue
  declare -x "${file##*/}=$(<"$file")"
done

# ~/.kube contains a read-only mount and belongs to root, so kubectl's cache is elsewhere.
export KUBECONFIG=/home/agent/.kube/config KUBECACHEDIR=/tmp/kube-cache TERM=dumb NO_COLOR=1

# This line on stderr reports to run-agent.sh that the keys are read and their files can be deleted.
echo "nightcrier: starting $agent, model ${NIGHTCRIER_MODEL:-not given}" >&2

cd /home/agent
exec "$runner" <prompt-sent.md
