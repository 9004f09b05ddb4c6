#!/bin/bash
# Gemini CLI, headless. Prompt on stdin, one JSON event per line on stdout; the last one, `result`, has the tokens, no cost.
# The exit code is 0 even if tools were denied: only the report counts.
set -euo pipefail
here=${BASH_SOURCE%/*}

if [[ -n ${NIGHTCRIER_ALLOWED_TOOLS:-} ]]; then
  echo "nightcrier: gemini takes its rights from a policy, not from a list of tools; ignoring '$NIGHTCRIER_ALLOWED_TOOLS'" >&2
fi

mkdir -p "$HOME/.gemini"
cp "$here/gemini.settings.json" "$HOME/.gemini/settings.json"
{
  cat "$here/gemini.policy.toml"
  while read -r command; do
    printf '\n[[rule]]\ntoolName = "run_shell_command"\ncommandPrefix = "%s"\ndecision = "allow"\npriority = 200\n' "$command"
  done <"$here/read-only-commands.txt"
} >"$HOME/.gemini/triage-policy.toml"

# shellcheck source=agent-container/runners/guard-commands.sh
. "$here/guard-commands.sh"

exec gemini ${NIGHTCRIER_MODEL:+--model "$NIGHTCRIER_MODEL"} --output-format stream-json --skip-trust --policy "$HOME/.gemini/triage-policy.toml"
