import { z } from 'zod';
import { type AgentCli, MODEL_PROVIDERS } from '../agent-cli.ts';
import type { ConfigProblem } from './config-problem.ts';
import type { Settings } from '../config.ts';
import { rawValue } from './file-checks.ts';
import { accessProblems } from '../access-problems.ts';
import { authShape } from '../sections/api-access.ts';
import { isLoopback } from '../loopback.ts';
import type { ConfigSurroundings } from './config-surroundings.ts';
import { isUsedBy, SETTINGS, settingOf } from '../setting-list.ts';
import type { ProcessName } from '../setting-meta.ts';

interface Found {
  problems: ConfigProblem[];
  warnings: ConfigProblem[];
}

/** The settings one by one; those that are not valid are missing, so that one mistake does not hide another. */
type ValidSettings = Partial<Settings> & {
  [key in `api.${keyof Settings['api']}` | `alerts.${keyof Settings['alerts']}`]?: unknown;
};

/** Checks settings that depend on each other, and refuses what cannot run. */
export function crossChecks(raw: Record<string, unknown>, surroundings: ConfigSurroundings): Found {
  const settings = validSettings(raw);
  const { process } = surroundings;
  const uses = (name: ProcessName): boolean => process === undefined || process === name;
  return {
    problems: [
      ...companionProblems(raw, process),
      ...(uses('ingester') ? [...backoffProblems(settings), ...alertProblems(settings)] : []),
      ...(uses('triage-worker') || uses('gateway') ? agentProblems(settings, surroundings) : []),
      ...(uses('triage-worker') ? toolProblems(settings) : []),
      ...(uses('api') ? apiProblems(raw, settings) : []),
    ],
    warnings: uses('triage-worker') ? webhookWarnings(settings) : [],
  };
}

function validSettings(raw: Record<string, unknown>): ValidSettings {
  return Object.fromEntries(
    SETTINGS.map(({ name, path, schema }) => {
      const { data } = z.safeParse(schema, rawValue(raw, path));
      return [name, data];
    }),
  );
}

/** Settings that have no effect without another one. */
function companionProblems(raw: Record<string, unknown>, process: ProcessName | undefined): ConfigProblem[] {
  const isGiven = (name: string): boolean =>
    [name, `${name}_file`].some((key) => rawValue(raw, settingOf(key)?.path ?? [key]) !== undefined);
  return SETTINGS.flatMap((setting): ConfigProblem[] => {
    const { path, name, meta } = setting;
    if (meta.needs === undefined || !isUsedBy(setting, process) || rawValue(raw, path) === undefined) return [];
    if (isGiven(meta.needs)) return [];
    const absent = [meta.needs, `${meta.needs}_file`].map((key) => [...(settingOf(key)?.path ?? [key])]);
    return [{ path: [...path], message: `${name} needs ${meta.needs}`, absent }];
  });
}

function backoffProblems({
  sse_reconnect_initial_backoff: initial = 0,
  sse_reconnect_max_backoff: max = Number.POSITIVE_INFINITY,
}: ValidSettings): ConfigProblem[] {
  if (max >= initial) return [];
  const message = `sse_reconnect_max_backoff: must not be less than sse_reconnect_initial_backoff (${initial} s), got ${max} s`;
  return [{ path: ['sse_reconnect_max_backoff'], message }];
}

/** Agents that cannot start: without a key, a model, a script or a prompt. */
function agentProblems(settings: ValidSettings, surroundings: ConfigSurroundings): ConfigProblem[] {
  const { agent_cli, agent_fallback = [], agent_model, agent_script_path, agent_system_prompt_file } = settings;
  const agents = [
    { setting: 'agent_cli', agent: agent_cli ?? 'builtin' },
    ...agent_fallback.map((agent) => ({ setting: 'agent_fallback', agent })),
  ].filter(({ agent }) => agent !== 'builtin');
  if (agents.length === 0) return [];
  const problems: ConfigProblem[] = [];
  for (const [key, file] of Object.entries({ agent_script_path, agent_system_prompt_file })) {
    if (file !== undefined && surroundings.read(file) === undefined) {
      problems.push({ path: [key], message: `${key}: ${file} is not a readable file` });
    }
  }
  // A script of one's own needs no key that we know of.
  if (agent_script_path !== undefined) return problems;
  for (const { setting, agent } of agents) {
    if (!needsKeys(settings, surroundings)) break;
    const keys = missingKeys(agent, settings);
    if (keys.length > 0) {
      const needed = keys.map((key) => `${key} (or ${key}_file)`).join(', or ');
      const absent = keys.flatMap((key) => [[key], [`${key}_file`]]);
      problems.push({ path: [setting], message: `${setting}: ${agent} needs ${needed}`, absent });
    }
  }
  if (agent_cli === 'goose' && agent_model === undefined) {
    const message = 'agent_cli: goose needs agent_model; it has no default model';
    problems.push({ path: ['agent_cli'], message, absent: [['agent_model']] });
  }
  return problems;
}

/** Keys are where agents' requests go through: in the gateway, unless `llm_access` is direct. */
function needsKeys({ llm_access }: ValidSettings, { process }: ConfigSurroundings): boolean {
  return process === undefined || process === (llm_access === 'direct' ? 'triage-worker' : 'gateway');
}

/** The keys of which the agent needs one; none if one is set. */
function missingKeys(agent: AgentCli, settings: ValidSettings): string[] {
  const keys = MODEL_PROVIDERS[agent].map(({ key }) => key);
  return keys.some((key) => settings[key] !== undefined || settings[`${key}_file`] !== undefined) ? [] : keys;
}

/** A shell without a list of commands, in the words of claude. */
const ANY_COMMAND = /^Bash(\(\s*[:*\s]*\))?$/i;

function toolProblems({ agent_allowed_tools = [], agent_unrestricted_tools }: ValidSettings): ConfigProblem[] {
  const tool = agent_allowed_tools.find((name) => ANY_COMMAND.test(name));
  if (tool === undefined || agent_unrestricted_tools === true) return [];
  const message =
    `agent_allowed_tools: ${tool} allows any command, and so replaces the read-only list of commands. ` +
    'Name commands, as in Bash(kubectl get:*), or set agent_unrestricted_tools: true';
  return [{ path: ['agent_allowed_tools'], message }];
}

/** Who could use the API, and how people log in. */
function apiProblems(raw: Record<string, unknown>, settings: ValidSettings): ConfigProblem[] {
  const { data: auth } = z.strictObject(authShape).safeParse(rawValue(raw, ['api', 'auth']) ?? {});
  const { 'api.host': host, 'api.base_path': base_path, public_url } = settings;
  if (typeof host !== 'string' || typeof base_path !== 'string' || !auth) return [];
  const hasKey = settings['api.access_key'] !== undefined || settings['api.access_key_file'] !== undefined;
  const allow_anonymous = settings['api.allow_anonymous'] === true;
  return accessProblems({ host, base_path, public_url, hasKey, allow_anonymous, auth }).map(({ setting, message }) => ({
    path: setting.split('.'),
    message: `${setting}: ${message}`,
  }));
}

function alertProblems(settings: ValidSettings): ConfigProblem[] {
  const host = settings['alerts.host'];
  const isProtected =
    settings['alerts.access_key'] !== undefined ||
    settings['alerts.access_key_file'] !== undefined ||
    settings['alerts.password'] !== undefined ||
    settings['alerts.password_file'] !== undefined ||
    settings['alerts.allow_anonymous'] === true;
  if (settings['alerts.port'] === undefined || typeof host !== 'string' || isProtected || isLoopback(host)) return [];
  const message =
    `alerts.host: ${host} can be reached from other machines: set alerts.access_key, or alerts.username and alerts.password ` +
    '(or their _file), or alerts.allow_anonymous: true to receive alerts of everybody';
  return [{ path: ['alerts', 'host'], message }];
}

function webhookWarnings({
  webhook_url,
  webhook_url_file,
  webhook_secret,
  webhook_secret_file,
}: ValidSettings): ConfigProblem[] {
  if ((webhook_url ?? webhook_url_file) === undefined || (webhook_secret ?? webhook_secret_file) !== undefined)
    return [];
  const path = [webhook_url === undefined ? 'webhook_url_file' : 'webhook_url'];
  return [
    { path, message: 'webhook notifications are not signed: set webhook_secret, so that the receiver can verify them' },
  ];
}
