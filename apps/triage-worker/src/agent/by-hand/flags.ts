import { AGENT_CLIS, Settings } from '@nightcrier/core/settings/config';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

/** What `--help` prints. */
export const HELP = `usage: run-agent.sh -w WORKSPACE --kubeconfig FILE [options]

  -w, --workspace DIR      directory with incident.json, prompt-sent.md and, if present, evidence/
      --kubeconfig FILE    how the agent reaches its cluster; it gets a copy
  -m, --model MODEL        model name as the agent's CLI knows it            (the CLI's own default)
      --agent NAME         claude | codex | gemini | goose                   (claude)
      --image IMAGE        agent image                                       (nightcrier-agent:latest)
      --engine NAME        docker | podman                                   (docker)
      --network NET        network of the container, never the host's        (bridge)
      --timeout SECONDS    deadline of the agent                             (300)
      --incident-id ID     names the container                               (the workspace's name)
      --attempt N          names the container                               (1)
      --allowed-tools LIST replaces the built-in allow-list (claude only)
      --memory SIZE        memory limit, swap included                       (2g)
      --cpus N             CPU limit                                         (2)
      --help

Writes output/ and logs/ into the workspace. The key of the agent's provider comes from the environment: ANTHROPIC_API_KEY,
OPENAI_API_KEY or GEMINI_API_KEY; its address from ANTHROPIC_BASE_URL, OPENAI_BASE_URL or GOOGLE_GEMINI_BASE_URL.

exit codes: 0 the agent exited 0 · 64 bad usage · 69 engine or image unavailable · 124 deadline passed · 137 killed or out of
memory · 129, 130, 143 stopped by a signal · anything else is the agent's own. 0 says nothing about the report: read it.
`;

const OPTIONS = {
  workspace: { type: 'string', short: 'w' },
  kubeconfig: { type: 'string' },
  model: { type: 'string', short: 'm' },
  agent: { type: 'string', default: 'claude' },
  image: { type: 'string', default: 'nightcrier-agent:latest' },
  engine: { type: 'string', default: 'docker' },
  network: { type: 'string', default: 'bridge' },
  timeout: { type: 'string', default: '300' },
  'incident-id': { type: 'string' },
  attempt: { type: 'string', default: '1' },
  'allowed-tools': { type: 'string', default: '' },
  memory: { type: 'string', default: '2g' },
  cpus: { type: 'string', default: '2' },
  help: { type: 'boolean', default: false },
} as const;

/** A flag or variable is missing or invalid. */
export class UsageError extends Error {}

const POSITIVE = /^[1-9][0-9]{0,8}$/;

/**
 * Parses and checks the flags.
 * @returns undefined for `--help`
 * @throws UsageError that names the flag and its value
 */
export function readFlags(words: string[]) {
  let flags;
  try {
    flags = parseArgs({ args: words, options: OPTIONS, allowPositionals: false }).values;
  } catch (cause) {
    throw new UsageError(`${cause instanceof Error ? cause.message : String(cause)}; see --help`, { cause });
  }
  const { workspace, kubeconfig } = flags;
  if (flags.help) return undefined;
  if (workspace === undefined) throw new UsageError('-w WORKSPACE is required; see --help');
  if (kubeconfig === undefined) throw new UsageError('--kubeconfig FILE is required; see --help');
  const directory = path.resolve(workspace);
  if (!isDirectory(directory)) throw new UsageError(`--workspace '${workspace}' is not a directory`);
  const incidentId = flags['incident-id'] ?? path.basename(directory);
  check('--incident-id', incidentId, /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/, 'letters, digits, _ and - only');
  check('--attempt', flags.attempt, POSITIVE, 'a whole number above 0');
  check('--timeout', flags.timeout, POSITIVE, 'seconds, a whole number above 0');
  check('--engine', flags.engine, /^(docker|podman)$/, 'docker or podman');
  check('--agent', flags.agent, /^(claude|codex|gemini|goose)$/, 'claude, codex, gemini or goose');
  check('--memory', flags.memory, /^[1-9][0-9]*[bkmgBKMG]?$/, 'a size such as 512m or 2g');
  check('--cpus', flags.cpus, /^(?:[1-9]\d*(?:\.\d+)?|0\.\d*[1-9]\d*)$/, 'a number above 0, such as 1.5');
  if (flags.network === 'host') throw new UsageError("--network 'host' is refused: it would open the sandbox");
  for (const file of ['incident.json', 'prompt-sent.md']) requireReadable('--workspace', path.join(directory, file));
  requireReadable('--kubeconfig', kubeconfig);
  return { ...flags, directory, incidentId, kubeconfig: path.resolve(kubeconfig) };
}

function check(flag: string, value: string, pattern: RegExp, expected: string): void {
  if (!pattern.test(value)) throw new UsageError(`${flag} '${value}' is not valid: expected ${expected}`);
}

function requireReadable(flag: string, file: string): void {
  try {
    accessSync(file, constants.R_OK);
    if (statSync(file).isFile()) return;
  } catch {
    // Reported below.
  }
  throw new UsageError(`${flag} '${file}' is not a readable file`);
}

function isDirectory(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Returns the settings that the flags and the environment stand for. */
export function settingsOf(flags: NonNullable<ReturnType<typeof readFlags>>, environment: NodeJS.ProcessEnv): Settings {
  const agent = AGENT_CLIS.find((name) => name === flags.agent) ?? 'claude';
  const settings = Settings.safeParse({
    agent_cli: agent,
    agent_model: flags.model,
    agent_image: flags.image,
    agent_engine: flags.engine,
    agent_network: flags.network,
    agent_timeout: Number(flags.timeout),
    agent_memory: flags.memory,
    agent_cpus: Number(flags.cpus),
    agent_allowed_tools: flags['allowed-tools'] === '' ? [] : flags['allowed-tools'].split(','),
    ...Object.fromEntries(
      ['anthropic', 'openai', 'gemini'].flatMap((provider) => {
        const base = provider === 'gemini' ? 'google_gemini_base_url' : `${provider}_base_url`;
        return [`${provider}_api_key`, base].map((key) => [key, environment[key.toUpperCase()] || undefined]);
      }),
    ),
  });
  if (settings.success) return settings.data;
  const [issue] = settings.error.issues;
  throw new UsageError(`${issue?.path.join('.').toUpperCase()} is not valid: ${issue?.message}`);
}
