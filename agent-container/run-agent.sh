#!/usr/bin/env bash
# Run one attempt of one investigation: one AI agent CLI in one locked-down container, from start to removal.
# The container outlives a killed client, so it is detached and named after the attempt; whoever comes next adopts or removes it.
# What goes in and comes out is in CONTRACT.md. Needs bash >= 3.2 and a Docker or Podman client, nothing else.
# shellcheck disable=SC2317  # the traps call clean_up and on_signal
set -euo pipefail

readonly EXIT_TIMEOUT=124 EXIT_KILLED=137 EXIT_USAGE=64 EXIT_UNAVAILABLE=69
readonly KILL_GRACE=5         # seconds between TERM and KILL for an agent past its deadline
readonly GUARD_GRACE=15       # seconds past the deadline after which the engine is told to end the container
readonly STOP_GRACE=3         # seconds that an agent gets when we are told to stop ourselves
readonly LOG_LIMIT_KIB=65536   # kept of each of stdout and stderr
readonly LOG_GRACE=5          # seconds that the engine gets to tell the rest of the logs of a container that has ended
readonly FILE_LIMIT_KIB=32768  # of each file that the agent writes
readonly OUTPUT_LIMIT_KIB=65536 # of all that it writes into its output directory
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
      --adopt             follow the container of this attempt that a killed run left behind, instead of starting one
      --help

environment, handed to the agent without being visible in `ps` or `inspect`:
  ANTHROPIC_API_KEY | OPENAI_API_KEY | GEMINI_API_KEY     the one that the agent needs
environment, handed on as it is:
  ANTHROPIC_BASE_URL  OPENAI_BASE_URL  GOOGLE_GEMINI_BASE_URL  GOOSE_PROVIDER

exit codes: 0 the agent exited 0 · 64 bad usage · 69 engine or image unavailable · 124 deadline passed · 137 killed or out of
memory · 130, 143 stopped by a signal · anything else is the agent's own. A 0 says nothing about the report: read it.
USAGE
}

say() { echo "run-agent.sh: $*" >&2; }
refuse() { say "$*"; exit "$EXIT_USAGE"; }

workspace='' model='' kubeconfig='' prompt_file='' output_dir='' logs_dir='' incident_id='' allowed_tools='' adopt=''
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
  workspace=$(absolute_directory --workspace "$workspace") || exit
  : "${incident_id:=${workspace##*/}}" "${prompt_file:=$workspace/prompt-sent.md}"
  : "${output_dir:=$workspace/output}" "${logs_dir:=$workspace/logs}"
  check --incident-id "$incident_id" '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$' 'letters, digits, _ . - only'
  readable --workspace "$workspace/incident.json"
  readable --kubeconfig "$kubeconfig"
  readable --prompt-file "$prompt_file"
  output_dir=$(absolute_directory --output-dir "$output_dir") || exit
  logs_dir=$(absolute_directory --logs-dir "$logs_dir") || exit
}

# The engine reads a mount as comma-separated values, so paths that would need quoting there are refused.
absolute_directory() {
  [[ -d $2 ]] || mkdir -p "$2" 2>/dev/null || refuse "$1 '$2' cannot be created"
  local path
  path=$(cd "$2" && pwd -P)
  check "$1" "$path" '^[^,"]+$' 'a path without commas and quotes'
  echo "$path"
}

# Which key the agent needs, by the provider it talks to.
key_name() {
  case $agent in
    claude) echo ANTHROPIC_API_KEY ;;
    codex) echo OPENAI_API_KEY ;;
    gemini) echo GEMINI_API_KEY ;;
    goose)
      case ${GOOSE_PROVIDER:-anthropic} in
        anthropic) echo ANTHROPIC_API_KEY ;;
        openai) echo OPENAI_API_KEY ;;
        google) echo GEMINI_API_KEY ;;
        *) refuse "GOOSE_PROVIDER '$GOOSE_PROVIDER' is not valid: expected anthropic, openai or google" ;;
      esac
      ;;
  esac
}

check_environment() {
  local name
  key=$(key_name) || exit
  key_value=${!key:-}
  unset ANTHROPIC_API_KEY OPENAI_API_KEY GEMINI_API_KEY # no child of ours, such as the engine's client, inherits them
  [[ -n $key_value || -n $adopt ]] || refuse "$key is not set; --agent '$agent' needs it in the environment"
  for name in ANTHROPIC_BASE_URL OPENAI_BASE_URL GOOGLE_GEMINI_BASE_URL; do
    [[ -z ${!name:-} ]] || check "$name" "${!name}" '^https?://[^[:space:]"\\]+$' 'an http(s) URL'
  done
}

# Why the engine did not start the container. Asked only then: each question costs the agent a start that is as much later.
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

# Inputs are copied: whatever their modes and owner, the agent can read the copies, and nothing it could do would reach the originals.
# The copies stand inside the workspace, which has the same path for the engine as for us even where we are a container ourselves.
stage_inputs() {
  local file inputs=() old
  for old in "$workspace"/.run-*; do if [[ -d $old ]]; then rm -rf "$old"; fi; done
  umask 022 # in a folder that is 0700
  staging=$(mktemp -d "$workspace/.run-XXXXXX")
  own
  mkdir "$staging/secrets"
  for file in incident.json incident_cluster_permissions.json evidence; do
    if [[ -e $workspace/$file ]]; then inputs+=("$workspace/$file"); fi
  done
  cp -R "${inputs[@]}" "$staging/"
  cp "$prompt_file" "$staging/prompt-sent.md"
  cp "$kubeconfig" "$staging/kubeconfig"
  chmod -R a+rX,go-w "$staging"/*
}

# A report that is already there must not pass for this attempt's.
prepare_output() {
  local report=$output_dir/investigation.md
  if [[ -e $report || -L $report ]]; then
    say "keeping the earlier report of --output-dir as investigation.previous.md"
    mv -f "$report" "$output_dir/investigation.previous.md"
  fi
  if ((EUID == 0)); then chown "$AGENT_UID:$AGENT_UID" "$output_dir"; else chmod 0777 "$output_dir"; fi
}

mount_input() { arguments+=(--mount "type=bind,src=$staging/$1,dst=$2,readonly"); }

container_arguments() {
  local file name deadline=$((${EPOCHSECONDS:-$(date +%s)} + timeout)) home_owner="uid=$AGENT_UID,gid=$AGENT_UID,mode=0700"
  if [[ $engine == podman ]]; then home_owner=mode=1777; fi # podman knows no owner of a tmpfs
  arguments=(
    --name "$container" --pull never --init --network "$network" --workdir "$AGENT_HOME" --user "$AGENT_UID:$AGENT_UID"
    --read-only --tmpfs "/tmp:rw,nosuid,nodev,size=256m,mode=1777" --tmpfs "$AGENT_HOME:rw,nosuid,nodev,size=256m,$home_owner"
    --cap-drop ALL --security-opt no-new-privileges --pids-limit 512
    --memory "$memory" --memory-swap "$memory" --cpus "$cpus" --stop-timeout "$STOP_GRACE"
    --ulimit "fsize=$((FILE_LIMIT_KIB * 1024))" --ulimit core=0
    --log-driver json-file --log-opt "max-size=${LOG_LIMIT_KIB}k" --log-opt max-file=2 # with a single file, a flood blocks who follows
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

# Of several runs that hold on to one container, the one that came last owns it: it alone stops, judges and removes it. The others
# were killed, or belong to a worker that hung so long that it was given up.
own() {
  token=$$-$RANDOM$RANDOM
  printf '%s' "$token" >"$staging/owner"
}
owns() { [[ -n $staging && -e $staging/owner && $(<"$staging/owner") == "$token" ]]; }

# The id of this attempt's container, if there is one.
find_container() { "$engine" ps --all --quiet --no-trunc --filter "name=^/?$container\$" --filter label=nightcrier.component=agent; }

remove_leftover() {
  local id tries
  id=$(find_container) || return 1
  say "removing the container that an earlier run of this attempt left: $container"
  # Its own guard may be removing it at the same time.
  for ((tries = 0; tries < 50; tries++)); do
    [[ -n $id ]] || return 0
    "$engine" rm --force "$id" >/dev/null 2>&1 || sleep 0.2
    id=$(find_container) || return 1
  done
  return 1
}

# Takes over the container of this attempt, whether it still runs or has ended meanwhile, for what is left of its time.
adopt_container() {
  local deadline
  container_id=$(find_container) || { say "--engine '$engine' does not answer"; exit "$EXIT_UNAVAILABLE"; }
  [[ -n $container_id ]] || exit_as_recorded
  for staging in "$workspace"/.run-*; do if [[ -s $staging/container-id ]]; then break; fi; done
  if [[ ! -d $staging ]]; then staging=$(mktemp -d "$workspace/.run-XXXXXX"); fi
  own
  deadline=$("$engine" inspect --type container --format '{{index .Config.Labels "nightcrier.deadline"}}' "$container_id") || exit_as_recorded
  timeout=$((deadline - $(date +%s)))
  if ((timeout < 0)); then timeout=0; fi
}

# The container is gone: the run that owned it has got to its end. What it recorded counts, unless it was cut short from outside.
exit_as_recorded() {
  local record reason
  record=$(cat "$logs_dir/container.json" 2>/dev/null) || true
  reason=$(sed -n 's/.*"reason":"\([a-z]*\)".*/\1/p' <<<"$record")
  if [[ $record == *"\"container\":\"$container\""* && $reason =~ ^(exited|timeout|oom)$ ]]; then
    exit "$(sed -n 's/.*"exit_code":\([0-9]*\).*/\1/p' <<<"$record")"
  fi
  say "$container vanished before its end could be read"
  exit "$EXIT_UNAVAILABLE"
}

# Copies its input to a file, unbuffered, up to the limit, and swallows the rest.
keep() {
  (ulimit -f "$LOG_LIMIT_KIB" && exec cat >"$1") || true
  cat >/dev/null
}

# follow ENGINE-CLIENT...: runs a client that gives the agent's streams, and copies them to their files while the agent runs.
follow() {
  {
    {
      {
        "$@" 2>&3 3>&- &
        echo $! >"$staging/client"
        local rc=0
        wait $! || rc=$?
        echo "$rc" >"$staging/client-exit"
      } | keep "$logs_dir/agent-stdout.log"
    } 3>&1 >/dev/null | keep "$logs_dir/agent-stderr.log"
  } >/dev/null 2>&1 &
  logs_pid=$!
}

# An agent can say more than the engine can tell in any time worth waiting for.
finish_logs() {
  local patience_pid
  {
    trap 'kill "$sleep_pid"' TERM
    sleep "$LOG_GRACE" &
    sleep_pid=$!
    wait "$sleep_pid" && kill "$(cat "$staging/client")"
  } >/dev/null 2>&1 &
  patience_pid=$!
  wait "$logs_pid" 2>/dev/null
  kill "$patience_pid" 2>/dev/null
}

# start-agent.sh speaks on stderr as soon as it has read the keys; from then on no file holds them.
forget_keys_once_read() {
  {
    until [[ -s $logs_dir/agent-stderr.log ]]; do sleep 0.1; done
    rm -f "$staging"/secrets/*
  } >/dev/null 2>&1 &
  forget_pid=$!
}

# `timeout` inside the container ends the agent even when we are gone. This guard is for the case that it could not.
guard_deadline() {
  {
    trap 'kill "$sleep_pid"' TERM
    sleep $((timeout + GUARD_GRACE)) &
    sleep_pid=$!
    wait "$sleep_pid" && "$engine" stop --time 1 "$(cat "$staging/container-id")"
  } >/dev/null 2>&1 &
  guard_pid=$!
}

# Ends an agent that fills its output directory with files: each alone is bounded by fsize, all together by this. And one whose
# workspace was prepared for another run before it had begun, when whoever started it was taken for dead.
guard_output() {
  {
    trap 'kill "$sleep_pid"' TERM
    local id=''
    while :; do
      sleep 1 &
      sleep_pid=$!
      wait "$sleep_pid" || break
      if [[ ! -d $staging ]]; then "$engine" rm --force "$id"; fi
      owns || break
      id=$(cat "$staging/container-id")
      if output_is_full; then
        touch "$staging/output-full"
        "$engine" kill "$(cat "$staging/container-id")"
        break
      fi
    done
  } >/dev/null 2>&1 &
  output_pid=$!
}

output_is_full() {
  local kib
  kib=$(du -skx "$output_dir" 2>/dev/null) || true
  kib=${kib%%[!0-9]*}
  ((${kib:-0} > OUTPUT_LIMIT_KIB))
}

# Runs the container to its end: sets container_id and exit_code. One client of the engine starts it, copies its streams and waits, as
# each further one would delay the agent; when that client is killed, the container lives on.
run_to_end() {
  if [[ -n $forget_pid ]]; then kill "$forget_pid" 2>/dev/null || true; fi
  rm -f "$staging"/{container-id,client-exit} "$logs_dir"/{container.json,agent-std{out,err}.log}
  printf '%s' "$key_value" >"$staging/secrets/$key"
  follow "$engine" run --sig-proxy=false --cidfile "$staging/container-id" "${arguments[@]}" "$image" \
    timeout --kill-after="$KILL_GRACE" "$timeout" /opt/nightcrier/start-agent.sh "$agent"
  forget_keys_once_read
  if [[ -z $guard_pid ]]; then
    guard_deadline
    guard_output
  fi
  wait "$logs_pid" || true
  owns || { say "another run has taken $container over"; exit "$EXIT_UNAVAILABLE"; }
  exit_code=$(<"$staging/client-exit")
  if [[ -s $staging/container-id ]]; then container_id=$(<"$staging/container-id"); fi
}

# Whether the engine could not start it: then the client's exit code is one of these, and the container is not there, or never ran.
was_refused() {
  [[ -n $container_id ]] || return 0
  ((exit_code >= 125 && exit_code <= 127)) || return 1
  [[ $("$engine" inspect --type container --format '{{.State.Status}}' "$container_id") =~ ^(created|configured)$ ]]
}

# How the container ended: sets exit_code, and writes container.json. An agent that exited 0 leaves nothing to ask the engine.
record_end() {
  local state oom=false reason=exited started_at finished_at running
  started_at="\"$begun_at\"" finished_at="\"$(now)\""
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
  printf '{"container":"%s","image":"%s","agent":"%s","model":"%s","reason":"%s","exit_code":%d,"oom_killed":%s,"started_at":%s,"finished_at":%s}\n' \
    "$container" "$image" "$agent" "$model" "$reason" "$exit_code" "$oom" "$started_at" "$finished_at" \
    >"$logs_dir/.container.json"
  mv -f "$logs_dir/.container.json" "$logs_dir/container.json"
}

# Runs on every way out, once. Goes by the id that the engine gave us: by now another run may hold the name.
clean_up() {
  local rc=$? pid
  trap '' TERM INT HUP
  trap - EXIT
  set +e
  for pid in $guard_pid $forget_pid $output_pid; do kill "$pid" 2>/dev/null; done
  if owns; then
    if [[ -s $staging/container-id ]]; then container_id=$(<"$staging/container-id"); fi
    if [[ -n $stopped_by && -n $container_id ]]; then
      "$engine" stop --time "$STOP_GRACE" "$container_id" >/dev/null 2>&1
      record_end
    fi
    if [[ -n $logs_pid ]]; then finish_logs; fi
    if [[ -n $container_id ]]; then "$engine" rm --force "$container_id" >/dev/null 2>&1; fi
    if output_is_full; then find "$output_dir" -mindepth 1 -delete; fi
    rm -rf "$staging"
  fi
  exit "$rc"
}

# bash 3.2 has no such printf.
now() { TZ=UTC0 printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1 2>/dev/null || date -u +%Y-%m-%dT%H:%M:%SZ; }

on_signal() { stopped_by=$1; exit "$2"; }

staging='' container_id='' exit_code='' stopped_by='' token='' logs_pid='' guard_pid='' forget_pid='' output_pid=''

main() {
  parse_flags "$@"
  check_flags
  check_environment
  command -v "$engine" >/dev/null || { say "--engine '$engine' is not installed"; exit "$EXIT_UNAVAILABLE"; }

  container=nc-$incident_id-$attempt
  trap clean_up EXIT
  trap 'on_signal TERM 143' TERM
  trap 'on_signal INT 130' INT
  trap 'on_signal HUP 129' HUP

  SECONDS=0
  begun_at=$(now)
  if [[ -n $adopt ]]; then run_adopted; else run_new; fi
  record_end || exit_as_recorded
  exit "$exit_code"
}

run_new() {
  stage_inputs
  prepare_output
  container_arguments
  SECONDS=0
  run_to_end
  # The name may be taken by what an earlier run of this attempt left.
  if was_refused && grep -q "already in use" "$logs_dir/agent-stderr.log" && remove_leftover; then run_to_end; fi
  if was_refused; then explain_refusal; fi
}

run_adopted() {
  adopt_container
  guard_deadline
  guard_output
  follow "$engine" logs --follow "$container_id"
  forget_keys_once_read
  "$engine" wait "$container_id" >/dev/null 2>&1 &
  wait $! || exit_as_recorded
  owns || { say "another run has taken $container over"; exit "$EXIT_UNAVAILABLE"; }
}

main "$@"
