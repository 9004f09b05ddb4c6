import type { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import { StateKeys } from './keys.ts';

/** Begins the names of the commands that run our own scripts. */
export const OWN_SCRIPT = 'nightcrier:';

const SOURCE = readFileSync(new URL('tolerant-redis.lua', import.meta.url), 'utf8');

/** Returns what stands in front of a script, so that it goes on where a value is damaged. See `tolerant-redis.lua`. */
export function tolerantRedis({ ours }: Pick<StateKeys, 'ours'>): string {
  return `local PREFIX = '${ours}'\n${SOURCE}`;
}

/**
 * Makes the scripts that BullMQ registers on a connection go on where a value is damaged, as ours do. BullMQ repeats a script that
 * fails without end, or leaves a job that it cannot end until its lock expires.
 */
export function tolerateDamageInScripts(redis: Redis, keyPrefix: string): void {
  const tolerant = tolerantRedis(new StateKeys(keyPrefix));
  const define = redis.defineCommand.bind(redis);
  redis.defineCommand = (name, definition) =>
    define(name, name.startsWith(OWN_SCRIPT) ? definition : { ...definition, lua: tolerant + definition.lua });
}
