import { z } from 'zod';
import { ModelPrice } from '../../incidents/agent-usage.ts';
import { AGENT_CLIS } from '../agent-cli.ts';
import {
  choice,
  choiceList,
  decimal,
  filePath,
  flag,
  httpUrl,
  integer,
  json,
  seconds,
  secret,
  text,
  withSecretFiles,
  wordList,
} from '../config-fields.ts';

const worker = { used_by: ['triage-worker'], live: true } as const;

/** How incidents are investigated. A change applies to investigations that start after it. */
export const agents = {
  agent_cli: choice(AGENT_CLIS)
    .default('builtin')
    .meta({
      description:
        'Agent that investigates. builtin is rule-based and needs no key. goose is in the image only if that is built with GOOSE_RELEASE_URL.',
      env: ['AGENT_CLI'],
      ...worker,
    }),
  agent_model: text()
    .optional()
    .meta({
      description: "Model that the agent uses. Default: the agent CLI's own. goose has no default and needs it.",
      env: ['AGENT_MODEL'],
      example: 'sonnet',
      ...worker,
    }),
  agent_fallback: choiceList(AGENT_CLIS)
    .default(['builtin'])
    .meta({
      description:
        'Agents that take over, in this order, when the model provider of agent_cli fails. builtin also takes over after other failures. An empty list: no report for incidents whose agent failed.',
      ...worker,
    }),
  agent_timeout: seconds(1, 86_400)
    .default(300)
    .meta({ description: 'Maximum duration of an investigation.', env: ['AGENT_TIMEOUT'], ...worker }),
  require_read_only: flag()
    .optional()
    .meta({
      description:
        'Refuse to investigate with a kubeconfig that can write, exec, impersonate, or read Secrets without allow_secrets_access, in any namespace. Default: true with kube_access: direct; behind the gateway, which passes on reads only, a warning.',
      example: 'true',
      ...worker,
    }),
  agent_system_prompt_file: filePath('file')
    .default('configs/triage-system-prompt.md')
    .meta({ description: 'System prompt of every agent.', env: ['AGENT_SYSTEM_PROMPT_FILE'], ...worker }),
  additional_agent_prompt: z
    .string()
    .meta({ value: 'text', schema: { type: 'string' } })
    .default('')
    .meta({
      description: 'Text appended to the system prompt, such as contacts or known limits of the clusters.',
      env: ['ADDITIONAL_AGENT_PROMPT'],
      ...worker,
    }),
  knowledge_dir: filePath('any')
    .default('knowledge')
    .meta({
      description:
        'Folder of Markdown files with matchers in their front matter. Those that match an incident go into the prompt and are linked in the report.',
      ...worker,
    }),
  agent_allowed_tools: wordList()
    .default([])
    .meta({
      description: "Tools that claude may use, in place of the runner's read-only list. The other agents ignore it.",
      env: ['AGENT_ALLOWED_TOOLS'],
      ...worker,
    }),
  agent_unrestricted_tools: flag()
    .default(false)
    .meta({
      description: 'Accept a bare Bash in agent_allowed_tools, which lets the agent run any command in its container.',
      ...worker,
    }),
  agent_script_path: filePath('file')
    .optional()
    .meta({
      description:
        'Script of your own that runs one agent, in place of the container that the worker runs; see agent-container/CONTRACT.md.',
      env: ['AGENT_SCRIPT_PATH'],
      example: '/opt/triage/run-agent.sh',
      ...worker,
    }),
  agent_engine: choice(['docker', 'podman'])
    .default('docker')
    .meta({ description: 'Container engine that runs the agent.', ...worker }),
  agent_image: text()
    .default('nightcrier-agent:latest')
    .meta({ description: 'Container image of the agent.', env: ['AGENT_IMAGE'], ...worker }),
  agent_network: text()
    .default('bridge')
    .meta({
      description: 'Container network of the agent. It must reach the cluster and the model provider.',
      ...worker,
    }),
  agent_memory: z
    .string()
    .regex(/^\d+[bkmg]?$/i, { error: 'must be a size such as 512m or 2g' })
    .meta({ value: 'size', schema: { type: 'string', pattern: '^\\d+[bkmgBKMG]?$' } })
    .default('2g')
    .meta({ description: 'Memory limit of an agent container.', unit: 'b, k, m or g', ...worker }),
  agent_cpus: decimal(0.1, 256)
    .default(2)
    .meta({ description: 'CPU limit of an agent container.', unit: 'CPUs', ...worker }),
  agent_prestarted_containers: integer(0, 16)
    .default(1)
    .meta({
      description:
        'Agent containers that each worker starts before there is an incident for them, so that an agent begins sooner. A waiting one uses about 15 MB.',
      ...worker,
    }),
  report_min_bytes: integer(0, 1_000_000)
    .default(100)
    .meta({ description: 'Minimum size of a valid report.', unit: 'bytes', ...worker }),
  agent_prices: json(z.record(z.string(), ModelPrice), { type: 'object' })
    .default({})
    .meta({
      description:
        'Prices in USD per million tokens, by model or by agent, for CLIs that report no cost: {"gpt-5-codex": {"input": 1.25, "cached_input": 0.125, "output": 10}}.',
      used_by: ['triage-worker', 'gateway'],
      live: true,
    }),
};

const provider = { used_by: ['triage-worker', 'gateway'], live: true } as const;

/** Keys and addresses of the model providers. */
export const providers = withSecretFiles({
  anthropic_api_key: secret()
    .optional()
    .meta({
      description: 'API key for claude and goose.',
      env: ['ANTHROPIC_API_KEY'],
      example: '/run/secrets/anthropic',
      ...provider,
    }),
  anthropic_base_url: httpUrl()
    .optional()
    .meta({ description: 'Address of the Anthropic API.', example: 'https://gateway.example', ...provider }),
  openai_api_key: secret()
    .optional()
    .meta({
      description: 'API key for codex and goose.',
      env: ['OPENAI_API_KEY'],
      example: '/run/secrets/openai',
      ...provider,
    }),
  openai_base_url: httpUrl()
    .optional()
    .meta({ description: 'Address of the OpenAI API.', example: 'https://gateway.example/v1', ...provider }),
  gemini_api_key: secret()
    .optional()
    .meta({
      description: 'API key for gemini and goose.',
      env: ['GEMINI_API_KEY'],
      example: '/run/secrets/gemini',
      ...provider,
    }),
  google_gemini_base_url: httpUrl()
    .optional()
    .meta({ description: 'Address of the Gemini API.', example: 'https://gateway.example', ...provider }),
});
