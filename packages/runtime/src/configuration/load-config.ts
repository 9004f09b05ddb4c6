import type { Config } from '@nightcrier/core/settings/config';
import type { ProcessName } from '@nightcrier/core/settings/setting-meta';
import { adaptOriginalValues } from '@nightcrier/core/settings/original/original-meanings';
import { type MappedConfig, mapOriginalConfig, mapTuning } from '@nightcrier/core/settings/original/original-config';
import { type ConfigProblem, isRecord } from '@nightcrier/core/settings/parsing/config-problem';
import { followProxies } from './follow-proxies.ts';
import { rememberOrigins } from './setting-origins.ts';
import { SETTINGS } from '@nightcrier/core/settings/setting-list';
import { parseConfig } from '@nightcrier/core/settings/parsing/parse-config';
import path from 'node:path';
import { ConfigError } from './config-error.ts';
import { openConfigFile, openTuningFile } from './config-files.ts';
import { configurationReadableByOthers, readableByOthers } from './file-modes.ts';
import { explainUnknownKeys } from './names/likely-keys.ts';
import { kubeconfigProblem } from './kubeconfig-problem.ts';
import { type Origins, overlay } from './overlay.ts';
import { homeDirectory, INSTALLATION, readText, resolvePath, resolvePaths } from './resolve-paths.ts';
import type { YamlSource } from './yaml-source.ts';

export interface ConfigSources {
  /** By flag name, such as `agent-timeout`; `config` names the file. */
  flags?: Record<string, string>;
  environment: Record<string, string | undefined>;
  /** The process that is configured: it checks the settings that it uses. Undefined: all are checked. */
  process?: ProcessName;
}

export interface LoadedConfig {
  config: Config;
  /** Absolute path of the file, if one was read. */
  file?: string;
  /** What is accepted, but may not be what was meant. */
  warnings: string[];
}

const SHIPPED_SCRIPT = path.join(INSTALLATION, 'agent-container/run-agent.sh');
/** The system prompt of the original system's newest files, under which ours is not shipped. */
const ORIGINAL_PROMPT = /(^|\/)configs\/base-triage-prompt\.md$/;

/**
 * Reads the configuration: flags over environment over file over defaults. Relative paths become absolute: a file that
 * the product ships is found in the installation, everything else is relative to the working directory.
 * @throws ConfigError with every problem and its location
 */
export async function loadConfig({ flags = {}, environment, process }: ConfigSources): Promise<LoadedConfig> {
  const source = await openConfigFile(flags, environment);
  const raw = source?.values() ?? {};
  const folder = source && path.dirname(path.resolve(source.file));
  if (!isRecord(raw)) {
    const problems = source?.problems.length
      ? source.problems
      : [`${source?.locate([]) ?? ''} the configuration must be a mapping of keys`];
    throw new ConfigError(source?.file ?? 'configuration', problems);
  }
  followProxies(environment);
  const tuning = await openTuningFile(source, environment);
  const mapped = mapOriginalConfig(raw);
  const tuned = mapTuning(asRecord(tuning?.values()));
  const { values } = mapped;
  for (const [key, value] of Object.entries(tuned.values)) values[key] ??= value;

  const origins: Origins = new Map();
  const overlaid = overlay(values, flags, environment, origins);
  dropShippedScript(values);
  const adapted = [...adaptOriginalValues(values), ...replaceMissingPrompt(values)];
  const parsed = parseConfig(values, {
    read: (file) => readText(resolvePath(file, folder)),
    kubeconfigProblem: (text, file) => kubeconfigProblem(text, resolvePath(file, folder), environment.PATH),
    defaultKubeconfig: defaultKubeconfig(environment, mapped),
    process,
  });

  const locate = locator(origins, source, mapped, { source: tuning, mapped: tuned });
  const describe = ({ path: at, message }: ConfigProblem): string => `${locate(at)} ${message}`;
  const inTuning = ({ path: at, message }: ConfigProblem): string => `${tuning?.locate(at) ?? ''} ${message}`;
  const found = [...mapped.problems, ...('problems' in parsed ? parsed.problems : [])];
  const problems = [
    ...(source?.problems ?? []),
    ...(tuning?.problems ?? []),
    ...inFileOrder(explainUnknownKeys(inFileOrder(found, source, mapped)), source, mapped).map(
      (problem) => () => describe(problem),
    ),
    ...explainUnknownKeys(tuned.problems).map((problem) => () => inTuning(problem)),
  ];
  if (problems.length > 0 || 'problems' in parsed) {
    throw new ConfigError(source?.file ?? 'configuration', problems);
  }
  const warnings = [
    ...[...mapped.warnings, ...adapted, ...parsed.warnings].map(describe),
    ...tuned.warnings.map(inTuning),
    ...overlaid,
  ];
  rememberOrigins(originsOf(values, locate));
  const config = resolvePaths(parsed.config, folder);
  warnings.push(...readableByOthers(config), ...passwordsInFlags(flags));
  if (source) {
    const isWritten = (at: PropertyKey[]): boolean =>
      !origins.has(at.join('.')) && source.isWritten(writtenPath(at, mapped.moved));
    warnings.push(...configurationReadableByOthers(parsed.config, path.resolve(source.file), isWritten));
  }
  return { config, file: source && path.resolve(source.file), warnings };
}

/** The arguments of a process are visible to every user of the machine. */
function passwordsInFlags(flags: Record<string, string>): string[] {
  return Object.entries(flags)
    .filter(([, value]) => Boolean(URL.parse(value)?.password))
    .map(
      ([name]) =>
        `flag --${name}: its password shows in the list of processes; use the environment or a file in place of it`,
    );
}

/** Returns where each setting that has a value was given. */
function originsOf(
  values: Readonly<Record<string, unknown>>,
  locate: (path: PropertyKey[]) => string,
): Map<string, string> {
  return new Map(
    SETTINGS.flatMap(({ name, path: at }): [string, string][] => {
      let value: unknown = values;
      for (const key of at) value = asRecord(value)[key];
      return value === undefined ? [] : [[name, locate([...at]).replace(/:$/, '')]];
    }),
  );
}

/** KUBECONFIG may be a list; the first file that is there counts. */
function defaultKubeconfig(environment: Record<string, string | undefined>, { kubeconfig }: MappedConfig): string {
  const named = (environment.KUBECONFIG ?? '').split(path.delimiter).filter(Boolean);
  const first = named.find((file) => readText(file) !== undefined) ?? named[0];
  return first ?? (environment.KUBECONFIG_PATH || kubeconfig) ?? path.join(homeDirectory(), '.kube/config');
}

/** Files of the original system name its own prompt, which users of this system need not have. */
function replaceMissingPrompt(values: Record<string, unknown>): ConfigProblem[] {
  const { agent_system_prompt_file: file } = values;
  if (typeof file !== 'string' || !ORIGINAL_PROMPT.test(file) || readText(resolvePath(file)) !== undefined) return [];
  delete values.agent_system_prompt_file;
  const message = `agent_system_prompt_file: ${file} is not there; the system prompt of Nightcrier is used`;
  return [{ path: ['agent_system_prompt_file'], message }];
}

/** Files of the original system and of version 0.1.0 name the script that is shipped; the worker itself does what it does. */
function dropShippedScript(values: Record<string, unknown>): void {
  const { agent_script_path: file } = values;
  if (typeof file === 'string' && resolvePath(file) === SHIPPED_SCRIPT) delete values.agent_script_path;
}

/** Names where a value was given: a flag, a variable, or a position in a file, under the key that is written there. */
function locator(
  origins: Origins,
  source: YamlSource | undefined,
  { moved }: MappedConfig,
  tuning: { source: YamlSource | undefined; mapped: MappedConfig },
): (path: PropertyKey[]) => string {
  return (at) => {
    const origin = origins.get(at.join('.'));
    if (origin !== undefined) return origin;
    const tuned = tuning.mapped.moved.get(at.join('.'));
    if (tuned && tuning.source) return tuning.source.locate(tuned);
    return source?.locate(writtenPath(at, moved)) ?? 'configuration:';
  };
}

/** The path under which a value stands in the file. */
function writtenPath(at: PropertyKey[], moved: Map<string, PropertyKey[]>): PropertyKey[] {
  let written = at;
  for (let length = at.length; length > 0; length -= 1) {
    const original = moved.get(written.slice(0, length).map(String).join('.'));
    if (original) written = [...original, ...written.slice(length)];
  }
  return written;
}

/** In the order of the file; what is missing in a mapping comes after its unknown keys. */
function inFileOrder(
  problems: ConfigProblem[],
  source: YamlSource | undefined,
  { moved }: MappedConfig,
): ConfigProblem[] {
  const offset = ({ path: at }: ConfigProblem): number => source?.offset(writtenPath(at, moved)) ?? 0;
  const parentOf = ({ path: at }: ConfigProblem): string => at.slice(0, -1).join('.');
  const unknown = new Map<string, number>();
  for (const problem of problems) {
    if (problem.knownKeys === undefined) continue;
    unknown.set(parentOf(problem), Math.max(offset(problem), unknown.get(parentOf(problem)) ?? 0));
  }
  const placed = problems.map((problem) => {
    const after = problem.absent && unknown.get(parentOf(problem));
    return { problem, place: Math.max(offset(problem), after ?? 0) };
  });
  return placed.toSorted((a, b) => a.place - b.place).map(({ problem }) => problem);
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
