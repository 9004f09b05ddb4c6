#!/bin/bash
# The first process of the agent's container: runs the runner of one CLI until it ends or passes its deadline, ends everything that it
# left, reports the end, and keeps the container, and with it the output in memory, until the worker has fetched it.
# usage: start-agent.sh AGENT    (/opt/nightcrier/runners contains AGENT.sh)
set -uo pipefail

agent=${1:?usage: start-agent.sh AGENT}
runner=/opt/nightcrier/runners/$agent.sh
timeout=${NIGHTCRIER_TIMEOUT:?NIGHTCRIER_TIMEOUT is not set: seconds until the deadline}
kill_grace=5 # seconds between TERM and KILL
largest_output=262144 # bytes of packed output that are sent with the streams

trap 'exit 143' TERM INT

if [[ ! -x $runner ]]; then
  echo "nightcrier: this image has no runner for agent '$agent' ($runner)" >&2
  exit 127
fi

# The keys of the model's provider, if the agent has them: read once, then deleted.
for file in /home/agent/.secrets/*; do
  [[ -f $file ]] || continue
  declare -x "${file##*/}=$(<"$file")"
  rm -f "$file"
done

# The way to the gateway: without it, the container reaches nothing.
if [[ -d /run/nightcrier ]]; then
  coproc forwarder { exec node /opt/nightcrier/forward-to-gateway.mjs; }
  # The variable is gone when the forwarder has ended already.
  read -r -t 10 -u "${forwarder[0]:-99}" _ || echo 'nightcrier: the way to the gateway is not open' >&2
fi

# Opened before the agent runs, because afterwards this shell must not depend on anything that the agent could have used up.
exec 9<> <(:)

export KUBECONFIG=/home/agent/.kube/config KUBECACHEDIR=/tmp/kube-cache TERM=dumb NO_COLOR=1
printf -v NIGHTCRIER_DEADLINE '%(%s)T' -1
export NIGHTCRIER_DEADLINE=$((NIGHTCRIER_DEADLINE + timeout))

echo "nightcrier: starting $agent, model ${NIGHTCRIER_MODEL:-not given}" >&2
cd /home/agent || exit 126
SECONDS=0
timeout --kill-after="$kill_grace" "$timeout" "$runner" <prompt-sent.md 9>&- &
wait $!
code=$?
timed_out=$((SECONDS >= timeout))

# From here on with builtins of the shell only: the agent may have used up memory or processes. The signal does not reach the first
# process of a container.
kill -KILL -1 2>/dev/null
# How many processes the kernel has killed because of the memory limit (cgroup v2, then v1).
oom=0
for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  [[ -r $file ]] || continue
  while read -r name count; do if [[ $name == oom_kill ]]; then oom=$count; fi; done <"$file"
done

# The output of an agent that has ended well, if it is small: the worker need not fetch it.
if ((code == 0 && oom == 0)); then
  if packed=$({ tar -C output -c . | head -c $((largest_output + 1)) | base64; } 2>/dev/null) &&
    ((${#packed} <= largest_output)); then
    printf '\nnightcrier: output follows\n%s' "$packed" >&2
  fi
fi

# The last line of both streams; the worker cuts it off. Nothing is written after it.
printf -v end '\nnightcrier: agent ended code=%d timed_out=%d oom=%d' "$code" "$timed_out" "$oom"
echo "$end"
echo "$end" >&2

# The worker removes the container; if none comes, its output is given up.
read -r -t "${NIGHTCRIER_OUTPUT_HOLD:-0}" -u 9
exit "$code"
