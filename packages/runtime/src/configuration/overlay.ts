import { ORIGINAL_KEYS } from '@nightcrier/core/settings/original/original-keys';
import { isRecord } from '@nightcrier/core/settings/parsing/config-problem';
import { SETTINGS, settingOf } from '@nightcrier/core/settings/setting-list';
import { z } from 'zod';
import { isServiceLink, unknownVariables } from './names/environment-names.ts';

/** Where a value came from, for messages: `flag --agent-timeout:`. */
export type Origins = Map<string, string>;

/** A key that flags and environment variables can set. */
interface Key {
  path: readonly string[];
  flags: string[];
  environment: string;
  /** Names without the prefix. They may belong to another program, so a value that is not valid is ignored. */
  unprefixed: readonly string[];
  schema: z.core.$ZodType;
}

const KEYS: readonly Key[] = [
  {
    path: ['mcp_endpoint'],
    flags: ['mcp-endpoint'],
    environment: 'NIGHTCRIER_MCP_ENDPOINT',
    unprefixed: ['K8S_CLUSTER_MCP_ENDPOINT', 'MCP_ENDPOINT'],
    schema: z.string(),
  },
  ...SETTINGS.map((setting) => {
    const moved = ORIGINAL_KEYS.filter(({ to }) => to === setting.name);
    return {
      path: setting.path,
      flags: [setting.flag, ...moved.map(({ flag }) => flag)].filter((flag) => flag !== undefined),
      environment: setting.environment,
      unprefixed: [...setting.originalEnvironment, ...moved.flatMap(({ env = [] }) => env)],
      schema: setting.schema,
    };
  }),
];

/** Flags of the original system that have no effect. */
export const IGNORED_FLAGS = ORIGINAL_KEYS.flatMap(({ flag, to, because = '' }) =>
  flag === undefined || to !== undefined ? [] : [{ flag, because }],
);

/**
 * Lays environment variables, then flags, over the values of the file, and remembers where each value came from.
 * @param raw changed in place
 * @returns warnings
 */
export function overlay(
  raw: Record<string, unknown>,
  flags: Record<string, string>,
  environment: Record<string, string | undefined>,
  origins: Origins,
): string[] {
  const warnings: string[] = [];
  const fromEnvironment = new Map<Key, { value: string; name: string }>();
  for (const key of KEYS) {
    const found = variableOf(key, environment, warnings);
    if (found) fromEnvironment.set(key, found);
  }
  dropAmbiguous(fromEnvironment);
  const layers = [
    [...fromEnvironment].map(([key, { value, name }]) => ({ key, value, origin: `environment variable ${name}:` })),
    KEYS.flatMap((key) =>
      key.flags.flatMap((flag) => {
        const value = flags[flag];
        return value === undefined ? [] : [{ key, value, origin: `flag --${flag}:` }];
      }),
    ),
  ];
  for (const layer of layers) {
    for (const { key } of layer) removeCompanion(raw, key.path);
    for (const { key, value, origin } of layer) {
      assign(raw, key.path, value);
      origins.set(key.path.join('.'), origin);
    }
  }
  return [...warnings, ...ignoredWarnings(flags, environment), ...unknownVariables(environment, KEYS)];
}

function variableOf(
  { environment: name, unprefixed, schema }: Key,
  environment: Record<string, string | undefined>,
  warnings: string[],
): { value: string; name: string } | undefined {
  const value = environment[name];
  if (value !== undefined && value !== '') {
    if (!isServiceLink(name, value)) return { value, name };
    warnings.push(
      `environment variable ${name} is ignored: Kubernetes set it for a Service; set enableServiceLinks: false`,
    );
  }
  for (const other of unprefixed) {
    const otherValue = environment[other];
    if (otherValue === undefined || otherValue === '') continue;
    if (z.safeParse(schema, otherValue).success) return { value: otherValue, name: other };
    warnings.push(`environment variable ${other} is ignored: its value is not valid for ${name}`);
  }
  return undefined;
}

/** An unprefixed variable, such as ANTHROPIC_API_KEY of a shell, gives way to a prefixed one for the file of the same secret. */
function dropAmbiguous(found: Map<Key, { value: string; name: string }>): void {
  const byName = new Map([...found].map(([key, { name }]) => [key.path.join('.'), name]));
  for (const [key, { name }] of found) {
    const companion = byName.get(`${key.path.join('.')}_file`);
    if (!name.startsWith('NIGHTCRIER_') && companion !== undefined) found.delete(key);
  }
}

function ignoredWarnings(flags: Record<string, string>, environment: Record<string, string | undefined>): string[] {
  return ORIGINAL_KEYS.flatMap(({ to, because = '', env = [], flag, key }) => {
    if (to !== undefined) return [];
    const given = [
      ...(flag !== undefined && flags[flag] !== undefined ? [`flag --${flag}`] : []),
      ...env.filter((name) => (environment[name] ?? '') !== '').map((name) => `environment variable ${name}`),
    ];
    const [first, ...others] = given;
    if (first === undefined) return [];
    const more = others.length > 0 ? ` (and ${others.length} more of ${key})` : '';
    return [`${first}${more}: no effect: ${because}`];
  });
}

/** A value of a higher layer replaces the file that a lower one names, and the other way round. */
function removeCompanion(raw: Record<string, unknown>, path: readonly string[]): void {
  const name = path.join('.');
  const companion = name.endsWith('_file') ? settingOf(name.slice(0, -'_file'.length)) : settingOf(`${name}_file`);
  const plain = name.endsWith('_file') ? companion : settingOf(name);
  if (companion && plain?.meta.secret === true) remove(raw, companion.path);
}

function remove(record: Record<string, unknown>, [head = '', ...tail]: readonly string[]): void {
  if (tail.length === 0) delete record[head];
  else if (isRecord(record[head])) remove(record[head], tail);
}

function assign(record: Record<string, unknown>, [head = '', ...tail]: readonly string[], value: string): void {
  if (tail.length === 0) {
    record[head] = value;
    return;
  }
  const inner = record[head];
  const target = isRecord(inner) ? inner : {};
  record[head] = target;
  assign(target, tail, value);
}
