import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { StateKeys } from './keys.ts';
import { QUEUE_NAME } from './triage-queue.ts';

/** Runs one script atomically in Redis; rejects with Redis's own error. */
export type LuaScript = (keys: string[], args: (string | Buffer)[]) => Promise<unknown>;

/**
 * Registers a script of `lua/` on a connection, with the functions over incident rows in front of it.
 * @param parts more files of `lua/` whose functions it uses
 * @param prologue Lua that defines more functions for it
 */
export function defineScript(
  redis: Redis,
  keys: StateKeys,
  name: string,
  { parts = [], prologue = '' }: { parts?: string[]; prologue?: string } = {},
): LuaScript {
  const prefixes = `local ours, bull = '${keys.ours}', '${keys.bullmq}:${QUEUE_NAME}:'\n`;
  const command = `nightcrier:${keys.ours}${name}`;
  const lua = prefixes + prologue + ['incident-rows', ...parts, name].map(source).join('\n');
  redis.defineCommand(command, { lua });
  const run: unknown = Reflect.get(redis, command);
  if (typeof run !== 'function') throw new TypeError(`ioredis did not define the command ${command}`);
  return async (keys, args) => {
    const reply: unknown = await Reflect.apply(run, redis, [keys.length, ...keys, ...args]);
    return reply;
  };
}

function source(name: string): string {
  return readFileSync(new URL(`lua/${name}.lua`, import.meta.url), 'utf8');
}
