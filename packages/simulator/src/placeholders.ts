import { createHash } from 'node:crypto';

/** Values of the placeholders in one run of a scenario. */
export interface PlaceholderValues {
  /** `${cluster}`, `${namespace}`, `${name}`. */
  variables: Record<string, string>;
  /** Seed of everything that is random in a real cluster: the same seed gives the same names and uids. */
  seed: string;
  now: Date;
}

/** Kubernetes' alphabet for generated names: no vowels, no digits that look like letters. */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

type Generator = (argument: string, values: PlaceholderValues) => string;

const GENERATORS: Record<string, Generator> = {
  /** `${uid:pod}`: the uid of the object that the scenario calls `pod`. */
  uid: (key, { seed }) => uidOf(key, seed),
  /** `${hash:rs}`: ten characters, as a pod template hash. */
  hash: (key, { seed }) => generatedName(digest(seed, 'hash', key), 10),
  /** `${id:pod}`: five characters, as a pod's suffix. */
  id: (key, { seed }) => generatedName(digest(seed, 'id', key), 5),
  /** `${sha:image}`: 64 hexadecimal digits, as a container or image id. */
  sha: (key, { seed }) => digest(seed, 'sha', key),
  /** `${ip:pod}`: an address of the pod network. */
  ip: (key, { seed }) => {
    const [second = 0, third = 0] = Buffer.from(digest(seed, 'ip', key), 'hex');
    return `10.244.${second % 4}.${(third % 250) + 2}`;
  },
  /** `${ago:5m}`: the time five minutes ago, as the API server writes times. */
  ago: (duration, { now }) => `${timeAgo(duration, now).toISOString().slice(0, 19)}Z`,
  /** `${in:3d}`: the time in three days. */
  in: (duration, { now }) =>
    `${new Date(2 * now.getTime() - timeAgo(duration, now).getTime()).toISOString().slice(0, 19)}Z`,
  /** `${agoMicros:5m}`: the same with microseconds, as newer fields and most logs have it. */
  agoMicros: (duration, { now }) => timeAgo(duration, now).toISOString().replace('Z', '482Z'),
};

/** Returns the uid of the object with this key in a scenario, for a seed. */
export function uidOf(key: string, seed: string): string {
  return digest(seed, 'uid', key).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-a$4-$5');
}

/** Returns the time that lies a duration such as `90s`, `5m`, `2h` or `12d` before now. */
export function timeAgo(duration: string, now: Date): Date {
  const parts = /^(\d+)([smhd])$/.exec(duration);
  const [, amount, unit = ''] = parts ?? [];
  const seconds = Number(amount) * (SECONDS[unit] ?? Number.NaN);
  if (Number.isNaN(seconds)) {
    throw new Error(`"${duration}" is not a duration; write a number and s, m, h or d, such as 5m`);
  }
  return new Date(now.getTime() - seconds * 1000);
}

/** Replaces the placeholders in every text of a value, keys included. Throws for an unknown placeholder. */
export function fillPlaceholders(value: unknown, values: PlaceholderValues): unknown {
  if (typeof value === 'string') return fillText(value, values);
  if (Array.isArray(value)) return value.map((item) => fillPlaceholders(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [fillText(key, values), fillPlaceholders(item, values)]),
  );
}

function fillText(text: string, values: PlaceholderValues): string {
  return text.replaceAll(/\$\{(\w+)(?::([\w-]+))?\}/g, (placeholder, name: string, argument?: string) => {
    const filled = argument === undefined ? values.variables[name] : GENERATORS[name]?.(argument, values);
    if (filled === undefined) throw new Error(`Unknown placeholder ${placeholder}`);
    return filled;
  });
}

function digest(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}

function generatedName(hex: string, length: number): string {
  return [...Buffer.from(hex, 'hex').subarray(0, length)]
    .map((byte) => NAME_ALPHABET[byte % NAME_ALPHABET.length])
    .join('');
}
