import type { Config } from '@nightcrier/core/settings/config';
import { SETTINGS } from '@nightcrier/core/settings/setting-list';
import { type ConfigProblem, parseConfig } from '@nightcrier/core/settings/parse-config';
import { closest, distance } from 'fastest-levenshtein';
import { accessSync, constants, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { ConfigError } from './config-error.ts';
import { YamlSource } from './yaml-source.ts';

export interface ConfigSources {
  /** By flag name, such as `agent-timeout`; `config` names the file. */
  flags?: Record<string, string>;
  environment: Record<string, string | undefined>;
}

export interface LoadedConfig {
  config: Config;
  /** Absolute path of the file, if one was read. */
  file?: string;
  /** Things that are accepted but worth a word. */
  warnings: string[];
}

const DEFAULT_FILE = 'nightcrier.yaml';

/** Where the product's own files are (the run-agent script, the system prompt): the root of the workspace. */
const INSTALLATION = path.resolve(import.meta.dirname, '../../../..');

/**
 * Reads the configuration: flags over environment over file over defaults. Relative paths become absolute: a file that
 * the product ships is found in the installation, everything else is relative to the working directory.
 * @throws ConfigError with every problem and where it stands
 */
export async function loadConfig({ flags = {}, environment }: ConfigSources): Promise<LoadedConfig> {
  const source = await openSource(flags, environment);
  const raw = source?.values() ?? {};
  const origins = new Map<string, string>();
  if (isRecord(raw)) overlay(raw, flags, environment, origins);

  const parsed = parseConfig(raw, {
    isFile: (file) => isReadableFile(resolvePath(file)),
    defaultKubeconfig: environment.KUBECONFIG || path.join(homedir(), '.kube/config'),
  });
  const say = (problem: ConfigProblem): string =>
    `${origins.get(problem.path.join('.')) ?? source?.locate(problem.path) ?? 'configuration:'} ${problem.message}${suggestion(problem)}`;
  const problems = [
    ...(source?.problems ?? []),
    ...('problems' in parsed ? inFileOrder(parsed.problems, source).map(say) : []),
  ];
  if (problems.length > 0 || 'problems' in parsed) {
    throw new ConfigError(source?.file ?? 'configuration', problems);
  }
  const file = source && path.resolve(source.file);
  return { config: withAbsolutePaths(parsed.config), file, warnings: parsed.warnings.map(say) };
}

function inFileOrder(problems: ConfigProblem[], source: YamlSource | undefined): ConfigProblem[] {
  return source ? problems.toSorted((a, b) => source.offset(a.path) - source.offset(b.path)) : problems;
}

async function openSource(
  flags: Record<string, string>,
  environment: Record<string, string | undefined>,
): Promise<YamlSource | undefined> {
  const named = flags.config ?? environment.NIGHTCRIER_CONFIG;
  const file = named ?? DEFAULT_FILE;
  if (named === undefined && !isReadableFile(file)) return undefined;
  try {
    return new YamlSource(file, await readFile(file, 'utf8'), environment);
  } catch (error) {
    throw new ConfigError(file, [`cannot read the configuration file: ${messageOf(error)}`]);
  }
}

/** Lays environment variables and flags over the file's values, and remembers which value came from where. */
function overlay(
  raw: Record<string, unknown>,
  flags: Record<string, string>,
  environment: Record<string, string | undefined>,
  origins: Map<string, string>,
): void {
  const keys = [{ path: ['mcp_endpoint'] }, ...SETTINGS].map(({ path }) => ({
    path: [...path],
    environment: path.join('_').toUpperCase(),
    flag: path.join('-').replaceAll('_', '-'),
  }));
  for (const key of keys) {
    const fromEnvironment = environment[key.environment];
    const fromFlag = flags[key.flag];
    const value = fromFlag ?? (fromEnvironment === '' ? undefined : fromEnvironment);
    if (value === undefined) continue;
    assign(raw, key.path, value);
    origins.set(
      key.path.join('.'),
      fromFlag === undefined ? `environment variable ${key.environment}:` : `flag --${key.flag}:`,
    );
  }
}

function assign(record: Record<string, unknown>, [head = '', ...tail]: string[], value: string): void {
  if (tail.length === 0) {
    record[head] = value;
    return;
  }
  const inner = record[head];
  const target = isRecord(inner) ? inner : {};
  record[head] = target;
  assign(target, tail, value);
}

function suggestion({ knownKeys, path: where }: ConfigProblem): string {
  if (!knownKeys || knownKeys.length === 0) return '';
  const key = String(where.at(-1));
  const nearest = closest(key, knownKeys);
  return distance(key, nearest) <= Math.max(2, key.length / 2)
    ? `; did you mean ${JSON.stringify(nearest)}?`
    : `; known keys: ${knownKeys.toSorted().join(', ')}`;
}

function withAbsolutePaths(config: Config): Config {
  const absolute = (file?: string): string | undefined => (file === undefined ? undefined : resolvePath(file));
  return {
    ...config,
    workspace_root: resolvePath(config.workspace_root),
    data_dir: resolvePath(config.data_dir),
    agent_script_path: resolvePath(config.agent_script_path),
    agent_system_prompt_file: resolvePath(config.agent_system_prompt_file),
    anthropic_api_key_file: absolute(config.anthropic_api_key_file),
    openai_api_key_file: absolute(config.openai_api_key_file),
    gemini_api_key_file: absolute(config.gemini_api_key_file),
    slack_webhook_url_file: absolute(config.slack_webhook_url_file),
    slack_bot_token_file: absolute(config.slack_bot_token_file),
    webhook_secret_file: absolute(config.webhook_secret_file),
    api: { ...config.api, access_key_file: absolute(config.api.access_key_file) },
    clusters: config.clusters.map((cluster) => ({
      ...cluster,
      mcp: {
        ...cluster.mcp,
        api_key_file: absolute(cluster.mcp.api_key_file),
        ca_file: absolute(cluster.mcp.ca_file),
        client_cert_file: absolute(cluster.mcp.client_cert_file),
        client_key_file: absolute(cluster.mcp.client_key_file),
      },
      triage: { ...cluster.triage, kubeconfig: absolute(cluster.triage.kubeconfig) },
    })),
  };
}

/** Relative to the working directory; a relative file that is only in the installation is found there. */
function resolvePath(file: string): string {
  const expanded = file.startsWith('~/') ? path.join(homedir(), file.slice(2)) : file;
  const here = path.resolve(expanded);
  const shipped = path.resolve(INSTALLATION, expanded);
  return !path.isAbsolute(expanded) && !isReadableFile(here) && isReadableFile(shipped) ? shipped : here;
}

function isReadableFile(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
