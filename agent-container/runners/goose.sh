#!/bin/bash
# goose, headless, for images built with GOOSE_RELEASE_URL. Prompt on stdin, one JSON event per line on stdout.
# goose has no list of allowed commands: what it may do is up to the gateway and the container.
set -euo pipefail

if ! command -v goose >/dev/null; then
  echo "nightcrier: goose is not in this image; build it with --build-arg GOOSE_RELEASE_URL=<address of the release archive>" >&2
  exit 127
fi
if [[ -n ${NIGHTCRIER_ALLOWED_TOOLS:-} ]]; then
  echo "nightcrier: goose has no list of allowed tools; ignoring '$NIGHTCRIER_ALLOWED_TOOLS'" >&2
fi

# goose's names for *_BASE_URL and GEMINI_API_KEY of the contract; its hosts have no path.
if [[ -n ${ANTHROPIC_BASE_URL:-} ]]; then export ANTHROPIC_HOST=$ANTHROPIC_BASE_URL; fi
if [[ -n ${OPENAI_BASE_URL:-} ]]; then export OPENAI_HOST=${OPENAI_BASE_URL%/v1}; fi
if [[ -n ${GOOGLE_GEMINI_BASE_URL:-} ]]; then export GOOGLE_HOST=$GOOGLE_GEMINI_BASE_URL; fi
if [[ -n ${GEMINI_API_KEY:-} ]]; then export GOOGLE_API_KEY=$GEMINI_API_KEY; fi

export GOOSE_PROVIDER=${GOOSE_PROVIDER:-anthropic} GOOSE_MODEL=${NIGHTCRIER_MODEL:?goose has no default model; give one with -m} GOOSE_MODE=auto
export GOOSE_DISABLE_KEYRING=1 GOOSE_TELEMETRY_ENABLED=false

exec goose run --no-session --quiet --with-builtin developer --output-format stream-json --instructions -
