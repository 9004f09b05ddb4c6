#!/usr/bin/env bash
# The agent of chaos runs: holds a lock of its incident, so that a second agent at the same time is recorded, and writes a report.
folder=${BASH_SOURCE[0]%/*}/agents
while (($#)); do
  case $1 in
    --output-dir) output=$2 ;;
    --incident-id) incident=$2 ;;
    --label)
      [[ $2 == nightcrier.cluster=* ]] && cluster=${2#*=}
      [[ $2 == nightcrier.worker=* ]] && worker=${2#*=}
      ;;
  esac
  shift
done

exec 9>"$folder/$incident.lock"
flock --nonblock 9 || echo "$incident" >>"$folder/overlaps"
echo "$cluster" >"$folder/$incident.running"
echo "$EPOCHREALTIME $incident $worker" >>"$folder/starts"
trap 'echo "$EPOCHREALTIME $incident" >>"$folder/ends"' EXIT
# Every twentieth takes longer, so that a worker is often killed while it has an agent.
sleep "$((RANDOM % 20 ? 0 : 2 + RANDOM % 3)).$((RANDOM % 6))" 9>&-

# The disk may be full at present.
until printf '# Pod cannot start\n\n## Summary\n\nThe pod was read, and its containers cannot start at present, because the image is missing.\n\n## Root Cause\n\nThe cause.\n\nConfidence: 80%%\n' \
  2>/dev/null >"$output/investigation.md" && [ -s "$output/investigation.md" ]; do
  sleep 0.3 9>&-
done
rm -f "$folder/$incident.running"
