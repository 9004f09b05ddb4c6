#!/bin/bash
# OpenAI Codex, headless. Prompt on stdin, one JSON event per line on stdout; `turn.completed` has the tokens, no cost.
# The exit code is 0 even if every command failed: only the report counts.
set -euo pipefail
here=${BASH_SOURCE%/*}

if [[ -n ${NIGHTCRIER_ALLOWED_TOOLS:-} ]]; then
  echo "nightcrier: codex has no list of allowed tools; ignoring '$NIGHTCRIER_ALLOWED_TOOLS'" >&2
fi

mkdir -p "$HOME/.codex/rules"
cp "$here/codex.config.toml" "$HOME/.codex/config.toml"
cp "$here/codex.rules" "$HOME/.codex/rules/default.rules"

# shellcheck source=agent-container/runners/guard-commands.sh
. "$here/guard-commands.sh"

exec codex exec --json --skip-git-repo-check --ephemeral --disable plugins --sandbox danger-full-access \
  ${NIGHTCRIER_MODEL:+--model "$NIGHTCRIER_MODEL"} \
  --config "model_providers.nightcrier.base_url=\"${OPENAI_BASE_URL:-https://api.openai.com/v1}\"" -
