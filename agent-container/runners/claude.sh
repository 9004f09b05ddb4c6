#!/bin/bash
# Claude Code, headless. Prompt on stdin, one JSON event per line on stdout; the last one, `result`, has cost and tokens.
set -euo pipefail
here=${BASH_SOURCE%/*}

# `--tools` lists the available tools, `--allowedTools` those that need no approval. There is no interactive approval, so the rest is denied.
allowed=${NIGHTCRIER_ALLOWED_TOOLS:-}
if [[ -z $allowed ]]; then
  allowed='Read,Grep,Glob,Edit(//home/agent/output/**)'
  while read -r command; do allowed+=",Bash($command:*)"; done <"$here/read-only-commands.txt"
  # shellcheck source=agent-container/runners/guard-commands.sh
  . "$here/guard-commands.sh"
fi

# Network access to the API only: no updates, no telemetry.
export CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1 CLAUDE_CODE_MAX_RETRIES=2

# The small model for side tasks is the configured one: the gateway allows no other.
if [[ -n ${NIGHTCRIER_MODEL:-} ]]; then
  export ANTHROPIC_DEFAULT_HAIKU_MODEL=$NIGHTCRIER_MODEL ANTHROPIC_SMALL_FAST_MODEL=$NIGHTCRIER_MODEL
fi

# Settings files are not read, so the agent cannot extend its rights by writing one.
exec claude --print --output-format stream-json --verbose ${NIGHTCRIER_MODEL:+--model "$NIGHTCRIER_MODEL"} \
  --tools Bash,Read,Write,Grep,Glob --permission-mode dontAsk \
  --allowedTools "$allowed" --disallowedTools 'Read(//proc/**),Grep(//proc/**),Glob(//proc/**),Read(//home/agent/.secrets/**)' \
  --setting-sources '' --strict-mcp-config --disable-slash-commands --no-session-persistence
