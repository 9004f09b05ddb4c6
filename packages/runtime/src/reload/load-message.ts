import type { Config } from '@nightcrier/core/settings/config';
import { PROCESSES } from '@nightcrier/core/settings/setting-meta';
import { Secret } from '@nightcrier/core/settings/secret';
import { z } from 'zod';

/** What the loading thread is started with. */
export const LoadRequest = z.object({
  flags: z.record(z.string(), z.string()),
  environment: z.record(z.string(), z.string().optional()),
  process: z.enum(PROCESSES).optional(),
});
export type LoadRequest = z.infer<typeof LoadRequest>;

/** What it answers. `secrets`: the values that no message of this process may repeat. */
export type LoadReply = { secrets: string[] } & (
  | { config: SealedConfig; file: string | undefined; warnings: string[]; origins: ReadonlyMap<string, string> }
  | { source: string; problems: string[]; count: number }
);

/** A configuration whose secrets survive the copy between threads, which loses private fields. */
export interface SealedConfig {
  sealed: unknown;
}

/** Key of an object that stands for a secret. No key of a configuration contains this character. */
const SECRET = '\u0000secret';

export function sealSecrets(config: Config): SealedConfig {
  return { sealed: seal(config) };
}

/** Returns the configuration that was sealed. */
export function openSecrets({ sealed }: SealedConfig): Config {
  // It is a copy of what the same code has parsed in the other thread.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return open(sealed) as Config;
}

function seal(value: unknown): unknown {
  return value instanceof Secret ? { [SECRET]: value.reveal() } : mapParts(value, seal);
}

function open(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && SECRET in value) return new Secret(String(value[SECRET]));
  return mapParts(value, open);
}

function mapParts(value: unknown, map: (part: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map);
  if (typeof value !== 'object' || value === null) return value;
  const parts: object = Object.create(Object.getPrototypeOf(value));
  for (const [key, part] of Object.entries(value)) Object.defineProperty(parts, key, asField(map(part)));
  return parts;
}

/** A plain field also where its name is `__proto__`. */
function asField(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true };
}
