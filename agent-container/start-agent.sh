#!/bin/bash
# Inside the container: prepare the environment that every runner may count on, then become the runner of one CLI.
# usage: start-agent.sh AGENT    (a name of which /opt/nightcrier/runners holds AGENT.sh)
set -euo pipefail

agent=${1:?usage: start-agent.sh AGENT}
runner=/opt/nightcrier/runners/$agent.sh
if [[ ! -x $runner ]]; then
  echo "nightcrier: this image has no runner for agent '$agent' ($runner)" >&2
  exit 127
fi

# What the agent writes belongs to uid 1000; the caller, who may be someone else, must be able to read and delete it.
umask 0000

for file in /run/secrets/*_API_KEY; do
  [[ -r $file ]] || continue
  declare -x "${file##*/}=$(<"$file")"
done

# ~/.kube holds a read-only mount and belongs to root, so kubectl's cache goes elsewhere.
export KUBECONFIG=/home/agent/.kube/config KUBECACHEDIR=/tmp/kube-cache TERM=dumb NO_COLOR=1

# The first bytes on stderr tell run-agent.sh that the keys are read and their files can go.
echo "nightcrier: starting $agent, model ${NIGHTCRIER_MODEL:-not given}" >&2

cd /home/agent
exec "$runner" <prompt-sent.md
