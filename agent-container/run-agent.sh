#!/usr/bin/env bash
# Runs one attempt of one investigation: one AI agent CLI in one locked-down container, from start to removal.
# The container survives a killed client, so it is detached and named after the attempt; the next run adopts or removes it.
# CONTRACT.md specifies inputs and outputs. Requires bash >= 3.2 and a Docker or Podman client, nothing else.
# shellcheck disable=SC2317  # the traps call clean_up and on_signal
set -euo pipefail

readonly EXIT_TIMEOUT=124 EXIT_KILLED=137 EXIT_USAGE=64 EXIT_UNAVAILABLE=69
readonly KILL_GRACE=5         # seconds between TERM and KILL for an agent past its deadline
readonly GUARD_GRACE=15       # seconds past the deadline after which the guard ends the container through the engine
readonly STOP_GRACE=3         # seconds between TERM and KILL when this script is stopped
readonly LOG_LIMIT_KIB=65536   # limit of stdout and of stderr
readonly LOG_GRACE=5          # seconds for the engine to send the remaining logs of a container that has ended
readonly FILE_LIMIT_KIB=32768  # limit of each file that the agent writes
readonly OUTPUT_LIMIT_KIB=65536 # limit of its output directory
readonly AGENT_UID=1000
readonly AGENT_HOME=/home/agent

usage() {
  cat <<'USAGE'
usage: run-agent.sh -w WORKSPACE --kubeconfig FILE [options]

  -w, --workspace DIR     the incident's directory, with incident.json (absolute or relative)
      --kubeconfig FILE   how the agent reaches its cluster; mounted read-only at /home/agent/.kube/config
  -m, --model MODEL       model name as the agent's CLI knows it                (the CLI's own default)
      --agent NAME        claude | codex | gemini | goose                       (claude)
      --image IMAGE       agent image                                           (nightcrier-agent:latest)
      --engine NAME       docker | podman                                       (docker)
      --network NET       network of the container, never the host's            (bridge)
      --timeout SECONDS   deadline of the agent                                 (300)
      --incident-id ID    names the container and its labels                    (the workspace's name)
      --attempt N         names the container and its labels                    (1)
      --prompt-file FILE  the whole prompt                                      (WORKSPACE/prompt-sent.md)
      --allowed-tools LIST  replaces the built-in allow-list (claude only)
      --output-dir DIR    where the agent writes investigation.md               (WORKSPACE/output)
      --logs-dir DIR      agent-stdout.log, agent-stderr.log, container.json    (WORKSPACE/logs)
      --memory SIZE       memory limit, swap included                           (2g)
      --cpus N            CPU limit                                             (2)
      --label K=V         further label of the container; repeatable
      --wait              start now, but read the workspace only after a line on stdin
      --adopt             adopt the container of this attempt from a killed run, instead of starting one
      --help

environment, passed to the agent invisibly for `ps` and `inspect`:
  ANTHROPIC_API_KEY | OPENAI_API_KEY | GEMINI_API_KEY     the one that the agent needs
environment, passed on unchanged:
  ANTHROPIC_BASE_URL  OPENAI_BASE_URL  GOOGLE_GEMINI_BASE_URL  GOOSE_PROVIDER

exit codes: 0 the agent exited 0 · 64 bad usage · 69 engine or image unavailable · 124 deadline passed · 137 killed or out of
memory · 130, 143 stopped by a signal · anything else is the agent's own. 0 says nothing about the report: read it.
USAGE
}

say() { echo "run-agent.sh: $*" >&2; }
refuse() { say "$*"; exit "$EXIT_USAGE"; }

workspace='' model='' kubeconfig='' prompt_file='' output_dir='' logs_dir='' incident_id='' allowed_tools='' adopt='' wait=''
agent=claude image=nightcrier-agent:latest engine=docker network=bridge timeout=300 attempt=1 memory=2g cpus=2
labels=()

parse_flags() {
  local flag value
  while (($#)); do
    flag=$1
    shift
    case $flag in
      --help) usage; exit 0 ;;
      --adopt) adopt=yes; continue ;;
      --wait) wait=yes; continue ;;
      --*=*) value=${flag#*=} flag=${flag%%=*} ;;
      -w | -m | --*)
        (($#)) || refuse "$flag needs a value"
        value=$1
        shift
        ;;
      *) refuse "unexpected argument '$flag'; see --help" ;;
    esac
    case $flag in
      -w | --workspace) workspace=$value ;;
      -m | --model) model=$value ;;
      --kubeconfig) kubeconfig=$value ;;
      --agent) agent=$value ;;
      --image) image=$value ;;
      --engine) engine=$value ;;
      --network) network=$value ;;
      --timeout) timeout=$value ;;
      --incident-id) incident_id=$value ;;
      --attempt) attempt=$value ;;
      --prompt-file) prompt_file=$value ;;
      --allowed-tools) allowed_tools=$value ;;
      --output-dir) output_dir=$value ;;
      --logs-dir) logs_dir=$value ;;
      --memory) memory=$value ;;
      --cpus) cpus=$value ;;
      --label) check --label "$value" '^[A-Za-z0-9._/-]+=' 'key=value' && labels+=(--label "$value") ;;
      *) refuse "unknown flag '$flag'; see --help" ;;
    esac
  done
}

# check FLAG VALUE REGEX MEANING
check() { [[ $2 =~ $3 ]] || refuse "$1 '$2' is not valid: expected $4"; }
require() { [[ -n $2 ]] || refuse "$1 is required; see --help"; }
readable() { [[ -f $2 && -r $2 ]] || refuse "$1 '$2' is not a readable file"; }

check_flags() {
  local positive='^[1-9][0-9]{0,8}$'
  require '-w WORKSPACE' "$workspace"
  require '--kubeconfig FILE' "$kubeconfig"
  check --agent "$agent" '^(claude|codex|gemini|goose)$' 'claude, codex, gemini or goose'
  check --engine "$engine" '^(docker|podman)$' 'docker or podman'
  check --image "$image" '^[A-Za-z0-9][A-Za-z0-9._/:@-]*$' 'an image reference'
  [[ -z $model ]] || check --model "$model" '^[A-Za-z0-9][^[:space:]"\\]*$' 'a model name'
  check --network "$network" '^[A-Za-z0-9][A-Za-z0-9_.-]*$' "the name of a network"
  [[ $network != host ]] || refuse "--network 'host' is refused: it would open the sandbox"
  check --timeout "$timeout" "$positive" 'seconds, a whole number above 0'
  check --attempt "$attempt" "$positive" 'a whole number above 0'
  check --memory "$memory" '^[1-9][0-9]*[bkmgBKMG]?$' 'a size such as 512m or 2g'
  check --cpus "$cpus" '^([1-9][0-9]*(\.[0-9]+)?|0\.[0-9]*[1-9][0-9]*)$' 'a number above 0, such as 1.5'

  [[ -d $workspace ]] || refuse "--workspace '$workspace' is not a directory"
  absolute_directory --workspace workspace
  : "${incident_id:=${workspace##*/}}" "${prompt_file:=$workspace/prompt-sent.md}"
  : "${output_dir:=$workspace/output}" "${logs_dir:=$workspace/logs}"
  check --incident-id "$incident_id" '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$' 'letters, digits, _ . - only'
  readable --kubeconfig "$kubeconfig"
  absolute_directory --output-dir output_dir
  absolute_directory --logs-dir logs_dir
}

check_workspace() {
  readable --workspace "$workspace/incident.json"
  readable --prompt-file "$prompt_file"
}

# absolute_directory FLAG VARIABLE: creates the directory named by a variable and makes its path absolute. The engine parses a mount
# as comma-separated values, so paths that would need quoting there are refused.
absolute_directory() {
  local path=${!2}
  [[ -d $path ]] || mkdir -p "$path" 2>/dev/null || refuse "$1 '$path' cannot be created"
  cd -P "$path"
  check "$1" "$PWD" '^[^,"]+$' 'a path without commas and quotes'
  printf -v "$2" %s "$PWD"
  cd "$OLDPWD"
}

check_environment() {
  local name provider
  # The key that the agent needs, by its provider.
  case $agent in
    claude) provider=anthropic ;;
    codex) provider=openai ;;
    gemini) provider=google ;;
    goose) provider=${GOOSE_PROVIDER:-anthropic} ;;
  esac
  case $provider in
    anthropic) key=ANTHROPIC_API_KEY ;;
    openai) key=OPENAI_API_KEY ;;
    google) key=GEMINI_API_KEY ;;
    *) refuse "GOOSE_PROVIDER '$provider' is not valid: expected anthropic, openai or google" ;;
  esac
  key_value=${!key:-}
  unset ANTHROPIC_API_KEY OPENAI_API_KEY GEMINI_API_KEY # child processes, such as the engine's client, must not inherit them
  [[ -n $key_value || -n $adopt ]] || refuse "$key is not set; --agent '$agent' needs it in the environment"
  for name in ANTHROPIC_BASE_URL OPENAI_BASE_URL GOOGLE_GEMINI_BASE_URL; do
    [[ -z ${!name:-} ]] || check "$name" "${!name}" '^https?://[^[:space:]"\\]+$' 'an http(s) URL'
  done
}

# Explains why the engine did not start the container. Runs only after a failure, because each call to the engine delays the agent.
explain_refusal() {
  local words
  words=$(head -c 1000 "$logs_dir/agent-stderr.log")
  if ! "$engine" version >/dev/null 2>&1; then
    say "--engine '$engine' does not answer: $words"
  elif ! "$engine" image inspect "$image" >/dev/null 2>&1; then
    say "--image '$image' does not exist here; build it: $engine build -t $image $(cd "${BASH_SOURCE[0]%/*}" && pwd -P)"
  else
    say "$engine could not start $container: $words"
  fi
  exit "$EXIT_UNAVAILABLE"
}

# The caller is still writing the workspace. If stdin ends without a line, the run is cancelled.
await_workspace() {
  read -r _ || { say '--wait: stdin ended without a line; run cancelled'; exit "$EXIT_UNAVAILABLE"; }
  exec </dev/null
}

# Copies the inputs: the agent can read the copies whatever the modes and owner of the originals, and cannot reach the originals. The
# copies are inside the workspace, whose path is the same for the engine even if this script runs in a container.
stage_inputs() {
  local file inputs=()
  umask 022 # the folder above is 0700
  for file in "$workspace"/.run-*; do if [[ -d $file ]]; then rm -rf "$file"; fi; done
  for file in incident.json incident_cluster_permissions.json evidence; do
    if [[ -e $workspace/$file ]]; then inputs+=("$workspace/$file"); fi
  done
  make_staging
  cp -R "${inputs[@]}" "$staging"
  printf '%s\n' "$(<"$prompt_file")" >"$staging/prompt-sent.md"
  printf '%s\n' "$(<"$kubeconfig")" >"$staging/kubeconfig"
  chmod -R a+rX,go-w "$staging"/*
}

make_staging() {
  (umask 077 && exec mkdir "$staging" "$staging/secrets")
  own
}

# An existing report or record must not be taken for this attempt's.
prepare_output() {
  local report=$output_dir/investigation.md
  if [[ -e $report || -L $report ]]; then
    say "keeping the earlier report of --output-dir as investigation.previous.md"
    mv -f "$report" "$output_dir/investigation.previous.md"
  fi
  if [[ -e $logs_dir/container.json ]]; then rm "$logs_dir/container.json"; fi
  if ((EUID == 0)); then chown "$AGENT_UID:$AGENT_UID" "$output_dir"; else chmod 0777 "$output_dir"; fi
}

mount_input() { arguments+=(--mount "type=bind,src=$staging/$1,dst=$2,readonly"); }

container_arguments() {
  local file name deadline=$((${EPOCHSECONDS:-$(date +%s)} + timeout)) home_owner="uid=$AGENT_UID,gid=$AGENT_UID,mode=0700"
  if [[ $engine == podman ]]; then home_owner=mode=1777; fi # podman has no owner option for a tmpfs
  arguments=(
    --name "$container" --pull never --init --network "$network" --workdir "$AGENT_HOME" --user "$AGENT_UID:$AGENT_UID"
    --read-only --tmpfs "/tmp:rw,nosuid,nodev,size=256m,mode=1777" --tmpfs "$AGENT_HOME:rw,nosuid,nodev,size=256m,$home_owner"
    --cap-drop ALL --security-opt no-new-privileges --pids-limit 512
    --memory "$memory" --memory-swap "$memory" --cpus "$cpus" --stop-timeout "$STOP_GRACE"
    --ulimit "fsize=$((FILE_LIMIT_KIB * 1024))" --ulimit core=0
    --log-driver json-file --log-opt "max-size=${LOG_LIMIT_KIB}k" --log-opt max-file=2 # with a single file, a flood blocks the reader
    ${labels[@]+"${labels[@]}"}
    --label nightcrier.component=agent --label "nightcrier.incident=$incident_id" --label "nightcrier.attempt=$attempt"
    --label "nightcrier.deadline=$deadline" --label "nightcrier.agent=$agent"
    --env "HOME=$AGENT_HOME" --env "NIGHTCRIER_MODEL=$model" --env "NIGHTCRIER_INCIDENT_ID=$incident_id"
    --env "NIGHTCRIER_DEADLINE=$deadline"
    --mount "type=bind,src=$output_dir,dst=$AGENT_HOME/output"
  )
  for file in incident.json incident_cluster_permissions.json prompt-sent.md evidence; do
    if [[ -e $staging/$file ]]; then mount_input "$file" "$AGENT_HOME/$file"; fi
  done
  mount_input kubeconfig "$AGENT_HOME/.kube/config"
  mount_input secrets /run/secrets
  if [[ -n $allowed_tools ]]; then arguments+=(--env "NIGHTCRIER_ALLOWED_TOOLS=$allowed_tools"); fi
  for name in ANTHROPIC_BASE_URL OPENAI_BASE_URL GOOGLE_GEMINI_BASE_URL GOOSE_PROVIDER; do
    if [[ -n ${!name:-} ]]; then arguments+=(--env "$name=${!name}"); fi
  done
}

# Of several runs that follow one container, the latest owns it: only that one stops, records and removes it. The others were killed,
# or belong to a worker that hung for so long that its job was requeued.
own() { echo "$token" >"$staging/owner"; }
owns() {
  local owner
  read -r owner 2>/dev/null <"$staging/owner" && [[ $owner == "$token" ]]
}

# Sets the id of this attempt's container, if it exists.
find_container() { "$engine" ps --all --quiet --no-trunc --filter "name=^/?$container\$" --filter label=nightcrier.component=agent; }

remove_leftover() {
  local id tries
  id=$(find_container) || return 1
  say "removing the container that an earlier run of this attempt left: $container"
  rm -f "$staging/container-id"
  # The container's own guard may remove it at the same time.
  for ((tries = 0; tries < 50; tries++)); do
    [[ -n $id ]] || return 0
    "$engine" rm --force "$id" >/dev/null 2>&1 || sleep 0.2
    id=$(find_container) || return 1
  done
  return 1
}

# Adopts the container of this attempt, running or ended, for the rest of its deadline.
adopt_container() {
  local left deadline
  container_id=$(find_container) || { say "--engine '$engine' does not answer"; exit "$EXIT_UNAVAILABLE"; }
  [[ -n $container_id ]] || exit_as_recorded
  for left in "$workspace"/.run-*; do if [[ -s $left/container-id ]]; then staging=$left; fi; done
  if [[ -d $staging ]]; then own; else make_staging; fi
  deadline=$("$engine" inspect --type container --format '{{index .Config.Labels "nightcrier.deadline"}}' "$container_id") || exit_as_recorded
  timeout=$((deadline - $(date +%s)))
  if ((timeout < 0)); then timeout=0; fi
}

# The container is gone, so the run that owned it has completed. Its record counts, unless the container was killed from outside.
exit_as_recorded() {
  local record='' pattern='"container":"([^"]*)".*"reason":"(exited|timeout|oom)","exit_code":([0-9]+)'
  read -r record 2>/dev/null <"$logs_dir/container.json" || true
  if [[ $record =~ $pattern && ${BASH_REMATCH[1]} == "$container" ]]; then exit "${BASH_REMATCH[3]}"; fi
  say "$container vanished before its end could be read"
  exit "$EXIT_UNAVAILABLE"
}

# follow ENGINE-CLIENT...: runs a client that prints the agent's streams, and copies them to their files while the agent runs. `wait
# $logs_pid` returns the client's exit code.
follow() {
  {
    {
      {
        "$@" 2>&3 3>&- &
        echo $! >"$staging/client"
        wait $!
      } | keep "$logs_dir/agent-stdout.log" cat
    } 3>&1 >/dev/null | keep "$logs_dir/agent-stderr.log" forget_keys_once_read
  } >/dev/null 2>&1 &
  logs_pid=$!
}

# keep FILE COPY: copies its input to a file, unbuffered, up to the limit, and discards the rest.
keep() { { ulimit -f "$LOG_LIMIT_KIB" && "$2" >"$1"; } || cat >/dev/null; }

# Copies like cat, and deletes the key files once start-agent.sh reports on stderr that it has read them. The engine's client may print
# warnings before that line.
forget_keys_once_read() {
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    printf '%s\n' "$line"
    [[ $line != nightcrier:* ]] || break
  done
  rm -f "$staging"/secrets/*
  cat
}

# An agent can print more than the engine can send in an acceptable time.
finish_logs() {
  local tries
  for ((tries = 0; tries < LOG_GRACE * 10; tries++)); do
    kill -0 "$logs_pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill "$(<"$staging/client")" 2>/dev/null || true
  wait "$logs_pid" || true
}

# Checks every second, also after this script was killed: stops an agent that `timeout` in its container could not stop, and one that
# exceeds the limit of the output directory (fsize limits each file, not their sum). Removes a container whose workspace was prepared
# for another run before it started, because its caller was considered dead.
watch_over() {
  {
    set +e
    while sleep 1; do
      if [[ ! -d $staging ]]; then "$engine" rm --force "$container_id"; fi
      owns || break
      read_container_id
      if ((SECONDS >= timeout + GUARD_GRACE)); then
        "$engine" stop --time 1 "$container_id"
        break
      elif output_is_full; then
        : >"$staging/output-full"
        "$engine" kill "$container_id"
      fi
    done
  } >/dev/null 2>&1 &
  watch_pid=$!
}

output_is_full() {
  local kib
  kib=$(du -skx "$output_dir" 2>/dev/null) || true
  kib=${kib%%[!0-9]*}
  ((${kib:-0} > OUTPUT_LIMIT_KIB))
}

empty_full_output() { if output_is_full; then find "$output_dir" -mindepth 1 -delete || true; fi; }

# Runs the container to its end; sets container_id and exit_code. One engine client starts it, copies its streams and waits, because
# each further client would delay the agent. The container survives when that client is killed.
run_to_end() {
  exit_code=0
  printf '%s' "$key_value" >"$staging/secrets/$key"
  follow "$engine" run --sig-proxy=false --cidfile "$staging/container-id" "${arguments[@]}" "$image" \
    timeout --kill-after="$KILL_GRACE" "$timeout" /opt/nightcrier/start-agent.sh "$agent"
  wait "$logs_pid" || exit_code=$?
  logs_pid=''
  require_ownership
  read_container_id
}

read_container_id() { read -r container_id 2>/dev/null <"$staging/container-id" || true; }
require_ownership() { owns || { say "another run has taken $container over"; exit "$EXIT_UNAVAILABLE"; }; }

# Tests whether the engine could not start the container: the client's exit code is one of these, and the container is missing or never ran.
was_refused() {
  [[ -n $container_id ]] || return 0
  ((exit_code >= 125 && exit_code <= 127)) || return 1
  [[ $("$engine" inspect --type container --format '{{.State.Status}}' "$container_id") =~ ^(created|configured)$ ]]
}

# Records how the container ended: sets exit_code and writes container.json. After exit code 0 there is nothing to ask the engine.
# A reader of the record need not wait for this script: output and logs are final, and the script exits with the recorded code, even if
# it receives a signal.
record_end() {
  # shellcheck disable=SC2154 # `now begun_at` sets it
  local state oom=false reason=exited started_at="\"$begun_at\"" finished_at running
  now finished_at
  finished_at="\"$finished_at\""
  if [[ $exit_code != 0 ]]; then
    state=$("$engine" inspect --type container \
      --format '{{.State.ExitCode}}|{{.State.OOMKilled}}|{{json .State.StartedAt}}|{{json .State.FinishedAt}}|{{.State.Running}}' \
      "$container_id") || return 1
    IFS='|' read -r exit_code oom started_at finished_at running <<<"$state"
    [[ $running != true ]] || { say "lost $engine while $container was running"; exit "$EXIT_UNAVAILABLE"; }
  fi
  if [[ -n $stopped_by ]]; then
    reason=stopped
  elif [[ -e $staging/output-full ]]; then
    reason=output_full exit_code=$EXIT_KILLED
    say "it wrote more than $((OUTPUT_LIMIT_KIB / 1024)) MiB into its output directory, which was emptied"
  elif [[ $oom == true && $exit_code != 0 ]]; then
    reason=oom exit_code=$EXIT_KILLED
    say "it used more memory than agent_memory allows ($memory)"
  elif ((exit_code == EXIT_TIMEOUT)) || ((SECONDS >= timeout + GUARD_GRACE)); then
    reason=timeout exit_code=$EXIT_TIMEOUT
  elif ((exit_code == EXIT_KILLED && SECONDS >= timeout)); then
    reason=timeout exit_code=$EXIT_TIMEOUT # it ignored TERM, so timeout(1) had to kill it
  elif ((exit_code == EXIT_KILLED)); then
    reason=killed
  fi
  empty_full_output
  trap '' TERM INT HUP
  printf '{"container":"%s","image":"%s","agent":"%s","model":"%s","reason":"%s","exit_code":%d,"oom_killed":%s,"started_at":%s,"finished_at":%s}\n' \
    "$container" "$image" "$agent" "$model" "$reason" "$exit_code" "$oom" "$started_at" "$finished_at" \
    >"$logs_dir/container.json"
}

# Runs once, on every exit. Uses the id that the engine returned, because another run may have taken the name.
clean_up() {
  local rc=$?
  trap '' TERM INT HUP
  trap - EXIT
  set +e
  if [[ -n $watch_pid ]]; then kill "$watch_pid" 2>/dev/null; fi
  if owns; then
    read_container_id
    if [[ -n $stopped_by && -n $container_id ]]; then "$engine" stop --time "$STOP_GRACE" "$container_id" >/dev/null 2>&1; fi
    if [[ -n $logs_pid ]]; then finish_logs; fi
    if [[ -n $stopped_by && -n $container_id ]]; then record_end; fi
    rm -rf "$staging" # first: if this script is killed, others find the container, but not the copies
    if [[ -n $container_id ]]; then "$engine" rm --force "$container_id" >/dev/null 2>&1; fi
    empty_full_output
  fi
  exit "$rc"
}

# now VARIABLE. bash 3.2 has no such printf.
now() { TZ=UTC0 printf -v "$1" '%(%Y-%m-%dT%H:%M:%SZ)T' -1 2>/dev/null || printf -v "$1" %s "$(date -u +%Y-%m-%dT%H:%M:%SZ)"; }

on_signal() { stopped_by=$1; exit "$2"; }

container_id='' exit_code='' stopped_by='' logs_pid='' watch_pid='' token=$$-$RANDOM$RANDOM

main() {
  parse_flags "$@"
  check_flags
  check_environment
  command -v "$engine" >/dev/null || { say "--engine '$engine' is not installed"; exit "$EXIT_UNAVAILABLE"; }

  container=nc-$incident_id-$attempt staging=$workspace/.run-$token
  trap clean_up EXIT
  trap 'on_signal TERM 143' TERM
  trap 'on_signal INT 130' INT
  trap 'on_signal HUP 129' HUP

  SECONDS=0
  now begun_at
  if [[ -n $adopt ]]; then run_adopted; else run_new; fi
  record_end || exit_as_recorded
  exit "$exit_code"
}

run_new() {
  prepare_output & # in parallel with the copies
  if [[ -n $wait ]]; then await_workspace; fi
  check_workspace
  stage_inputs
  wait $!
  container_arguments
  SECONDS=0
  watch_over
  run_to_end
  # An orphaned container of an earlier run of this attempt may have the name.
  if was_refused && grep -q "already in use" "$logs_dir/agent-stderr.log" && remove_leftover; then run_to_end; fi
  if was_refused; then explain_refusal; fi
}

run_adopted() {
  adopt_container
  watch_over
  follow "$engine" logs --follow "$container_id"
  "$engine" wait "$container_id" >/dev/null 2>&1 &
  wait $! || exit_as_recorded
  require_ownership
  finish_logs
  logs_pid=''
}

main "$@"
